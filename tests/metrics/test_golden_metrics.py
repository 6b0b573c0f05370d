"""Metrics against SciPy's, scikit-image's and GUDHI's values on the golden pairs."""

import numpy as np
import pytest
from golden import by_key, pair

import metrics

DIRECT = ("dice", "iou", "cldice", "topology_precision", "topology_sensitivity")


@pytest.mark.parametrize("number", range(12))
def test_golden_pair(number):
    expected = pair("project", f"metrics{number}_{'2d' if number < 8 else '3d'}")
    values = metrics.evaluate(expected["prediction"], expected["target"])
    for name in DIRECT:
        np.testing.assert_allclose(values[name], expected[name], rtol=1e-12, equal_nan=True)
    errors = np.abs(expected["betti_prediction"] - expected["betti_target"])
    assert [values[f"betti{k}_error"] for k in range(len(errors))] == errors.tolist()
    assert values["betti_error"] == errors[0] + errors[1]
    assert values["e0_gt"] == abs(expected["beta0_of_prediction_inside_target"] - expected["betti_target"][0])
    assert values["euler_error"] == abs(expected["euler_prediction"] - expected["euler_target"])
    np.testing.assert_allclose(values["ags"], 100 * expected["topology_sensitivity"], equal_nan=True)


def test_topomortar_betti_numbers(shared_data):
    """The dataset's own table, right in all masks that are here (its one error is among those that are not)."""
    import csv

    from PIL import Image

    import topology

    folder = shared_data / "TopoMortar"
    table = next(folder.rglob("betti_numbers.csv"))
    rows = {row["ID"].zfill(3): row for row in csv.DictReader(table.open())}
    masks = sorted((folder / "dataset" / "test" / "accurate").glob("*.png"))
    assert len(masks) >= 10
    for mask in masks:
        row = rows[mask.stem]
        found = topology.betti_numbers(np.asarray(Image.open(mask)) > 127)
        assert found == (int(row["Betti0"]), int(row["Betti1"])), mask.name


@pytest.mark.parametrize("key", by_key.cases("bmerror"))
def test_betti_matching_error_is_the_published_one(key):
    """That of the C++ code at its adjacency, and in 2D that of the Python code at both; empty masks apart."""
    b, y = (by_key.array(f"{key}/{name}").astype(bool) for name in ("prediction", "target"))
    one_is_empty = b.any() != y.any()

    def errors(adjacency: int) -> list[float]:
        found = metrics.evaluate(b, y, adjacency=adjacency)
        by_dimension = [found[f"betti{d}_matching_error"] for d in range(b.ndim)]
        assert found["betti_matching_error"] == sum(by_dimension)
        return by_dimension

    lacking = np.eye(1, b.ndim)[0] * one_is_empty  # of an empty mask, the C++ code counts one component less ...
    assert errors(4) == (by_key.array(f"{key}/error_by_dim") + lacking).tolist()
    if b.ndim == 2:
        for adjacency, construction in ((4, "V"), (8, "T")):  # ... and the Python code one more
            expected = by_key.array(f"{key}/python_{construction}_error_by_dim")
            assert errors(adjacency) == (expected - lacking).tolist()
