"""What LOSSES.md promises of every loss, over the register."""

import itertools
import warnings

import pytest
import torch

import losses

SPATIAL = {
    "2D": (13, 16),
    "2D odd": (7, 11),
    "2D line": (1, 17),
    "3D": (7, 8, 6),
    "3D slab": (1, 9, 8),
    "one pixel": (1, 1),
}
CHANNELS = (1, 2, 4)
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
PATCHES = {"topoloss": {"patch": 5, "dims": (0, 1)}}
FAST = {"cldice": {"iterations": 3}, "compound_cldice": {"iterations": 3}, "clce": {"iterations": 3}}
# what scales with logits of 1e4 is computed in float32 and stays far from its limits

every_loss = pytest.mark.parametrize("name", losses.names())


def build(name: str, **parameters) -> losses._base.SegmentationLoss:
    return losses.build(name, **{**PATCHES.get(name, {}), **FAST.get(name, {}), **parameters})


def tube(spatial: tuple[int, ...], channels: int, batch: int = 2, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Give random logits and a target of bands, of all classes."""
    generator = torch.Generator().manual_seed(seed)
    classes = max(channels, 2)
    position = torch.arange(spatial[-1]) // 3 % classes
    target = position.expand(batch, 1, *spatial).clone()
    target[:, :, : spatial[0] // 3] = 0
    return torch.randn(batch, channels, *spatial, generator=generator), target


def one_hot(target: torch.Tensor, channels: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(target[:, 0].long(), channels).movedim(-1, 1)


def assert_finite(name: str, logits: torch.Tensor, target: torch.Tensor, **parameters) -> torch.Tensor:
    z = logits.clone().requires_grad_()
    loss = build(name, **parameters)
    value = loss(z, target)
    assert value.ndim == 0
    assert torch.isfinite(value), name
    value.backward()
    assert z.grad.shape == z.shape
    assert torch.isfinite(z.grad).all(), name
    assert torch.isfinite(loss.topological_term(logits, target))
    return value


# each pair of options occurs; the full product would not add a pair
CASES = [
    (size, channels, dtype, form)
    for i, (size, channels) in enumerate(itertools.product(SPATIAL, CHANNELS))
    for j, dtype in enumerate(DTYPES)
    for k, form in enumerate(("index", "one-hot"))
    if (i + j + k) % 2 == 0
]


@every_loss
@pytest.mark.parametrize("size", SPATIAL)
def test_finite_for_every_shape_type_and_target(name, size):
    for channels, dtype, form in [case[1:] for case in CASES if case[0] == size]:
        logits, target = tube(SPATIAL[size], channels)
        given = one_hot(target, channels) if form == "one-hot" and channels > 1 else target
        value = assert_finite(name, logits.to(dtype), given)
        assert value.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


@every_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_autocast_computes_in_float32(name, dtype):
    logits, target = tube((12, 14), 2)
    half = logits.to(dtype)
    with torch.autocast("cpu", dtype):
        inside = build(name)(half, target)
    torch.testing.assert_close(inside, build(name)(half.float(), target))


@every_loss
@pytest.mark.parametrize("channels", [1, 3])
def test_memory_format_does_not_matter(name, channels):
    logits, target = tube((8, 10), channels)
    expected = build(name)(logits, target)
    wide = torch.zeros(2, channels, 8, 20)
    wide[..., ::2] = logits
    for same in (logits.to(memory_format=torch.channels_last), wide[..., ::2], logits.mT.contiguous().mT):
        torch.testing.assert_close(build(name)(same, target), expected)
    volume, mask = tube((5, 6, 7), channels)
    last = volume.to(memory_format=torch.channels_last_3d)
    torch.testing.assert_close(build(name)(last, mask), build(name)(volume, mask))


@every_loss
@pytest.mark.parametrize("dims", [2, 3])
def test_extreme_inputs_stay_finite(name, dims):
    spatial = (9, 12) if dims == 2 else (5, 6, 7)
    random, bands = tube(spatial, 1)
    point, border = torch.zeros_like(bands), torch.zeros_like(bands)
    point[(..., *[s // 2 for s in spatial])] = 1
    border[:, :, 0] = 1
    targets = [torch.zeros_like(bands), torch.ones_like(bands), point, border]
    constant = torch.zeros_like(random)
    for target in targets:
        for logits in (
            constant,
            constant + 1e4,
            constant - 1e4,
            random * 1e4,
            (2.0 * target - 1) * 1e4,
            (1 - 2.0 * target) * 1e4,
        ):
            assert_finite(name, logits, target)
    several, classes = tube(spatial, 3)
    for target in (torch.zeros_like(classes), torch.full_like(classes, 2)):
        assert_finite(name, several * 1e4, target)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float64, torch.int32, torch.uint8, torch.bool, torch.float16], ids=str)
def test_target_of_any_type(name, dtype):
    logits, target = tube((8, 9), 1)
    torch.testing.assert_close(build(name)(logits, target.to(dtype)), build(name)(logits, target))


@every_loss
@pytest.mark.parametrize("channels", [1, 3])
def test_perfect_prediction_is_the_minimum(name, channels):
    logits, target = tube((12, 13), channels)
    perfect = 30.0 * (2 * one_hot(target, max(channels, 2)) - 1)[:, -channels:]
    best = build(name)(perfect, target)
    worse = [logits, -perfect, torch.zeros_like(perfect), perfect.roll(2, dims=-1), perfect + 40 * logits]
    assert all(best < build(name)(z, target) for z in worse), name


@every_loss
def test_batch_is_the_mean_of_its_samples(name):
    logits, target = tube((10, 12), 3, batch=3)
    target[1] = 0  # a sample without structures is one like the others
    target[2] = target[2].roll(1, dims=-1)
    loss = build(name)
    singles = [loss(logits[i : i + 1], target[i : i + 1]) for i in range(3)]
    torch.testing.assert_close(loss(logits, target), torch.stack(singles).mean())
    torch.testing.assert_close(loss(logits[[2, 0, 1]], target[[2, 0, 1]]), loss(logits, target))


@every_loss
def test_common_batch_does_not_depend_on_order(name):
    logits, target = tube((10, 12), 3, batch=3)
    loss = build(name, batch=True)
    torch.testing.assert_close(loss(logits[[2, 0, 1]], target[[2, 0, 1]]), loss(logits, target))


@every_loss
def test_two_channels_equal_one(name):
    """Softmax over (0, z) is sigmoid of z. Not for SCNP: it acts on each logit before the activation."""
    z, target = tube((11, 12), 1)
    two = torch.cat([torch.zeros_like(z), z], 1).double()
    one, both = build(name)(z.double(), target), build(name)(two, target)
    if losses.build(name).__class__.__name__ == "SCNP":
        assert torch.isfinite(both)
    else:
        torch.testing.assert_close(one, both)


@every_loss
@pytest.mark.parametrize("channels", [1, 3])
def test_ignored_pixels_enter_nothing(name, channels):
    logits, target = tube((14, 15), channels)
    ignored = torch.zeros_like(target, dtype=torch.bool)
    ignored[:, :, 3:8, 4:9] = True
    marked = torch.where(ignored, 255, target)
    z = logits.double().requires_grad_()
    loss = build(name, ignore_index=255)
    value = loss(z, marked)
    value.backward()
    assert (z.grad[ignored.expand_as(z)] == 0).all()
    other = torch.where(ignored, 5 * torch.randn_like(z), z.detach())
    torch.testing.assert_close(loss(other, marked), value)
    assert_finite(name, logits, torch.full_like(target, 255), ignore_index=255)
    torch.testing.assert_close(loss(logits, target), build(name)(logits, target))  # nothing to ignore


ELSEWHERE = {  # values that make a parameter show, where doubling it does not
    "iterations": 1, "dims": (1,), "window": 5, "joint": True, "base": "mse", "base_parameters": {"smooth": 1.0},
    "pixel": "dice", "include_background": True, "batch": True, "patch": 4, "threshold": 0.3, "spacing": (1.0, 3.0),
    "persistence_threshold": 0.9, "gamma": 0.1, "smooth": 5.0,
}  # fmt: skip
NO_EFFECT = {  # said so in the docstrings
    "include_background": {"ce", "region_wise", "focal"},
    "smooth": {"ce", "bce", "mse", "focal", "region_wise"},
    "batch": {"ce", "bce", "mse", "focal", "region_wise"},  # but with ignored pixels
}


@every_loss
def test_each_parameter_changes_the_value(name):
    logits, target = tube((14, 15), 3)
    target[0, :, :, :5] = 0
    for parameter, default in losses.parameters(name).items():
        if parameter in ("check_finite", "ignore_index") or name in NO_EFFECT.get(parameter, ()):
            continue
        other = ELSEWHERE.get(parameter, 2 * default if isinstance(default, float) else default)
        assert other != default, (name, parameter)
        patch = {"patch": 100} if name == "topoloss" and parameter != "patch" else {}
        weight = {"weight": 1.0} if name == "topoloss" and parameter != "weight" else {}
        plain = losses.build(name, **patch, **weight)(logits, target)
        changed = losses.build(name, **patch, **weight, **{parameter: other})(logits, target)
        assert plain != changed, (name, parameter)


@every_loss
def test_wrong_input_is_refused(name):
    loss = build(name, check_finite=True)
    z, y = tube((6, 7), 2)
    wrong = [
        (z.numpy(), y, TypeError, "`input` must be a torch.Tensor"),
        (z.long(), y, TypeError, "`input` must hold floating point logits"),
        (z, y + 0j, TypeError, "`target`"),
        (z[0], y, ValueError, r"`input` must have shape \(B, C, H, W\)"),
        (z[..., None, None], y, ValueError, r"`input` must have shape"),
        (z[:, :, :0], y[:, :, :0], ValueError, "`input` must not be empty"),
        (z, y[:, 0], ValueError, r"`target` must have shape \(2, 1, 6, 7\) or \(2, 2, 6, 7\)"),
        (z, y[..., :3], ValueError, "`target` must have shape"),
        (z, y + 1, ValueError, "class indices 0 to 1, got values from 1 to 2"),
        (z, y - 1, ValueError, "class indices 0 to 1, got values from -1"),
        (z, y + 0.5, ValueError, "whole class indices"),
        (z, one_hot(y, 2) * 2, ValueError, "only 0 and 1"),
        (z, one_hot(y, 2) * 0, ValueError, "exactly one class"),
        (z * torch.nan, y, ValueError, "must be finite"),
        (z, y.to("meta"), ValueError, "must be on the device"),
    ]
    for logits, target, error, message in wrong:
        with pytest.raises(error, match=message):
            loss(logits, target)


@every_loss
def test_wrong_parameters_are_refused(name):
    for parameters, error in (({"smooth": 0}, ValueError), ({"smooth": "1"}, TypeError), ({"batch": 1}, TypeError)):
        with pytest.raises(error, match=f"`{next(iter(parameters))}` must"):
            losses.build(name, **parameters)
    with pytest.raises(ValueError, match="has no parameter 'gama'.*It has: "):
        losses.build(name, gama=0.2)


@pytest.mark.parametrize(
    ("name", "parameters", "error"),
    [
        ("closs", {"gamma": 0.7}, ValueError),
        ("thin_closs", {"pixel": "ce"}, ValueError),
        ("cldice", {"gamma": 1.5}, ValueError),
        ("cldice", {"iterations": 2.5}, TypeError),
        ("cldice", {"iterations": -1}, ValueError),
        ("compound_cldice", {"skeleton_smooth": 0}, ValueError),
        ("scnp", {"window": 4}, ValueError),
        ("scnp", {"base": "scnp"}, ValueError),
        ("scnp", {"base": "clDice"}, ValueError),
        ("scnp", {"base_parameters": {"gamma": 1}}, ValueError),
        ("thpm", {"threshold": 1.0}, ValueError),
        ("shpm", {"weight": -1}, ValueError),
        ("phpm", {"dims": (0, 0)}, ValueError),
        ("phpm", {"dims": 1}, TypeError),
        ("topoloss", {"patch": 0}, ValueError),
        ("topoloss", {"dims": None}, TypeError),
        ("topoloss", {"persistence_threshold": 1.0}, ValueError),
        ("focal", {"focusing": -1}, ValueError),
        ("region_wise", {"spacing": (1, 0)}, ValueError),
        ("skeleton_recall", {"weight": float("nan")}, ValueError),
    ],
)
def test_values_out_of_range_are_refused(name, parameters, error):
    with pytest.raises(error):
        losses.build(name, **parameters)


def test_a_dimension_that_the_image_lacks_is_refused():
    z, y = tube((6, 7), 1)
    for name in ("phpm", "topoloss"):
        with pytest.raises(ValueError, match="`dims` must lie in 0 to 1 for a 2D image"):
            losses.build(name, dims=(2,))(z, y)


def test_probabilities_are_noticed_once():
    z, y = tube((6, 7), 1)
    loss = losses.build("dice_ce")
    with pytest.warns(UserWarning, match="raw logits"):
        loss(torch.sigmoid(z), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss(torch.sigmoid(z), y)
        losses.build("dice_ce")(z, y)


def test_unknown_loss_comes_with_its_neighbour():
    with pytest.raises(ValueError, match="unknown loss 'closss'; did you mean 'closs'"):
        losses.build("closss")


def test_a_slug_is_taken_once(tmp_path):
    class Copy(losses.entry("dice").cls):
        pass

    Copy.__module__ = __name__
    with pytest.raises(ValueError, match=r"'dice' is registered twice: in .*pixelwise.py and in .*contract.py"):
        losses.register("dice", title="Dice again", reference="none")(Copy)


def test_names_are_the_contract():
    ten = ["dice_ce", "cldice", "compound_cldice", "closs", "thin_closs", "scnp", "thpm", "phpm", "shpm", "topoloss"]
    assert losses.names()[:10] == ten
    others = {"ce", "dice", "bce", "mse", "focal", "tversky", "skeleton_recall", "region_wise", "clce"}
    assert others <= set(losses.names())


@every_loss
@pytest.mark.parametrize("channels", [1, 3])
def test_critical_pixels_have_the_shape_of_the_logits(name, channels):
    z, y = tube((9, 10), channels)
    pixels = losses.critical_pixels(name, z, y, **PATCHES.get(name, {}))
    assert pixels.shape == z.shape
    assert pixels.dtype == torch.bool
    assert pixels.any()
    assert channels == 1 or not pixels[:, 0].any()
