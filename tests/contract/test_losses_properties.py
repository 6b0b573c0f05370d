"""What must hold of the losses on every input, with hypothesis, and slow versions of what they single out."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import betti_matching as slow_matching
from reference import slow
from scipy import ndimage

import losses
import topology

few = settings(max_examples=25, deadline=None)
shapes = st.one_of(st.tuples(*[st.integers(1, 12)] * 2), st.tuples(*[st.integers(1, 5)] * 3))
seeds = st.integers(0, 10**6)
FAST = {"cldice": {"iterations": 3}, "compound_cldice": {"iterations": 3}, "clce": {"iterations": 3}}
# the published code's error: what it repeats is right for squares and cubes alone
MIXES_UP_AXES = ("topoloss_published", "phpm_published")
# which of the truth's features, all of one value, a feature meets is decided by the order of the pixels
GOES_BY_ORDER = ("betti_matching",)
# pixels at equal distances are visited in raster order
VISITS_IN_RASTER_ORDER = ("warping", "warping_published")
# of the union of critical cells, right pixels are an arbitrary choice among equal values: see PHPM's docstring
PATCHES = {"topoloss": {"dims": (0, 1)}, "phpm": {"dims": (0, 1), "mean": "dimensions"}}

# thinning peels the sides in a fixed order: skeletons of mirrored masks may differ by a pixel (topology.skeletons)
THINS = {"closs", "thin_closs", "shpm", "skeleton_recall"}
THINNING_ROOMS = ("losses._segmentation", "losses.closs", "losses.hpm", "losses.skeleton_recall")


def example(shape: tuple[int, ...], seed: int, channels: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Give distinct logits that follow a smooth random target."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal(shape), 1.0)
    cuts = np.quantile(field, np.linspace(0, 1, max(channels, 2) + 1)[1:-1])
    target = torch.from_numpy(np.digitize(field, cuts))[None, None]
    noise = torch.from_numpy(rng.standard_normal((1, channels, *shape)))
    one_hot = torch.nn.functional.one_hot(target[:, 0], max(channels, 2)).movedim(-1, 1)[:, -channels:]
    return 2 * (2.0 * one_hot - 1) + 1.5 * noise, target


def build(name: str, **parameters) -> losses._base.PixelLoss:
    return losses.build(name, **{**FAST.get(name, {}), **PATCHES.get(name, {}), **parameters})


def assert_equivariant(loss, z: torch.Tensor, y: torch.Tensor, axis: int) -> None:
    """Check value and gradient under a mirror and a rotation by 90 degrees."""
    plain, mirrored, turned = (t.clone().requires_grad_() for t in (z, z.flip(axis), z.rot90(1, (2, 3))))
    value = loss(plain, y)
    value.backward()
    for moved, target in ((mirrored, y.flip(axis)), (turned, y.rot90(1, (2, 3)))):
        its_value = loss(moved, target)
        its_value.backward()
        torch.testing.assert_close(its_value, value)
    torch.testing.assert_close(mirrored.grad.flip(axis), plain.grad)
    torch.testing.assert_close(turned.grad.rot90(-1, (2, 3)), plain.grad)


@pytest.mark.parametrize(
    "name", [n for n in losses.names() if n not in (*THINS, *MIXES_UP_AXES, *GOES_BY_ORDER, *VISITS_IN_RASTER_ORDER)]
)
@few
@given(shape=shapes, seed=seeds, axis=st.integers(2, 4), channels=st.sampled_from([1, 3]))
def test_loss_turns_with_the_image(name, shape, seed, axis, channels):
    assume(len(shape) in losses.entry(name).dims)
    z, y = example(shape, seed, channels)
    assert_equivariant(build(name), z, y, min(axis, z.ndim - 1))


@pytest.mark.parametrize("name", sorted(THINS))
@few
@given(shape=shapes, seed=seeds, axis=st.integers(2, 4), channels=st.sampled_from([1, 3]))
def test_losses_that_thin_turn_with_the_image_as_far_as_their_skeletons_do(name, shape, seed, axis, channels):
    """With skeletons that are the same from all sides, they are as equivariant as the others."""
    z, y = example(shape, seed, channels)
    with pytest.MonkeyPatch.context() as patch:
        for room in THINNING_ROOMS:
            patch.setattr(f"{room}.skeletonize", slow.skeleton_from_all_sides)
        assert_equivariant(build(name), z, y, min(axis, z.ndim - 1))


@pytest.mark.parametrize("name", ["thin_closs", "shpm"])
def test_losses_that_thin_do_not_turn_with_every_image(name):
    """A bar two pixels wide is thinned to one of its two lines, to the same one in the mirrored image."""
    y = torch.zeros(1, 1, 8, 9, dtype=torch.long)
    y[:, :, 3:5, 1:8] = 1
    z = torch.full((1, 1, 8, 9), -3.0)
    mask = losses.critical_pixels(name, z, y)
    assert not torch.equal(losses.critical_pixels(name, z, y.flip(2)).flip(2), mask)


@pytest.mark.parametrize(
    "name",
    ["compound_cldice", "closs", "thin_closs", "clce", "thpm", "phpm", "shpm", "topoloss", "betti_matching"],
)
@few
@given(shape=shapes, seed=seeds, channels=st.sampled_from([1, 3]))
def test_without_its_weight_a_loss_is_dice_ce(name, shape, seed, channels):
    z, y = example(shape, seed, channels)
    weight = "gamma" if "gamma" in losses.parameters(name) else "weight"
    base = losses.build("dice_ce")(z, y)
    torch.testing.assert_close(build(name, **{weight: 0.0})(z, y), base)
    near = build(name, **{weight: 1e-6})(z, y)
    torch.testing.assert_close(near, base, rtol=1e-3, atol=1e-3)


@few
@given(shape=shapes, seed=seeds, channels=st.sampled_from([1, 2, 4]))
def test_weights_mix_base_and_term(shape, seed, channels):
    z, y = example(shape, seed, channels)
    dice_ce, dice = losses.build("dice_ce")(z, y), losses.build("dice", smooth=1.0)(z, y)
    for name, gamma in (("closs", 0.3), ("thin_closs", 0.3), ("compound_cldice", 0.3), ("clce", 0.3)):
        loss = build(name, gamma=gamma)
        torch.testing.assert_close(loss(z, y), (1 - gamma) * dice_ce + gamma * loss.topological_term(z, y))
    cldice = build("cldice", gamma=0.3)
    torch.testing.assert_close(cldice(z, y), 0.7 * dice + 0.3 * cldice.topological_term(z, y))
    weighted = ("thpm", "phpm", "shpm", "topoloss", "skeleton_recall", "cbdice", "clmdice", "warping", "betti_matching")
    for name in (*weighted, *["topograph"] * (len(shape) == 2)):
        loss = build(name, weight=0.3)
        torch.testing.assert_close(loss(z, y), dice_ce + 0.3 * loss.topological_term(z, y))


@few
@given(shape=shapes, seed=seeds, channels=st.sampled_from([1, 3]), full=st.booleans(), push=st.booleans())
def test_betti_matching_is_that_of_its_definition(shape, seed, channels, full, push):
    z, y = example(shape, seed, channels)
    p = (torch.sigmoid(z) if channels == 1 else torch.softmax(z, 1)[:, 1:])[0].numpy()
    penalties = {"superlevel": [], "sublevel": []}
    for c, image in enumerate(p):
        mask = 1.0 * (y[0, 0].numpy() == c + 1)
        penalties["superlevel"].append(slow_matching.penalty(1 - image, 1 - mask, full, push))
        penalties["sublevel"].append(slow_matching.penalty(image, mask, full, push))
    expected = {kind: np.mean(values) for kind, values in penalties.items()}
    for kind, value in {**expected, "both": np.mean(list(expected.values()))}.items():
        loss = losses.build("betti_matching", filtration=kind, adjacency=8 if full else 4, push_unmatched=push)
        np.testing.assert_allclose(loss.topological_term(z, y), value, rtol=1e-10, atol=1e-12)


def test_betti_matching_does_not_turn_with_every_image():
    """Two pieces of the truth: the first one in the order of the pixels never ends, the other one finds a partner."""
    z = torch.tensor([-1.0, -2.0, 2.0, 0.0], dtype=torch.float64).view(1, 1, 1, 4)
    y = torch.tensor([1, 1, 0, 1]).view(1, 1, 1, 4)
    term = losses.build("betti_matching").topological_term
    assert not torch.isclose(term(z.flip(3), y.flip(3)), term(z, y))


@few
@given(shape=shapes, seed=seeds, window=st.sampled_from([1, 3, 5, 7]))
def test_scnp_logits_are_those_of_equation_1(shape, seed, window):
    z, y = example(shape, seed)
    found = losses.scnp_logits(z, y, window)[0, 0].numpy()
    np.testing.assert_array_equal(found, slow.scnp(z[0, 0].numpy(), y[0, 0].numpy(), window))


@few
@given(shape=shapes, seed=seeds, scale=st.sampled_from([1.0, 1e4, 1e30]))
def test_scnp_leaks_no_sentinel(shape, seed, scale):
    """The reference's 9999 is wrong for logits beyond that size."""
    z, y = example(shape, seed, 3)
    found = losses.scnp_logits(z * scale, y, 3)
    assert set(found.unique().tolist()) <= set((z * scale).unique().tolist())


