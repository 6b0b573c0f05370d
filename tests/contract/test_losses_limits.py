"""What losses refuse: logits that are not finite, second derivatives of the soft skeleton, torch.func."""

import math

import pytest
import torch
from contract.test_losses_contract import build, every_loss, needs, tube

import losses
from losses import _checks
from topology.kernels.compiled import SWITCH

TOPOLOGY = {
    "topoloss": {"patch": 4, "dims": (0, 1), "weight": 1.0},
    # its targets of features to be removed depend on p, but are taken as constants: none are removed here
    "topoloss_published": {"patch": 4, "weight": 1.0, "persistence_threshold": 0.99},
}
ONCE = ("cldice", "compound_cldice", "clce")
SHAPES = [((9, 10), 1), ((9, 10), 3), ((4, 6, 7), 1), ((4, 6, 7), 3)]


@every_loss
@pytest.mark.parametrize(("spatial", "channels"), SHAPES, ids=str)
def test_nan_that_counts_is_refused_wherever_it_is(name, spatial, channels):
    needs(name, len(spatial))
    logits, target = tube(spatial, channels)
    loss = build(name)
    for place in (*torch.randperm(logits.numel(), generator=torch.Generator().manual_seed(0))[:5].tolist(), None):
        spoilt = logits.clone()
        spoilt.view(-1)[slice(None) if place is None else place] = math.nan
        with pytest.raises(losses.NonFiniteLogitsError, match="`input` must be finite where pixels count, got"):
            loss(spoilt, target)


@every_loss
@pytest.mark.parametrize(("spatial", "channels"), SHAPES, ids=str)
def test_infinity_is_refused_or_counts_as_certain(name, spatial, channels):
    """The limit of large logits where it is finite, with a finite gradient; else the error."""
    needs(name, len(spatial))
    logits, target = tube(spatial, channels)
    loss = build(name)
    for infinity in (math.inf, -math.inf):
        for place in torch.randperm(logits.numel(), generator=torch.Generator().manual_seed(1))[:4].tolist():
            z, large = logits.clone(), logits.clone()
            z.view(-1)[place], large.view(-1)[place] = infinity, math.copysign(1e4, infinity)
            try:
                value = loss(z.requires_grad_(), target)
            except losses.NonFiniteLogitsError:
                continue
            torch.testing.assert_close(value, loss(large, target))
            value.backward()
            assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_infinite_logits_of_cross_entropy_are_refused(channels):
    logits, target = tube((5, 6), channels)
    logits[0, 0, 0, 0] = math.inf
    with pytest.raises(losses.NonFiniteLogitsError):
        build("dice_ce")(logits, target)


@every_loss
def test_nan_below_pixels_that_a_region_ignores_enters_nothing(name):
    logits, target = torch.randn(2, 3, 8, 9, generator=torch.Generator().manual_seed(0)), torch.zeros(2, 3, 8, 9)
    target[:, :, 2:6, 1:7] = 1
    target[0, 1, :4] = 255
    found = []
    for below in (0.0, math.nan, math.inf):
        z = torch.where(target == 255, below, logits).requires_grad_()
        value = build(name, regions=True, ignore_index=255)(z, target)
        value.backward()
        found.append((value.detach(), z.grad))
    for value, gradient in found[1:]:
        assert torch.equal(value, found[0][0])
        assert torch.equal(gradient, found[0][1])


def test_a_gpu_is_asked_once_for_everything_that_is_checked():
    """The computation of the GPU's way, here on the CPU."""
    indices = torch.tensor([[3, 1], [2, 7]])
    assert _checks.in_one_transfer(indices, torch.randn(2, 3)) == (1, 7, True)
    for wrong in (math.nan, math.inf, -math.inf):
        assert _checks.in_one_transfer(indices, torch.tensor([1.0, wrong, 2.0])) == (1, 7, False)


def gradient(loss, z, y) -> torch.Tensor:
    leaf = z.detach().requires_grad_()
    return torch.autograd.grad(loss(leaf, y), leaf)[0]


@every_loss
@pytest.mark.parametrize("kernels", ["0", "1"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_second_derivative_is_the_finite_difference_or_refused(monkeypatch, name, kernels, channels, dtype):
    monkeypatch.setenv(SWITCH, kernels)
    loss = build(name, **TOPOLOGY.get(name, {}))
    generator = torch.Generator().manual_seed(3)
    number = 2 * channels * 42
    # at least 0.01 apart, so that no step reorders them
    steps = (torch.randperm(number, generator=generator) - number // 2).double() * 0.013 + 0.0061
    z = steps.reshape(2, channels, 7, 6)
    y = tube((7, 6), channels)[1]
    direction = torch.randn(z.shape, generator=generator, dtype=torch.float64)
    leaf = z.to(dtype).requires_grad_()
    (first,) = torch.autograd.grad(loss(leaf, y), leaf, create_graph=True)
    torch.testing.assert_close(first.detach(), gradient(loss, z.to(dtype), y))
    if name in ONCE:
        with pytest.raises(NotImplementedError, match="the soft skeleton can be differentiated only once"):
            torch.autograd.grad((first * direction).sum(), leaf)
        return
    (second,) = torch.autograd.grad((first * direction).sum(), leaf)
    step = 1e-5 * direction
    numeric = (gradient(loss, z + step, y) - gradient(loss, z - step, y)) / 2e-5
    accuracy = {"rtol": 1e-5, "atol": 1e-9} if dtype == torch.float64 else {"rtol": 1e-3, "atol": 1e-6}
    torch.testing.assert_close(second.double(), numeric, **accuracy)


@every_loss
def test_transforms_of_torch_func_are_refused_in_one_line(name):
    logits, target = tube((6, 7), 1)
    loss = build(name)
    several = torch.stack([logits, logits]), torch.stack([target, target])
    transforms = [
        lambda: torch.func.vmap(loss)(*several),
        lambda: torch.func.grad(loss)(logits, target),
        lambda: torch.func.hessian(loss)(logits, target),
        lambda: torch.func.jvp(lambda z: loss(z, target), (logits,), (logits,)),
    ]
    for transform in transforms:
        with pytest.raises(NotImplementedError, match=r"^losses do not support torch.func .*"):
            transform()
