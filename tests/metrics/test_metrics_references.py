"""Metrics against independent implementations and cases small enough to count by hand."""

import itertools
import math

import gudhi
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import betti_matching as slow_matching
from reference import slow

import metrics
from metrics.graph import MATCH_RADIUS, _matches, nodes

few = settings(max_examples=40, deadline=None)
two_masks = st.tuples(hnp.arrays(bool, (7, 8)), hnp.arrays(bool, (7, 8)))
two_volumes = st.tuples(hnp.arrays(bool, (4, 5, 4)), hnp.arrays(bool, (4, 5, 4)))


def value(name: str, b: np.ndarray, y: np.ndarray, **options) -> float:
    return metrics.evaluate(b, y, [name], **options)[name]


@few
@given(st.one_of(two_masks, two_volumes))
def test_overlap_is_a_count(pair):
    b, y = (set(map(tuple, np.argwhere(mask))) for mask in pair)
    if b | y:
        assert value("dice", *pair) == pytest.approx(2 * len(b & y) / (len(b) + len(y)))
        assert value("iou", *pair) == pytest.approx(len(b & y) / len(b | y))
    assert value("accuracy", *pair) == pytest.approx(1 - len(b ^ y) / pair[0].size)


def gudhi_betti(mask: np.ndarray, full: bool) -> list[int]:
    values = np.pad(np.where(mask, 0.0, 1.0), 1, constant_values=1.0)
    complex_ = gudhi.CubicalComplex(**{"top_dimensional_cells" if full else "vertices": values})
    complex_.compute_persistence()
    return complex_.persistent_betti_numbers(0.0, 0.5)[: mask.ndim]


@few
@given(st.one_of(two_masks, two_volumes), st.booleans())
def test_betti_errors_are_gudhis(pair, full):
    adjacency = {2: (4, 8), 3: (6, 26)}[pair[0].ndim][full]
    expected = np.abs(np.subtract(*(gudhi_betti(mask, full) for mask in pair)))
    for dimension, error in enumerate(expected):
        assert value(f"betti{dimension}_error", *pair, adjacency=adjacency) == error
    gaps = len(slow.components(pair[0] & pair[1], adjacency)) - len(slow.components(pair[1], adjacency))
    assert value("e0_gt", *pair, adjacency=adjacency) == abs(gaps)


@few
@given(two_masks)
def test_voi_and_are_by_their_definitions(pair):
    b, y = (_regions(mask) for mask in pair)
    joint = np.zeros((b.max() + 1, y.max() + 1))
    np.add.at(joint, (b, y), 1 / b.size)

    def entropy(p: np.ndarray) -> float:
        return float(-(p[p > 0] * np.log2(p[p > 0])).sum())

    assert value("voi_split", *pair) == pytest.approx(entropy(joint) - entropy(joint.sum(0)), abs=1e-9)
    assert value("voi_merge", *pair) == pytest.approx(entropy(joint) - entropy(joint.sum(1)), abs=1e-9)
    if np.bincount(y[y > 0], minlength=1).max() > 1:
        inside = joint[:, 1:]  # without the true foreground
        together, found, true = (inside**2).sum(), (inside.sum(1) ** 2).sum(), (inside.sum(0) ** 2).sum()
        count = inside.sum() / b.size  # pairs of different pixels only
        precision, recall = (
            (together - count) / (total - count) if total > count else np.nan for total in (found, true)
        )
        if precision + recall > 0:
            expected = 1 - 2 * precision * recall / (precision + recall)
            assert value("are", *pair) == pytest.approx(expected, abs=1e-9)


def _regions(mask: np.ndarray) -> np.ndarray:
    labels = np.zeros(mask.shape, int)
    for number, component in enumerate(slow.components(~mask, 4), 1):
        for place in component:
            labels[place] = number
    return labels