@few
@given(
    shape=shapes, seed=seeds, channels=st.sampled_from([1, 3]), base=st.sampled_from(["ce", "dice", "dice_ce", "bce"])
)
def test_scnp_never_lowers_a_loss_that_sees_the_truth_of_each_pixel_alone(shape, seed, channels, base):
    """With several classes Dice may fall: a wrong class gets less probable where another one gets more so."""
    z, y = example(shape, seed, channels)
    if channels == 1 or base in ("ce", "bce"):
        assert losses.build("scnp", base=base)(z, y) >= losses.build(base)(z, y) - 1e-12
    joint = losses.build("scnp", base=base, joint=True)(z, y)
    torch.testing.assert_close(joint, losses.build("scnp", base=base)(z, y) + losses.build(base)(z, y))


@few
@given(shape=shapes, seed=seeds)
def test_closs_masks_are_those_of_their_definition(shape, seed):
    z, y = example(shape, seed)
    truth, predicted = y[0, 0].numpy() > 0, z[0, 0].numpy() > 0
    missed = topology.skeletonize(truth) & ~predicted
    false = topology.skeletonize(predicted) & ~truth
    adjacency = {2: 8, 3: 26}[len(shape)]
    context = slow.touching(truth & ~predicted, missed, adjacency) | slow.touching(predicted & ~truth, false, adjacency)
    thin = losses.critical_pixels("thin_closs", z, y)[0, 0].numpy()
    full = losses.critical_pixels("closs", z, y)[0, 0].numpy()
    np.testing.assert_array_equal(thin, missed | false)
    np.testing.assert_array_equal(full, context)
    assert not (thin & ~full).any()
    assert not (full & (truth == predicted)).any()


