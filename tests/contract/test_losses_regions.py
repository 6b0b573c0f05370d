"""Overlapping regions: every loss takes each channel as a binary problem of its own, and the mean of them."""

import pytest
import torch

import losses

FAST = {"cldice": {"iterations": 3}, "compound_cldice": {"iterations": 3}, "clce": {"iterations": 3}}
SPATIAL = pytest.mark.parametrize("spatial", [(12, 14), (5, 9, 8)], ids=["2D", "3D"])

every_loss = pytest.mark.parametrize("name", losses.names())


def build(name: str, **parameters) -> losses._base.PixelLoss:
    return losses.build(name, **{**FAST.get(name, {}), **parameters})


def needs(name: str, spatial: tuple[int, ...]) -> None:
    if len(spatial) not in losses.entry(name).dims:
        pytest.skip(f"{name} is not defined in {len(spatial)}D")


def overlapping(spatial: tuple[int, ...], batch: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Give random logits of three regions: a block, a band inside of it that leaves it, and one that is nowhere."""
    target = torch.zeros(batch, 3, *spatial, dtype=torch.long)
    target[:, 0, ..., 2:7, 1:6] = 1
    target[:, 1, ..., 4:6, 3:] = 1
    target[0, 0, ..., 8:, 6:] = 1
    return torch.randn(target.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64), target


def value_and_gradient(loss, logits, target) -> tuple[torch.Tensor, torch.Tensor]:
    z = logits.detach().clone().requires_grad_()
    value = loss(z, target)
    value.backward()
    return value.detach(), z.grad


@every_loss
@SPATIAL
@pytest.mark.parametrize("options", [{}, {"batch": True}, {"ignore_index": 255}], ids=["samples", "batch", "ignore"])
def test_regions_are_the_mean_of_binary_problems(name, spatial, options):
    needs(name, spatial)
    logits, target = overlapping(spatial)
    if "ignore_index" in options:  # region by region
        target[0, 0, ..., :4], target[1, 2, ..., 3:] = 255, 255
    value, gradient = value_and_gradient(build(name, regions=True, **options), logits, target)
    alone = build(name, **options)
    parts = [value_and_gradient(alone, logits[:, r : r + 1], target[:, r : r + 1]) for r in range(3)]
    torch.testing.assert_close(value, sum(v for v, _ in parts) / 3)
    torch.testing.assert_close(gradient, torch.cat([g for _, g in parts], 1) / 3)
    term = build(name, regions=True, **options).topological_term(logits, target)
    alone = [alone.topological_term(logits[:, r : r + 1], target[:, r : r + 1]) for r in range(3)]
    torch.testing.assert_close(term, sum(alone) / 3)


@every_loss
def test_one_region_is_one_channel(name):
    logits, target = overlapping((11, 13))
    z, y = logits[:, :1], target[:, :1]
    assert torch.equal(build(name, regions=True)(z, y), build(name)(z, y))


@every_loss
@SPATIAL
def test_regions_stay_finite(name, spatial):
    needs(name, spatial)
    logits, target = overlapping(spatial)
    loss = build(name, regions=True, ignore_index=255)
    for y in (target, torch.zeros_like(target), torch.ones_like(target), torch.full_like(target, 255)):
        for z in (logits.bfloat16(), (1e4 * logits).half(), torch.zeros_like(logits)):
            value, gradient = value_and_gradient(loss, z, y)
            assert torch.isfinite(value)
            assert torch.isfinite(gradient).all()


@every_loss
def test_pixels_that_a_region_ignores_enter_nothing(name):
    logits, target = overlapping((12, 14))
    target[0, 1, :5] = 255
    ignored = target == 255
    loss = build(name, regions=True, ignore_index=255)
    value, gradient = value_and_gradient(loss, logits, target)
    assert (gradient[ignored] == 0).all()
    torch.testing.assert_close(loss(torch.where(ignored, -logits, logits), target), value)


@every_loss
@SPATIAL
def test_a_perfect_prediction_of_overlapping_regions_is_the_minimum(name, spatial):
    needs(name, spatial)
    logits, target = overlapping(spatial)
    perfect = 30.0 * (2 * target.double() - 1)
    loss = build(name, regions=True)
    worse = (logits, -perfect, perfect.roll(2, -1), perfect + 40 * logits)
    assert all(loss(perfect, target) < loss(z, target) for z in worse)


@every_loss
def test_the_order_of_regions_does_not_matter(name):
    logits, target = overlapping((10, 12))
    order = [2, 0, 1]
    loss = build(name, regions=True)
    torch.testing.assert_close(loss(logits[:, order], target[:, order]), loss(logits, target))


@every_loss
def test_critical_pixels_of_regions(name):
    logits, target = overlapping((10, 12))
    pixels = losses.critical_pixels(name, logits, target, regions=True)
    alone = [losses.critical_pixels(name, logits[:, r : r + 1], target[:, r : r + 1]) for r in range(3)]
    assert torch.equal(pixels, torch.cat(alone, 1))


@every_loss
@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32], ids=str)
def test_regions_of_any_type(name, dtype):
    logits, target = overlapping((8, 9))
    loss = build(name, regions=True)
    torch.testing.assert_close(loss(logits, target.to(dtype)), loss(logits, target))


@every_loss
def test_wrong_regions_are_refused(name):
    logits, target = overlapping((8, 9))
    loss = build(name, regions=True)
    wrong = [
        (target[:, :1], r"`target` must have shape \(2, 3, 8, 9\) \(a channel for each region\)"),
        (target + 1, "class indices 0 to 1, got values from 1 to 2"),
        (target * 0.5, "whole class indices"),
    ]
    for y, message in wrong:
        with pytest.raises(ValueError, match=message):
            loss(logits, y)