@few
@given(st.one_of(two_masks, two_volumes), st.sampled_from([1.0, 2.5]))
def test_hd95_is_monais(pair, size):
    import torch
    from monai.metrics import compute_hausdorff_distance

    b, y = pair
    if not b.any() or not y.any():
        return
    spacing = [size, *[1.0] * (b.ndim - 1)]
    tensors = [torch.from_numpy(mask)[None, None] for mask in pair]
    expected = compute_hausdorff_distance(*tensors, include_background=True, percentile=95, spacing=spacing)
    assert value("hd95", *pair, spacing=spacing) == pytest.approx(float(expected), rel=1e-5)


def test_hd95_of_two_points():
    b, y = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    b[3, 4] = y[6, 8] = True
    assert value("hd95", b, y) == 5
    assert value("hd95", b, y, spacing=(2.0, 2.0)) == 10


def test_roundness_of_discs_and_bars():
    rows, columns = np.indices((80, 80))
    disc = (rows - 40) ** 2 + (columns - 40) ** 2 < 30**2
    bar = (abs(rows - 40) < 3) & (abs(columns - 40) < 30)
    assert value("roundness", disc, disc) > 0.95
    assert value("roundness", bar, disc) < 0.4


def cross(size: int = 41, centre: tuple[int, int] = (20, 20)) -> np.ndarray:
    mask = np.zeros((size, size), bool)
    mask[centre[0] - 1 : centre[0] + 2] = mask[:, centre[1] - 1 : centre[1] + 2] = True
    return mask


def test_nodes_of_a_cross_are_its_junction_and_four_ends():
    skeleton = metrics._pair.Pair(cross(), cross()).target_skeleton
    (junction,) = nodes(skeleton, endpoints=False)
    np.testing.assert_allclose(junction, (20, 20), atol=1)
    ends = nodes(skeleton)[1:]
    assert len(ends) == 4
    for end in ((0, 20), (20, 0), (20, 40), (40, 20)):
        assert (np.abs(ends - end).max(axis=1) <= 2).sum() == 1


@pytest.mark.parametrize("arms", [[(-1, -1), (-1, 1), (1, 0)], [(1, 1, 1), (1, -1, -1), (-1, 1, -1)]], ids=["2D", "3D"])
def test_three_arms_are_enough_for_a_junction(arms):
    skeleton = np.zeros((9,) * len(arms[0]), bool)
    for arm in arms:
        for step in range(4):
            skeleton[tuple(4 + step * np.array(arm))] = True
    assert nodes(skeleton, endpoints=False).tolist() == [[4] * skeleton.ndim]
    assert {tuple(end) for end in nodes(skeleton)[1:]} == {tuple(4 + 3 * np.array(arm)) for arm in arms}


def test_nodes_of_lines_rings_and_points():
    line, ring, point = np.zeros((9, 30), bool), np.zeros((9, 9), bool), np.zeros((5, 5, 5), bool)
    line[4, 3:28] = True
    ring[2:7, 2:7] = True
    ring[3:6, 3:6] = False
    ring[[2, 2, 6, 6], [2, 6, 2, 6]] = False  # without corners, each pixel has two neighbours
    point[2, 3, 1] = True
    assert nodes(line).tolist() == [[4, 3], [4, 27]]
    assert nodes(ring).tolist() == []
    assert nodes(point).tolist() == [[2, 3, 1]]


def test_junction_f1_matches_within_the_radius():
    assert value("junction_f1", cross(), cross(centre=(24, 24))) == 1
    assert value("junction_f1", cross(), cross(centre=(34, 20))) == pytest.approx(2 / 5)  # upper and lower ends alone
    two = cross() | cross(centre=(20, 4))  # a second junction and two more ends; one end beside it has moved
    assert value("junction_f1", two, cross()) < 1


def test_junction_f1_sees_a_gap():
    """The former definition did not: a broken line has no junction, whole or in pieces."""
    line = np.zeros((21, 60), bool)
    line[9:12, 2:58] = True
    broken = line.copy()
    broken[:, 28:33] = False
    assert value("junction_f1", broken, line) == pytest.approx(2 * 2 / 6)