@few
@given(shape=shapes, seed=seeds, threshold=st.sampled_from([0.3, 0.5, 0.6]))
def test_hard_pixels_are_those_of_their_definition(shape, seed, threshold):
    z, y = example(shape, seed)
    p, truth = torch.sigmoid(z), y > 0
    above = p > threshold
    wrong = above ^ truth
    assert torch.equal(losses.critical_pixels("thpm", z, y, threshold=threshold), wrong)
    positive = topology.skeletonize(truth) & ~above
    negative = topology.skeletonize(above) & ~truth
    assert torch.equal(losses.critical_pixels("shpm", z, y, threshold=threshold), positive | negative)
    published = losses.critical_pixels("phpm", z, y, threshold=threshold, mean="dimensions")
    assert not (published & ~wrong).any()
    assert not (published & ~losses.critical_pixels("phpm", z, y, threshold=threshold)).any()


@few
@given(shape=shapes, seed=seeds, channels=st.sampled_from([1, 3]))
def test_phpm_and_topoloss_are_those_of_gudhi(shape, seed, channels):
    """Both terms again from GUDHI's diagrams, feature by feature: PHPM on f(p, y, t), TopoLoss on patches."""
    z, y = example(shape, seed, channels)
    p = (torch.sigmoid(z) if channels == 1 else torch.softmax(z, 1)[:, 1:])[0].numpy()
    images = [(image, y[0, 0].numpy() == c + 1) for c, image in enumerate(p)]
    dims = tuple(range(len(shape)))
    mined = [slow.mean_error_at_critical_pixels(image, mask, dims, 0.6) for image, mask in images]
    term = losses.build("phpm", dims=dims, mean="dimensions").topological_term(z, y)
    np.testing.assert_allclose(term, np.mean(mined), rtol=1e-10, atol=1e-12)
    penalties = [slow.persistence_penalty(image, mask, dims, side=4, threshold=0.03) for image, mask in images]
    term = losses.build("topoloss", dims=dims, patch=4).topological_term(z, y)
    np.testing.assert_allclose(term, np.mean(penalties), rtol=1e-10, atol=1e-12)


@few
@given(shape=shapes, seed=seeds, channels=st.sampled_from([1, 3]))
def test_scnp_shows_the_logits_that_give_way(shape, seed, channels):
    z, y = example(shape, seed, channels)
    changed = losses.scnp_logits(z, y) != z
    assert torch.equal(losses.critical_pixels("scnp", z, y, include_background=True), changed)


@pytest.mark.parametrize(
    "name",
    ["thpm", "phpm", "shpm", "topoloss", "skeleton_recall", "cldice", "betti_matching"],
)
@few
@given(seed=seeds)
def test_two_classes_with_one_empty_are_the_mean_with_the_empty_one(name, seed):
    """Each foreground class by itself, then the mean: a third channel that nobody wants takes its share and no more."""
    z, y = example((9, 10), seed)
    three = torch.cat([torch.zeros_like(z), z, torch.full_like(z, -60.0)], 1)
    loss = build(name)
    term, one = loss.topological_term(three, y), loss.topological_term(z, y)
    alone = loss.topological_term(torch.full_like(z, -60.0), torch.zeros_like(y))
    torch.testing.assert_close(term, (one + alone) / 2, rtol=1e-6, atol=1e-9)
