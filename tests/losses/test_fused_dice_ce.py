"""Dice&CE in one pass against the same with operations on tensors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import losses
from topology.kernels.compiled import SWITCH

OPTIONS = [{}, {"batch": True}, {"include_background": True}, {"ignore_index": 255}, {"ignore_index": 0, "batch": True}]


def case(shape: tuple[int, ...], seed: int, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    z = torch.from_numpy(rng.normal(0, scale, shape)).float()
    y = torch.from_numpy(rng.integers(0, max(shape[1], 2), (shape[0], 1, *shape[2:])))
    return z, y


def value_and_gradient(loss: torch.nn.Module, z: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = z.clone().requires_grad_()
    value = loss(leaf, y)
    value.backward()
    return value.detach(), leaf.grad


@settings(max_examples=60, deadline=None)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 4),
    spatial=st.sampled_from([(1, 1), (7, 5), (40, 53), (6, 7, 9)]),
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([0.1, 3.0, 30.0, 1e4]),
    options=st.sampled_from(OPTIONS),
)
def test_one_pass_is_the_double_precision_of_many(batch, channels, spatial, seed, scale, options):
    z, y = case((batch, channels, *spatial), seed, scale)
    if options.get("ignore_index") == 255:
        y[torch.rand(y.shape, generator=torch.Generator().manual_seed(seed)) < 0.3] = 255
    loss = losses.build("dice_ce", **options)
    value, gradient = value_and_gradient(loss, z, y)
    expected, its_gradient = value_and_gradient(loss, z.double(), y)
    # both hold differences to p, which is next to 1 where they are small: its rounding remains
    counted = (y != options.get("ignore_index", -1)).flatten(1).sum(1).clamp(min=1).min().item()
    rounding = torch.finfo(torch.float32).eps / counted
    torch.testing.assert_close(value.double(), expected, rtol=1e-6, atol=1e-9 + rounding)
    # the gradients of Dice and cross-entropy may cancel, and each has its own rounding
    of_dice = value_and_gradient(losses.build("dice", **options), z.double(), y)[1]
    largest = max(each.abs().max().item() for each in (its_gradient, of_dice, its_gradient - of_dice))
    torch.testing.assert_close(gradient.double(), its_gradient, rtol=0, atol=2e-6 * max(largest, 1e-12) + rounding)


def test_parts_of_an_image_and_threads_do_not_change_a_bit():
    z, y = case((2, 2, 300, 500), 0, 3.0)  # more than one part
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        results.append(value_and_gradient(losses.build("dice_ce"), z, y))
    torch.set_num_threads(before)
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


@pytest.mark.parametrize("channels", [1, 3])
def test_gradient_of_the_gradient(monkeypatch, channels):
    z, y = case((2, channels, 6, 7), 0, 2.0)

    def curvature() -> torch.Tensor:
        leaf = z.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(losses.build("dice_ce")(leaf, y), leaf, create_graph=True)
        gradient.square().sum().backward()
        return leaf.grad

    fused = curvature()
    monkeypatch.setenv(SWITCH, "0")
    torch.testing.assert_close(fused, curvature())


def test_what_is_not_a_number_does_not_go_unnoticed():
    for channels in (1, 2):
        z, y = case((1, channels, 9, 8), 0, 1.0)
        z[0, 0, 3, 3] = torch.nan
        with pytest.raises(losses.NonFiniteLogitsError, match="got 1 NaN or infinite logits"):
            losses.build("dice_ce")(z, y)


def test_confident_pixels_keep_their_small_cross_entropy():
    """Where 1 + exp(-|z|) is 1 in single precision."""
    z, y = torch.full((1, 1, 50, 50), 25.0), torch.ones(1, 1, 50, 50, dtype=torch.long)
    assert losses.build("dice_ce")(z, y).item() == pytest.approx(np.log1p(np.exp(-25.0)), rel=1e-4)