@few
@given(
    st.lists(st.tuples(*[st.integers(0, 30)] * 2), max_size=6),
    st.lists(st.tuples(*[st.integers(0, 30)] * 2), max_size=6),
)
def test_junction_matches_are_the_most_there_can_be(found, true):
    """Against all assignments of the fewer points to the others."""
    fewer, more = sorted((found, true), key=len)
    near = [[math.dist(p, q) <= MATCH_RADIUS for q in more] for p in fewer]
    most = max(
        sum(near[i][j] for i, j in enumerate(chosen)) for chosen in itertools.permutations(range(len(more)), len(fewer))
    )
    assert _matches(*(np.array(points, float).reshape(-1, 2) for points in (found, true))) == most


def test_smd_of_shifted_lines():
    b, y = np.zeros((30, 40), bool), np.zeros((30, 40), bool)
    b[10], y[16] = True, True
    assert value("smd", b, y) == pytest.approx(6 / 50, rel=0.02)
    assert value("smd", y, y) == 0


@few
@given(st.one_of(two_masks, two_volumes), st.booleans())
def test_betti_matching_errors_bound_the_betti_errors(pair, full):
    adjacency = {2: (4, 8), 3: (6, 26)}[pair[0].ndim][full]
    numbers = [gudhi_betti(mask, full) for mask in pair]
    errors = [value(f"betti{d}_matching_error", *pair, adjacency=adjacency) for d in range(pair[0].ndim)]
    for error, found, true in zip(errors, *numbers, strict=True):
        assert abs(found - true) <= error <= found + true
        assert (error - found - true) % 2 == 0
    assert value("betti_matching_error", *pair, adjacency=adjacency) == sum(errors)


@few
@given(st.one_of(two_masks, two_volumes), st.booleans())
def test_betti_matching_error_is_that_of_its_definition(pair, full):
    """What it differs in: no foreground at all is no component, and the reference has the one that never ends."""
    b, y = pair
    expected = [
        len(found.unmatched) + len(found.unmatched_of_other)
        for found in slow_matching.matchings(1.0 - b, 1.0 - y, full)
    ]
    expected[0] += b.any() != y.any()
    for dimension, error in enumerate(expected):
        assert value(f"betti{dimension}_matching_error", b, y, adjacency=(4, 8)[full]) == error


@pytest.mark.parametrize("adjacency", [4, 8])
def test_betti_matching_of_an_empty_mask_counts_the_features_of_the_other(adjacency):
    y = np.zeros((9, 9), bool)
    y[1:4, 1:4], y[2, 2], y[6:, 6:] = True, False, True
    empty = np.zeros_like(y)
    assert value("betti_matching_error", empty, empty, adjacency=adjacency) == 0
    for pair in ((empty, y), (y, empty)):
        assert value("betti0_matching_error", *pair, adjacency=adjacency) == 2
        assert value("betti1_matching_error", *pair, adjacency=adjacency) == 1
        assert value("betti_matching_error", *pair, adjacency=adjacency) == 3


def test_betti_matching_tells_places_apart():
    """Equal Betti numbers, nothing in common: the components never end and so are partners, the holes are none."""
    ring = np.ones((5, 5), bool)
    ring[1:4, 1:4] = False
    b, y = np.zeros((12, 12), bool), np.zeros((12, 12), bool)
    b[:5, :5], y[7:, 7:] = ring, ring
    assert value("betti_error", b, y) == 0
    assert value("betti_matching_error", b, y) == 2
    assert value("betti_matching_error", b | y, y) == 2
    shifted = np.zeros((12, 12), bool)
    shifted[7:11, 7:12] = True
    shifted[8:10, 8:11] = False
    assert value("betti_matching_error", shifted, y) == 0


def test_betti_matching_goes_by_the_order_of_pixels():
    """Of the parts into which the other mask cuts a hole, the last one in the order of the pixels stands for it."""
    b, y = np.ones((4, 5), bool), np.ones((4, 5), bool)
    b[1, 1] = b[1, 3] = b[2, 2:4] = False
    y[1, 1] = y[1, 3] = y[2, 1:3] = False
    errors = {value("betti_matching_error", flip(b), flip(y)) for flip in (np.asarray, np.fliplr, np.flipud)}
    assert errors == {0, 2}
