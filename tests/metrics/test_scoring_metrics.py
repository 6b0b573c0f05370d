"""The metrics of challenges: against slow versions, published code's values, and cases counted by hand.

The values of surface-distance (google-deepmind, 1f805ce) and MetricsReloaded (cb38dfc) were taken once, on
`blobs(shape, seed)` below; neither package is needed here.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import homology, slow
from scipy import ndimage

import metrics

few = settings(max_examples=40, deadline=None)
masks = hnp.arrays(bool, (6, 7))
volumes = hnp.arrays(bool, (3, 4, 3))
two_masks, two_volumes = st.tuples(masks, masks), st.tuples(volumes, volumes)


def value(name: str, b: np.ndarray, y: np.ndarray, **options) -> float:
    return metrics.evaluate(b, y, [name], **options)[name]


def border(mask: np.ndarray) -> np.ndarray:
    """Places of the pixels with a neighbour across an edge (a face) that is outside."""
    padded = np.pad(mask, 1)
    steps = [step for step in np.ndindex((3,) * mask.ndim) if sum(abs(i - 1) for i in step) == 1]
    return np.array([p for p in np.argwhere(mask) if not all(padded[tuple(p + s)] for s in steps)]).reshape(
        -1, mask.ndim
    )


@few
@given(st.one_of(two_masks, two_volumes), st.sampled_from([0.0, 1.0, 1.5, 2.0]), st.sampled_from([1.0, 2.5]))
def test_nsd_counts_border_pixels_near_the_other_border(pair, tolerance, size):
    spacing = np.array([size, *[1.0] * (pair[0].ndim - 1)])
    b, y = (border(mask) * spacing for mask in pair)
    near = sum(min((math.dist(p, q) for q in y), default=np.inf) <= tolerance for p in b)
    near += sum(min((math.dist(p, q) for q in b), default=np.inf) <= tolerance for p in y)
    found = value(f"nsd,tolerance={tolerance}", *pair, spacing=spacing)
    assert np.isnan(found) if len(b) + len(y) == 0 else found == pytest.approx(near / (len(b) + len(y)))


def test_nsd_tolerates_one_unit_unless_told_otherwise():
    b, y = np.zeros((2, 9, 9), bool)
    b[2, 2:7], y[4, 2:7] = True, True
    assert (value("nsd", b, y), value("nsd", b, np.roll(y, -1, 0))) == (0.0, 1.0)


@few
@given(st.one_of(two_masks, two_volumes), st.sampled_from([1.0, 1.5, 3.0]))
def test_boundary_iou_compares_rims(pair, width):
    rims = []
    for mask in pair:
        edge = border(mask)
        rims.append({tuple(p) for p in np.argwhere(mask) if min(math.dist(p, q) for q in edge) < width})
    found = value(f"boundary_iou,width={width}", *pair)
    if not rims[0] | rims[1]:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(len(rims[0] & rims[1]) / len(rims[0] | rims[1]))


@few
@given(st.one_of(two_masks, two_volumes), st.sampled_from([0.5, 0.75]), st.booleans())
def test_components_with_one_partner_at_most(pair, threshold, full):
    adjacency = {2: (4, 8), 3: (6, 26)}[pair[0].ndim][full]
    found, true = (slow.components(mask, adjacency) for mask in pair)
    ious = [len(f & t) / len(f | t) for f in found for t in true]
    matched = [iou for iou in ious if iou > threshold]
    names = [f"{name},threshold={threshold}" for name in ("panoptic_quality", "component_f1")]
    values = metrics.evaluate(*pair, names, adjacency=adjacency)
    if not found and not true:
        assert np.isnan(list(values.values())).all()
    else:
        assert values[names[0]] == pytest.approx(2 * sum(matched) / (len(found) + len(true)))
        assert values[names[1]] == pytest.approx(2 * len(matched) / (len(found) + len(true)))


def test_below_half_the_better_pair_goes_first():
    b, y = np.zeros((1, 20), bool), np.zeros((1, 20), bool)
    b[0, 0:10] = True
    y[0, 0:4] = y[0, 5:10] = True  # IoU 0.4 and 0.5 with the one component
    assert value("panoptic_quality,threshold=0.3", b, y) == pytest.approx(2 * 0.5 / 3)
    assert value("component_f1,threshold=0.3", b, y) == pytest.approx(2 / 3)
    assert value("component_f1", b, y) == 0  # 0.5 is not above 0.5


@settings(max_examples=60, deadline=None)
@given(st.one_of(two_masks, two_volumes), st.booleans())
def test_diu_by_its_definition(pair, full):
    """Kernel and cokernel of the map between the homologies of intersection and union, by linear algebra."""
    adjacency = {2: (4, 8), 3: (6, 26)}[pair[0].ndim][full]
    inner, union = pair[0] & pair[1], pair[0] | pair[1]
    expected = 0
    for dimension in range(inner.ndim):
        own = [homology.induced_rank(mask, mask, dimension, adjacency) for mask in (inner, union)]
        expected += sum(own) - 2 * homology.induced_rank(inner, union, dimension, adjacency)
    assert value("diu", *pair, adjacency=adjacency) == expected


def test_diu_of_a_tunnel_in_another_place():
    """Two rings in 3D that share a quarter: each tunnel is missing in the intersection, the union has both."""
    b, y = np.zeros((3, 9, 9), bool), np.zeros((3, 9, 9), bool)
    b[1, 0:5, 0:5] = y[1, 4:9, 4:9] = True
    b[1, 1:4, 1:4] = y[1, 5:8, 5:8] = False
    assert value("betti1_error", b, y) == 0
    assert value("diu", b, y) == 2


def test_diu_sees_what_the_betti_errors_do_not():
    """A gap here and a bridge there cancel in the number of components."""
    y = np.zeros((9, 20), bool)
    y[1], y[4], y[7] = True, True, True
    b = y.copy()
    b[1, 10] = False  # two pieces
    b[4:8, 3] = True  # two lines joined
    assert value("betti0_error", b, y) == 0
    assert value("diu", b, y) == 2


def labels() -> tuple[np.ndarray, np.ndarray]:
    """Three classes in a row; the prediction has a gap between the first two and lets the last touch the first."""
    y = np.zeros((5, 12), np.uint8)
    y[1, 0:4], y[1, 4:8], y[1, 8:12] = 1, 2, 3
    b = y.copy()
    b[1, 4] = 0
    b[2, 3:9] = 3
    return b, y


def test_neighbours_of_classes():
    b, y = labels()
    assert value("invalid_neighbours", y, y) == 0
    # 3 touches 1 and the reverse; 2 has 3 alone, which is allowed
    measured = metrics.measure(b, y, ["invalid_neighbours", "topology_match"])
    assert [measured.mean("invalid_neighbours", c) for c in (1, 2, 3)] == [1, 0, 1]
    assert value("invalid_neighbours,valid=1-2;2-3;3-1", b, y) == 0
    assert value("invalid_neighbours,valid=1-2", b, y) == pytest.approx((1 + 1 + 2) / 3)
    assert [measured.mean("topology_match", c) for c in (1, 2, 3)] == [0, 0, 0]
    assert value("topology_match", y, y) == 1


def test_topology_match_wants_a_found_class():
    b, y = np.zeros((9, 9), np.uint8), np.zeros((9, 9), np.uint8)
    y[2:8, 2:8] = 1
    b[2:5, 2:4] = 1  # IoU 1/6, one component, no neighbours
    assert value("topology_match", b, y) == 0
    assert value("topology_match,detection=0.1", b, y) == 1
    measured = metrics.measure(b, y, ["topology_match", "invalid_neighbours"], num_classes=3)
    assert measured.mean("topology_match", 2) == 1  # neither has it
    assert measured.reason("invalid_neighbours", 2) == "the prediction lacks the class"


def blobs(shape: tuple[int, ...], seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    fields = [ndimage.gaussian_filter(rng.random(shape), 1) for _ in range(2)]
    return fields[0] > 0.5, (0.7 * fields[0] + 0.3 * fields[1]) > 0.5


# surface Dice of surface-distance; NSD and boundary IoU of MetricsReloaded
PUBLISHED = [
    ((24, 31), 0, (1.0, 1.0), 1.0, 0.9929100144720401, 0.9774590163934426, 0.7956521739130434),
    ((24, 31), 1, (0.5, 2.0), 0.75, 0.9685981743849699, 0.9464285714285714, 0.7980997624703088),
    ((24, 31), 2, (1.5, 1.0), 0.0, 0.7137235366267024, 0.6297117516629712, 0.7048054919908466),
    ((12, 14, 13), 3, (1.0, 1.0, 1.0), 1.0, 0.9964318377061617, 0.9828326180257511, 0.7552320291173794),
    ((12, 14, 13), 4, (2.0, 0.7, 0.7), 0.8, 0.9947663613156495, 0.9885654885654885, 0.804860088365243),
    ((12, 14, 13), 5, (0.3, 0.4, 1.1), 0.35, 0.9823357482112929, 0.9429611650485437, 0.7682363804247461),
]


@pytest.mark.parametrize(("shape", "seed", "spacing", "tolerance", "surface", "counted", "boundary"), PUBLISHED)
def test_published_codes_values(shape, seed, spacing, tolerance, surface, counted, boundary):
    b, y = blobs(shape, seed)
    assert value(f"surface_dice,tolerance={tolerance}", b, y, spacing=spacing) == pytest.approx(surface, abs=1e-9)
    assert value(f"nsd,tolerance={tolerance}", b, y, spacing=spacing) == pytest.approx(counted, abs=1e-12)
    assert value("boundary_iou,width=2", b, y) == pytest.approx(boundary, abs=1e-12)


def test_surface_dice_of_two_lines():
    b, y = np.zeros((12, 30), bool), np.zeros((12, 30), bool)
    b[3], y[5] = True, True
    assert value("surface_dice,tolerance=2", b, y) == 1
    assert value("surface_dice,tolerance=1", b, y) == pytest.approx(0.5, abs=0.03)  # the facing sides only
    assert value("surface_dice,tolerance=1", b, y, spacing=(0.5, 1.0)) == 1


def blocks(*corners: tuple[int, int, int], shape: tuple[int, int, int] = (16, 16, 16)) -> np.ndarray:
    """Cubes of two voxels a side."""
    mask = np.zeros(shape, bool)
    for z, y, x in corners:
        mask[z : z + 2, y : y + 2, x : x + 2] = True
    return mask


def test_toposcore_counts_by_octant_without_the_oldest_component():
    y = blocks((1, 1, 1), (1, 1, 5), (1, 5, 1), (9, 9, 9))  # three in the first octant, one in the last
    assert value("toposcore", y, y) == 1
    assert value("toposcore", blocks((1, 1, 1), (1, 1, 5)), y) == pytest.approx(2 * 1 / (1 + 2))
    assert value("toposcore", y & False, blocks((1, 1, 1), (9, 9, 9))) == 1  # the trap that the docstring names
    assert value("toposcore", y, blocks((1, 1, 1), (9, 9, 9))) == pytest.approx(0.5 / (2 + 0.5))  # g = 0 < p = 2


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_toposcore_of_a_slice_has_four_octants(axis):
    others = (1, 1, 5), (1, 5, 1), (5, 1, 1)  # two of them lie in the slice
    y, one_less = (blocks(*corners).take([1], axis) for corners in (((1, 1, 1), *others), others))
    assert value("toposcore", y, y) == 1
    assert value("toposcore", one_less, y) == pytest.approx(2 * 1 / (1 + 2))


def test_toposcore_weighs_the_dimensions_that_have_features():
    y = blocks((1, 1, 1), (1, 1, 5))
    y[9:12, 9:14, 9:14] = True
    ring = y.copy()
    ring[9:12, 11, 11] = False  # a tunnel that the ground truth has not
    assert value("toposcore", ring, y) == pytest.approx((0.34 * 1 + 0.33 * 0.5 / 1.5) / 0.67)
    assert value("toposcore", y, ring) == pytest.approx((0.34 * 1 + 0.33 * 0) / 0.67)


def test_vesuvius_score_is_the_sum_of_its_parts():
    y = blocks((1, 1, 1), (1, 1, 5), (9, 9, 9))
    b = blocks((1, 1, 2), (1, 1, 5), (9, 3, 9))
    parts = metrics.evaluate(b, y, ["toposcore", "surface_dice,tolerance=2", "component_voi"])
    topology, surface, voi = parts.values()
    expected = 0.3 * topology + 0.35 * surface + 0.35 / (1 + 0.3 * voi)
    assert value("vesuvius_score", b, y) == pytest.approx(expected)
    assert value("vesuvius_score", b, y, spacing=(5, 5, 5), adjacency=6) == pytest.approx(expected)
    for perfect in (y, y & False):
        assert value("vesuvius_score", perfect, perfect) == pytest.approx(1, abs=1e-15)


@few
@given(st.one_of(two_masks, two_volumes))
def test_component_voi_by_its_definition(pair):
    either = pair[0] | pair[1]
    joint: dict = {}
    owners = [{p: n for n, c in enumerate(slow.components(m, 8 if m.ndim == 2 else 26), 1) for p in c} for m in pair]
    for place in map(tuple, np.argwhere(either)):
        key = tuple(owner.get(place, 0) for owner in owners)
        joint[key] = joint.get(key, 0) + 1 / np.count_nonzero(either)
    if not joint:
        assert metrics.explain(*pair, "component_voi") == "prediction and ground truth are empty"
        return

    def entropy(p: dict) -> float:
        return -sum(v * math.log2(v) for v in p.values())

    margins: list[dict] = [{}, {}]
    for key, share in joint.items():
        for side, label in enumerate(key):
            margins[side][label] = margins[side].get(label, 0) + share
    assert value("component_voi", *pair) == pytest.approx(2 * entropy(joint) - sum(map(entropy, margins)), abs=1e-9)


def test_one_mask_empty():
    full = np.ones((4, 5), bool)
    for name in ("nsd", "surface_dice", "boundary_iou", "panoptic_quality", "component_f1"):
        assert value(name, full & False, full) == 0
        assert metrics.explain(full & False, full & False, name) == "prediction and ground truth are empty"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nsd,tolerance=-1", "`tolerance` must be at least 0"),
        ("surface_dice,tolerance=-1", "`tolerance` must be at least 0"),
        ("boundary_iou,width=0", "`width` must be above 0"),
        ("component_f1,threshold=1", r"`threshold` must lie in \[0, 1\)"),
        ("invalid_neighbours,valid=1", "`valid` must be pairs"),
        ("nsd,tolerances=2", "no parameter 'tolerances=2'; it has: tolerance=1.0"),
        ("dice,x=2", "no parameter 'x=2'; it has: none"),
        ("nsd,tolerance=two", "`tolerance` must be a float, got 'two'"),
        ("nsd,tolerance=1,tolerance=2", "given twice"),
        ("nsdd,tolerance=1", "did you mean 'nsd'"),
    ],
)
def test_wrong_parameters_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        value(name, np.eye(4, dtype=bool), np.eye(4, dtype=bool))


def test_a_parameter_is_part_of_the_name():
    entry = metrics.entry("nsd,tolerance=2")
    assert entry.slug == "nsd,tolerance=2"
    assert entry.title == "NSD (tolerance 2)"
    assert entry.version == metrics.entry("nsd").version
