"""Metrics against SciPy's, scikit-image's and GUDHI's values on the golden pairs."""

import numpy as np
import pytest
from golden import pair

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
