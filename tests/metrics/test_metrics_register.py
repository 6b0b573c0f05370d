"""What holds of every metric: facts in the register, classes, patches, options, errors."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import metrics
from tests.fixtures.lines import lines

NAMES = metrics.names()
few = settings(max_examples=20, deadline=None)
random_seeds = st.integers(0, 10**6)
every = pytest.mark.parametrize("name", NAMES)
PERFECT = {"dice": 1, "iou": 1, "accuracy": 1, "cldice": 1, "ags": 100, "topology_precision": 1, "euler_ratio": 1}
PERFECT |= {"topology_sensitivity": 1, "junction_f1": 1}
THINS = {"cldice", "ags", "topology_precision", "topology_sensitivity", "junction_f1", "smd"}
PERFECT |= dict.fromkeys(
    (
        "nsd",
        "surface_dice",
        "boundary_iou",
        "panoptic_quality",
        "component_f1",
        "topology_match",
        "toposcore",
        "vesuvius_score",
    ),
    1,
)
# of several features of one value, that which comes first in the order of the pixels stands for all
GOES_BY_ORDER = {"betti_matching_error", "betti0_matching_error", "betti1_matching_error", "betti2_matching_error"}
GOES_BY_ORDER |= {"toposcore", "vesuvius_score"}  # and the octants of an odd side are not alike
IGNORES_TRUTH = {"roundness"}
LOOKS_AT_OTHER_CLASSES = {"invalid_neighbours", "topology_match"}


def shape_for(name: str) -> tuple[int, ...]:
    return (13, 16) if 2 in metrics.entry(name).dims else (7, 8, 6)


def example(shape: tuple[int, ...], seed: int, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = lines(shape, classes, rng)
    noise = rng.random(shape) < 0.1
    return np.where(noise, rng.integers(0, classes, shape), target).astype(np.uint8), target


@every
def test_facts(name):
    entry = metrics.entry(name)
    assert entry.slug == name
    assert entry.title
    assert entry.version >= 1
    assert set(entry.dims) <= {2, 3}
    text = entry.compute.__doc__
    assert ("better" in text) == (entry.higher_is_better is not None) or name == "euler_ratio"
    assert entry.available() == (True, "")


@every
@few
@given(seed=random_seeds)
def test_perfect_prediction_has_the_best_value(name, seed):
    pair = example(shape_for(name), seed)
    value = metrics.evaluate(pair[1], pair[1], [name])[name]
    if name in IGNORES_TRUTH:
        return
    assert np.isnan(value) or value == pytest.approx(PERFECT.get(name, 0), abs=1e-12)
    other = metrics.evaluate(*pair, [name])[name]
    if metrics.entry(name).higher_is_better is not None and not np.isnan([value, other]).any():
        sign = 1 if metrics.entry(name).higher_is_better else -1
        assert sign * other <= sign * value + 1e-12


@pytest.mark.parametrize("name", [n for n in NAMES if n not in THINS | GOES_BY_ORDER])
@few
@given(seed=random_seeds, axis=st.integers(0, 1))
def test_mirrored_images_have_the_same_value(name, seed, axis):
    pair = example(shape_for(name), seed)
    mirrored = [np.flip(image, axis) for image in pair]
    expected = metrics.evaluate(*pair, [name])[name]
    assert metrics.evaluate(*mirrored, [name])[name] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    "name", ["dice", "iou", "accuracy", "cldice", "voi", "hd95", "betti_matching_error", "euler_error"]
)
@few
@given(seed=random_seeds)
def test_symmetric_metrics(name, seed):
    b, y = example(shape_for(name), seed)
    assert metrics.evaluate(b, y, [name])[name] == pytest.approx(metrics.evaluate(y, b, [name])[name], nan_ok=True)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in LOOKS_AT_OTHER_CLASSES])
def test_several_classes_are_the_mean_of_each(name):
    b, y = example(shape_for(name), 1, classes=4)
    singles = [metrics.evaluate(b == c, y == c, [name])[name] for c in (1, 2, 3)]
    assert metrics.evaluate(b, y, [name])[name] == pytest.approx(np.nanmean(singles))


@every
def test_one_patch_as_large_as_the_image_is_the_image(name):
    b, y = example(shape_for(name), 2)
    whole = metrics.evaluate(b, y, [name])[name]
    for options in ({"region": "sliding", "patch": 40}, {"region": "random", "patch": 40, "number": 3}):
        assert metrics.evaluate(b, y, [name], **options)[name] == pytest.approx(whole, nan_ok=True)


def test_sliding_patches_are_cut_as_said():
    b, y = example((10, 11), 3)
    windows = [(slice(r, r + 4), slice(c, c + 4)) for r in (0, 3, 6) for c in (0, 3, 6, 7)]
    expected = np.mean([metrics.evaluate(b[w], y[w], ["betti0_error"])["betti0_error"] for w in windows])
    found = metrics.evaluate(b, y, ["betti0_error"], region="sliding", patch=4, stride=3)["betti0_error"]
    assert found == pytest.approx(expected)


def test_random_patches_follow_their_seed():
    b, y = example((30, 31), 4)
    options = {"region": "random", "patch": (6, 7), "number": 5}
    first, again, other = (metrics.evaluate(b, y, ["dice"], **options, seed=s)["dice"] for s in (0, 0, 1))
    assert first == again != other
    assert metrics.evaluate(b, y, ["dice"], **options)["dice"] == first  # without a seed it is 0


def test_adjacency_is_an_option():
    diagonal = np.eye(6, dtype=bool)
    assert metrics.evaluate(diagonal, diagonal * 0, ["betti0_error"])["betti0_error"] == 1
    assert metrics.evaluate(diagonal, diagonal * 0, ["betti0_error"], adjacency=4)["betti0_error"] == 6


@few
@given(hnp.arrays(bool, (7, 8)), st.sampled_from([n for n in NAMES if 2 in metrics.entry(n).dims]))
def test_undefined_is_nan_with_a_reason(mask, name):
    for b, y in ((mask, mask & False), (mask & False, mask), (mask & False, mask & False), (mask | True, mask)):
        value = metrics.evaluate(b, y, [name])[name]
        assert bool(metrics.explain(b, y, name)) == np.isnan(value)


def test_empty_masks():
    empty, full = np.zeros((8, 9), bool), np.ones((8, 9), bool)
    both = metrics.evaluate(empty, empty)
    assert both["betti0_error"] == both["betti1_error"] == both["e0_gt"] == both["voi"] == 0
    assert all(np.isnan(both[name]) for name in ("dice", "iou", "cldice", "ags", "hd95"))
    nothing_found = metrics.evaluate(empty, full)
    assert nothing_found["dice"] == nothing_found["ags"] == 0
    assert nothing_found["betti0_error"] == 1  # TopoMortar's metric counts one component in an empty mask
    assert metrics.explain(empty, full, "cldice") == "the prediction is empty"


def test_values_by_class_and_their_mean_are_those_of_evaluate():
    b, y = example((12, 13), 5, classes=4)
    names = ["dice", "cldice", "hd95"]
    measured = metrics.measure(b, y, names)
    assert measured.labels == (1, 2, 3)
    for name in names:
        assert measured.mean(name) == metrics.evaluate(b, y, [name])[name]
        for c in measured.labels:
            assert measured.mean(name, c) == pytest.approx(metrics.evaluate(b == c, y == c, [name])[name])
    measured = metrics.measure(b * (b != 2), y, names)
    assert measured.reason("cldice", 2) == "the prediction is empty"
    assert measured.reason("cldice", 1) == ""
    assert measured.reason("cldice") == ""


def test_a_class_that_nobody_has_counts_where_it_is_defined():
    b, y = example((12, 13), 5)
    values = metrics.evaluate(b, y, ["dice", "betti0_error"], num_classes=3)
    single = metrics.evaluate(b, y, ["dice", "betti0_error"])
    assert values["dice"] == single["dice"]
    assert values["betti0_error"] == single["betti0_error"] / 2


def test_a_mask_of_0_and_255_is_one_class():
    """Classes that nobody has would dilute the mean by 254 perfect ones."""
    b, y = example((12, 13), 5)
    names = ["dice", "betti0_error", "voi"]
    assert metrics.evaluate(b * 255, y * 255, names) == metrics.evaluate(b, y, names)
    assert metrics.explain(b * 0, y * 255, "cldice") == "the prediction is empty"


def test_masks_of_0_and_1_and_of_0_and_255_are_not_compared():
    """As classes they share no pixel: Dice was 0 without a word."""
    b, y = example((12, 13), 5)
    for one, other in ((b, y * 255), (b * 255, y)):
        with pytest.raises(ValueError, match="`prediction` is a mask of 0 and .*, `target` one of 0 and"):
            metrics.evaluate(one, other, ["dice"])
    three = np.where(b > 0, 1, 0)
    three[0, 0] = 2
    assert metrics.evaluate(three, y * 255, ["dice"])["dice"] == 0  # classes 1 and 2 against 255: indices, not masks


def test_one_pass_gives_value_and_reason(monkeypatch):
    calls = []
    entry = metrics.entry("cldice")
    counted = dataclasses.replace(entry, compute=lambda pair: calls.append(1) or entry.compute(pair))
    monkeypatch.setattr(metrics._evaluate, "entry", lambda name: counted if name == "cldice" else metrics.entry(name))
    empty, full = np.zeros((8, 9), bool), np.ones((8, 9), bool)
    found = metrics.measure(empty, full, ["cldice", "dice"])
    assert np.isnan(found.mean("cldice"))
    assert found.reason("cldice") == "the prediction is empty"
    assert (found.mean("dice"), found.reason("dice")) == (0, "")
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((np.zeros((3, 3), int), np.zeros((3, 4), int)), {}, ValueError, "one shape"),
        ((np.zeros(3, int), np.zeros(3, int)), {}, ValueError, "2D or 3D"),
        ((np.zeros((3, 3)), np.zeros((3, 3))), {}, TypeError, "class indices"),
        ((np.full((3, 3), -1), np.zeros((3, 3), int)), {}, ValueError, "at least 0"),
        ((np.eye(3, dtype=int) * 2,) * 2, {"num_classes": 2}, ValueError, "labels go from 0 to 1, got 2"),
        ((np.eye(3, dtype=int) * 0,) * 2, {"num_classes": 1}, ValueError, "at least 2, got 1"),
        ((np.eye(3, dtype=int),) * 2, {"adjacency": 5}, ValueError, "`adjacency`"),
        ((np.eye(3, dtype=int),) * 2, {"spacing": (1,)}, ValueError, "`spacing` must have 2"),
        ((np.eye(3, dtype=int),) * 2, {"region": "patches"}, ValueError, "`region` must be"),
        ((np.eye(3, dtype=int),) * 2, {"region": "sliding"}, ValueError, "`patch` is needed for region"),
        ((np.eye(3, dtype=int),) * 2, {"names": ["betti2_error"]}, ValueError, "defined in 3D, not in 2D"),
        ((np.eye(3, dtype=int),) * 2, {"names": ["cldise"]}, ValueError, "did you mean 'cldice'"),
        ((np.eye(3, dtype=int),) * 2, {"adjacencies": 4}, TypeError, "unknown options adjacencies; known: adjacency"),
    ],
)
def test_wrong_input_is_refused(arguments, options, error, message):
    with pytest.raises(error, match=message):
        metrics.evaluate(*arguments, **options)


def test_a_slug_is_taken_once():
    with pytest.raises(
        ValueError, match=r"'dice' is registered twice: in .*overlap.py and in .*test_metrics_register.py"
    ):
        metrics.register("dice", title="again", higher_is_better=True)(lambda pair: 0.0)


def test_importing_metrics_stays_light():
    code = "import sys, metrics; print([m for m in ('torch', 'monai', 'ot', 'skimage.morphology') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
