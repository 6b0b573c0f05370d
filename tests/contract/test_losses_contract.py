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

every_loss = pytest.mark.parametrize("name", losses.names())


def build(name: str, **parameters) -> losses._base.PixelLoss:
    return losses.build(name, **{**PATCHES.get(name, {}), **FAST.get(name, {}), **parameters})


def tube(spatial: tuple[int, ...], channels: int, batch: int = 2, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Give random logits and a target of bands, of all classes."""
    generator = torch.Generator().manual_seed(seed)
    classes = max(channels, 2)
    position = torch.arange(spatial[-1]) // 3 % classes
    target = position.expand(batch, 1, *spatial).clone()
    target[:, :, : spatial[0] // 3] = 0
    return torch.randn(batch, channels, *spatial, generator=generator), target


def needs(name: str, ndim: int) -> None:
    """Skip a loss on images of a dimension that it is not registered for."""
    if ndim not in losses.entry(name).dims:
        pytest.skip(f"{name} is not defined in {ndim}D")


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
    needs(name, len(SPATIAL[size]))
    for channels, dtype, form in [case[1:] for case in CASES if case[0] == size]:
        logits, target = tube(SPATIAL[size], channels)
        given = one_hot(target, channels) if form == "one-hot" and channels > 1 else target
        value = assert_finite(name, logits.to(dtype), given)
        assert value.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        torch.testing.assert_close(build(name)(logits.to(dtype), target), value)


def value_and_gradient(name: str, logits: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    z = logits.detach().requires_grad_()
    value = build(name)(z, target)
    (gradient,) = torch.autograd.grad(value, z)
    return value.detach(), gradient


@every_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("spatial", [(12, 14), (5, 7, 6)], ids=["2D", "3D"])
def test_autocast_computes_in_float32(name, dtype, spatial):
    needs(name, len(spatial))
    logits, target = tube(spatial, 2)
    half = logits.to(dtype)
    with torch.autocast("cpu", dtype):
        value, gradient = value_and_gradient(name, half, target)
    expected, its_gradient = value_and_gradient(name, half.float(), target)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradient, its_gradient.to(dtype))


@every_loss
@pytest.mark.parametrize("channels", [1, 3])
def test_memory_format_does_not_matter(name, channels):
    logits, target = tube((8, 10), channels)
    expected, gradient = value_and_gradient(name, logits, target)
    wide = torch.zeros(2, channels, 8, 20)
    wide[..., ::2] = logits
    for same in (logits.to(memory_format=torch.channels_last), wide[..., ::2], logits.mT.contiguous().mT):
        value, its_gradient = value_and_gradient(name, same, target.mT.contiguous().mT)
        torch.testing.assert_close(value, expected)
        torch.testing.assert_close(its_gradient, gradient)
    if 3 not in losses.entry(name).dims:
        return
    volume, mask = tube((5, 6, 7), channels)
    expected, gradient = value_and_gradient(name, volume, mask)
    value, its_gradient = value_and_gradient(name, volume.to(memory_format=torch.channels_last_3d), mask)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(its_gradient, gradient)


@every_loss
@pytest.mark.parametrize("spatial", [(13, 16), (6, 7, 8)], ids=["2D", "3D"])
def test_same_input_gives_the_same_bits(name, spatial):
    needs(name, len(spatial))
    logits, target = tube(spatial, 3)
    first, second = (value_and_gradient(name, logits, target) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


@every_loss
@pytest.mark.parametrize("dims", [2, 3])
def test_extreme_inputs_stay_finite(name, dims):
    needs(name, dims)
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
        for dtype in (torch.float32, torch.float16, torch.bfloat16):
            assert_finite(name, (several * 1e4).clamp(-1e4, 1e4).to(dtype), target)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float64, torch.int32, torch.uint8, torch.bool, torch.float16], ids=str)
def test_target_of_any_type(name, dtype):
    logits, target = tube((8, 9), 1)
    torch.testing.assert_close(build(name)(logits, target.to(dtype)), build(name)(logits, target))


@every_loss
@pytest.mark.parametrize("channels", [1, 2, 4])
@pytest.mark.parametrize("spatial", [(12, 13), (5, 6, 13)], ids=["2D", "3D"])
def test_perfect_prediction_is_the_minimum(name, channels, spatial):
    needs(name, len(spatial))
    logits, target = tube(spatial, channels)
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
@pytest.mark.parametrize("spatial", [(11, 12), (6, 5, 7)], ids=["2D", "3D"])
def test_two_channels_equal_one(name, spatial):
    """Softmax over (a, a + z) is sigmoid of z. Not for SCNP: it acts on each logit before the activation."""
    needs(name, len(spatial))
    z, target = tube(spatial, 1)
    common = tube(spatial, 1, seed=1)[0]
    two = torch.cat([common, common + z], 1).double()
    one, its_gradient = value_and_gradient(name, two[:, 1:] - two[:, :1], target)
    both, gradient = value_and_gradient(name, two, target)
    if name == "scnp":
        assert not torch.isclose(one, both)
    else:
        torch.testing.assert_close(one, both)
        torch.testing.assert_close(gradient, torch.cat([-its_gradient, its_gradient], 1))


@every_loss
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("spatial", [(14, 15), (5, 9, 10)], ids=["2D", "3D"])
def test_nan_below_ignored_pixels_enters_nothing(name, channels, spatial):
    needs(name, len(spatial))
    torch.manual_seed(0)
    logits, target = torch.randn(2, channels, *spatial), torch.randint(0, max(channels, 2), (2, 1, *spatial))
    target[..., 2:5, 3:6] = 255
    loss = build(name, ignore_index=255)
    found = []
    for below in (0.0, torch.nan, torch.inf):
        z = torch.where(target == 255, below, logits).requires_grad_()
        value = loss(z, target)
        value.backward()
        found.append((value.detach(), z.grad))
    for value, gradient in found[1:]:
        assert torch.equal(value, found[0][0])
        assert torch.equal(gradient, found[0][1])
    assert torch.isfinite(found[0][1]).all()


@every_loss
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("spatial", [(14, 15), (5, 9, 10)], ids=["2D", "3D"])
def test_ignored_pixels_enter_nothing(name, channels, spatial):
    needs(name, len(spatial))
    logits, target = tube(spatial, channels)
    ignored = torch.zeros_like(target, dtype=torch.bool)
    ignored[..., 3:8, 4:9] = True
    other = 5 * tube(spatial, channels, seed=1)[0].double()
    for index in (255, -1, 0, 1):  # 0 and 1: a class left out
        marked = torch.where(ignored, index, target)
        left_out = (marked == index).expand_as(logits)
        z = logits.double().requires_grad_()
        loss = build(name, ignore_index=index)
        value = loss(z, marked)
        value.backward()
        assert (z.grad[left_out] == 0).all()
        assert z.grad.any() or index in (0, 1)
        torch.testing.assert_close(loss(torch.where(left_out, other, z.detach()), marked), value)
    assert_finite(name, logits, torch.full_like(target, 255), ignore_index=255)
    without = build(name, ignore_index=255)
    torch.testing.assert_close(without(logits, target), build(name)(logits, target))  # nothing to ignore


@every_loss
def test_one_hot_targets_leave_a_class_out_too(name):
    logits, target = tube((10, 11), 3)
    loss = build(name, ignore_index=2)
    torch.testing.assert_close(loss(logits, one_hot(target, 3)), loss(logits, target))


ELSEWHERE = {  # values that make a parameter show, where doubling it does not
    "iterations": 1, "dims": (1,), "window": 5, "joint": True, "base": "mse", "base_parameters": {"smooth": 1.0},
    "pixel": "dice", "include_background": True, "batch": True, "patch": 4, "threshold": 0.3, "spacing": (1.0, 3.0),
    "persistence_threshold": 0.9, "gamma": 0.1, "smooth": 5.0, "ignore_index": 1,
    "filtration": "sublevel", "push_unmatched": True, "skeleton": "menten", "aggregation": "sum", "mean": "dimensions",
}  # fmt: skip
OF_ONE_LOSS = {  # where losses differ in the defaults or choices of a parameter of one name
    ("closs", "normalize"): "mask", ("thin_closs", "normalize"): "mask", ("clce", "normalize"): "skeleton",
    ("compound_cldice", "normalize"): "all", ("topograph", "adjacency"): 4, ("betti_matching", "adjacency"): 8,
    ("phpm_published", "mean"): "union",
}  # fmt: skip


@every_loss
def test_each_parameter_changes_the_value(name):
    """The published code ignores some of its arguments; here none is."""
    logits, target = tube((14, 15), 3)
    target[0, :, :, :8] = 0
    for parameter, default in losses.parameters(name).items():
        if parameter in ("check_finite", "regions"):  # see test_wrong_input_is_refused and test_losses_regions.py
            continue
        other = ELSEWHERE.get(parameter, 2 * default if isinstance(default, float) else default)
        other = OF_ONE_LOSS.get((name, parameter), other)
        assert other != default, (name, parameter)
        fixed = {"patch": 100, "weight": 1.0} if name == "topoloss" else {}
        fixed.pop(parameter, None)
        if parameter == "batch":  # a plain mean shows it where samples have different numbers of pixels that count
            fixed["ignore_index"] = 2
        plain = losses.build(name, **fixed)(logits, target)
        changed = losses.build(name, **fixed, **{parameter: other})(logits, target)
        assert not torch.isclose(plain, changed, rtol=1e-6), (name, parameter)


@every_loss
def test_representation_names_what_differs_from_the_defaults(name):
    kind = type(losses.build(name)).__name__
    assert repr(losses.build(name)).startswith(f"{kind}(")
    assert "batch=True, ignore_index=3" in repr(losses.build(name, batch=True, ignore_index=3, check_finite=False))
    assert "batch" not in repr(losses.build(name)).split("base_loss")[0]


def test_probabilities_are_noticed_once():
    z, y = tube((6, 7), 1)
    loss = losses.build("dice_ce")
    with pytest.warns(UserWarning, match="raw logits"):
        loss(torch.sigmoid(z), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss(torch.sigmoid(z), y)
        losses.build("dice_ce")(z, y)
        losses.build("dice_ce")(torch.zeros_like(z), y)  # an untrained network's, equal everywhere


@every_loss
@pytest.mark.parametrize("channels", [1, 3])
def test_critical_pixels_have_the_shape_of_the_logits(name, channels):
    z, y = tube((9, 10), channels)
    pixels = losses.critical_pixels(name, z, y, **PATCHES.get(name, {}))
    assert pixels.shape == z.shape
    assert pixels.dtype == torch.bool
    assert pixels.any()
    assert channels == 1 or not pixels[:, 0].any()
