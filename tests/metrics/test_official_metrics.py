"""Metrics against the libraries' values, and against the published codes with each difference named.

A test of a difference recomputes the published value by the rule that it names: so the rule is the whole difference.
"""

import numpy as np
import pytest
from golden import pair
from reference import slow

import metrics
import topology

PAIRS = [f"pair{number:02}_{'2d' if number < 8 else '3d'}" for number in range(12)]
DIRECT = ("dice", "iou", "topology_precision", "topology_sensitivity")
SCHEMES = {"full": {2: 8, 3: 26}, "cross": {2: 4, 3: 6}}
each_pair = pytest.mark.parametrize("key", PAIRS)
each_scheme = pytest.mark.parametrize("scheme", SCHEMES)
close = {"rtol": 1e-9, "atol": 1e-9, "equal_nan": True}


def measure(expected: dict, names: list[str], adjacency: int | None = None) -> dict[str, float]:
    return metrics.evaluate(expected["prediction"], expected["target"], names, adjacency=adjacency)


def masks(expected: dict) -> tuple[np.ndarray, np.ndarray]:
    return expected["prediction"] > 0, expected["target"] > 0


@pytest.mark.parametrize("number", range(12))
def test_golden_voi_and_are(number):
    expected = pair("project", f"metrics{number}_{'2d' if number < 8 else '3d'}")
    values = measure(expected, ["voi_split", "voi_merge", "are"])
    np.testing.assert_allclose([values["voi_split"], values["voi_merge"]], expected["voi_split_merge"], **close)
    np.testing.assert_allclose(values["are"], expected["adapted_rand_error"], **close)


@each_pair
def test_library_values_without_adjacency(key):
    expected = pair("official", key)
    values = measure(expected, list(DIRECT))
    for name in DIRECT:
        np.testing.assert_allclose(values[name], expected[f"library/{name}"], **close, err_msg=name)
    for which, mask in zip(("prediction", "target"), masks(expected), strict=True):
        np.testing.assert_array_equal(topology.skeletonize(mask), expected[f"skeleton_{which}"])


@each_pair
@each_scheme
def test_library_values_of_both_adjacencies(key, scheme):
    expected = pair("official", key)
    ndim = expected["target"].ndim
    betti = [f"betti{k}_error" for k in range(ndim)]
    values = measure(expected, [*betti, "euler_error", "voi_split", "voi_merge", "voi", "are"], SCHEMES[scheme][ndim])
    found, true = (expected[f"betti_{which}_{scheme}"].astype(int) for which in ("prediction", "target"))
    assert [values[name] for name in betti] == np.abs(found - true).tolist()
    euler = [expected[f"library/euler_{which}_{scheme}"] for which in ("prediction", "target")]
    assert values["euler_error"] == abs(euler[0] - euler[1])
    split, merge = expected[f"library/voi_split_{scheme}"], expected[f"library/voi_merge_{scheme}"]
    np.testing.assert_allclose(
        [values[n] for n in ("voi_split", "voi_merge", "voi")], [split, merge, split + merge], **close
    )
    np.testing.assert_allclose(values["are"], expected[f"library/are_{scheme}"], **close)


@each_pair
def test_where_the_published_codes_agree(key):
    """Dice, accuracy, IoU, clDice and the numbers of components. toposeg swaps the names of clDice's two ratios."""
    expected = pair("official", key)
    names = ["dice", "iou", "accuracy", "cldice", "topology_precision", "topology_sensitivity", "betti0_error"]
    values = measure(expected, names)
    same = {
        "toposeg_Dice": "dice",
        "toposeg_MeanIoU": "iou",
        "toposeg_Accuracy": "accuracy",
        "cldice_metric_jocpae_skimage026": "cldice",
        "topomortar_clDice": "cldice",
        "toposeg_clDice_tsens_as_named": "topology_precision",
        "toposeg_clDice_tprec_as_named": "topology_sensitivity",
        "toposeg_b0_error": "betti0_error",
    }
    for theirs, ours in same.items():
        np.testing.assert_allclose(values[ours], expected[f"official/{theirs}"], **close, err_msg=theirs)


@each_pair
def test_topomortar_counts_one_component_in_an_empty_mask(key):
    """Else its Betti errors are those here: full adjacency, framed or not."""
    expected = pair("official", key)
    found, true = (topology.betti_numbers(mask) for mask in masks(expected))
    theirs = [expected[f"official/topomortar_betti{k}_error"] for k in range(len(true))]
    components = [max(betti[0], 1) for betti in (found, true)]
    assert theirs[0] == abs(components[0] - components[1])
    assert theirs[1:] == [abs(a - b) for a, b in zip(found[1:], true[1:], strict=True)]
    differs = min(found[0], true[0]) == 0 < max(found[0], true[0])
    assert (theirs[0] != measure(expected, ["betti0_error"])["betti0_error"]) == differs


@each_pair
def test_toposegs_beta1_is_no_betti_number(key):
    """It counts components of the background, 8- or 26-connected and not framed: in 3D cavities and the outside."""
    expected = pair("official", key)
    theirs = expected["official/toposeg_b1_error"]
    found, true = (topology.count_components(~mask) for mask in masks(expected))
    assert theirs == abs(found - true)
    if key == "pair11_3d":  # rings against an empty volume
        assert theirs == 0
        assert measure(expected, ["betti1_error"])["betti1_error"] == 3


@each_pair
def test_toposegs_voi_is_half_and_its_are_is_swapped(key):
    """Both on 8- or 26-connected background, which is adjacency 4 or 6 of the foreground here."""
    expected = pair("official", key)
    b, y = masks(expected)
    cross = SCHEMES["cross"][y.ndim]
    values = metrics.evaluate(b, y, ["voi"], adjacency=cross)
    np.testing.assert_allclose(values["voi"] / 2, expected["official/toposeg_VOI"], **close)
    theirs = expected["official/toposeg_ARE"]
    swapped = metrics.evaluate(y, b, ["are"], adjacency=cross)["are"]
    np.testing.assert_allclose(swapped, theirs, **close)
    straight = metrics.evaluate(b, y, ["are"], adjacency=cross)["are"]
    if b.any() and y.any() and not b.all():
        assert straight != pytest.approx(float(theirs), abs=1e-6)


@each_pair
def test_toposegs_evaluation_removes_small_pieces_first(key):
    """Holes below 10 and components below 100 pixels in 2D, components below 50 voxels in 3D, of both masks."""
    expected = pair("official", key)
    cleaned = [_cleaned(mask) for mask in masks(expected)]
    found = metrics.evaluate(*(mask.astype(np.uint8) for mask in cleaned), ["betti0_error", "dice"])
    assert found["betti0_error"] == expected["official/toposeg_evaluate_b0_error"]
    np.testing.assert_allclose(found["dice"], expected["official/toposeg_evaluate_dice"], **close)


def _cleaned(mask: np.ndarray) -> np.ndarray:
    if mask.ndim == 3:
        return _without_small(mask, 50)
    return _without_small(~_without_small(~mask, 10), 100)


def _without_small(mask: np.ndarray, smallest: int) -> np.ndarray:
    kept = np.zeros_like(mask)
    for component in slow.components(mask, SCHEMES["full"][mask.ndim]):
        if len(component) >= smallest:
            kept[tuple(np.transpose(list(component)))] = True
    return kept
