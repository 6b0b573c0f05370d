"""The soft skeleton with operations on whole tensors: on any device, and on the CPU where numba cannot compile.

The gradient is written out by hand: autograd would keep every intermediate of every iteration, hundreds of times the
image. Here only one in several iterations is kept, and those in between are recomputed in the backward pass.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch

from topology._once import differentiable_once
from topology._windows import Extremum, erode, erode_backward, maximum_backward, window_maximum


class SoftSkeleton(torch.autograd.Function):
    """Levels 0 to k: level j holds the image eroded j times, and the skeleton of the levels before it."""

    @staticmethod
    def forward(ctx: Any, p: torch.Tensor, iterations: int) -> torch.Tensor:
        stride = math.isqrt(iterations) + 1
        keep = ctx.needs_input_grad[0]
        kept, skeleton = [], p
        for level, (image, before, after) in enumerate(_levels(p, None, iterations + 1)):
            skeleton = after
            if keep and level % stride == 0:
                kept += [image] if before is None else [image, before]
            # deeper levels of an image that is fully eroded add nothing; on a GPU, checking would mean waiting
            if not keep and image.device.type == "cpu" and not image.any():
                break
        ctx.save_for_backward(*kept)
        ctx.stride, ctx.levels = stride, iterations + 1
        return skeleton

    @staticmethod
    @differentiable_once("the soft skeleton")
    def backward(ctx: Any, grad_skeleton: torch.Tensor) -> tuple[torch.Tensor | None, None]:
        first, *others = ctx.saved_tensors
        starts = [(first, None), *zip(others[::2], others[1::2], strict=True)]
        grad_next: torch.Tensor | None = None  # of the image one level deeper
        for number in reversed(range(len(starts))):
            length = min(ctx.stride, ctx.levels - number * ctx.stride)
            segment = [(image, before) for image, before, _ in _levels(*starts[number], length)]
            for image, before in reversed(segment):
                grad_next, grad_skeleton = _level_backward(image, before, grad_next, grad_skeleton)
        return grad_next, None


def _levels(
    image: torch.Tensor, before: torch.Tensor | None, number: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]]:
    """Return image, skeleton before (None at level 0) and skeleton after of some levels from a given one on."""
    for _ in range(number):
        eroded = erode(image)[0]
        ridge = (image - window_maximum(eroded).result).clamp_min_(0)
        after = ridge if before is None else (ridge - before * ridge).clamp_min_(0).add_(before)
        yield image, before, after
        image, before = eroded, after


def _level_backward(
    image: torch.Tensor, before: torch.Tensor | None, grad_next: torch.Tensor | None, grad_after: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Propagate the gradients of the next image and skeleton of a level back to its own image and skeleton.

    At level 0, which has no previous skeleton, the second result is meaningless.
    """
    eroded, lines = erode(image)
    opening: Extremum = window_maximum(eroded)
    ridge = (image - opening.result).clamp_min_(0)
    grad_ridge, grad_before = grad_after, grad_after
    if before is not None:
        # the rounded difference decides, as in the forward pass
        lost = ridge - before * ridge <= 0
        grad_ridge = (grad_after * (1 - before)).masked_fill_(lost, 0)
        grad_before = torch.addcmul(grad_after, grad_after, ridge.masked_fill(lost, 0), value=-1)
    grad_ridge = grad_ridge.masked_fill(ridge <= 0, 0)
    grad_eroded = maximum_backward(opening, -grad_ridge)
    if grad_next is not None:
        grad_eroded += grad_next
    return grad_ridge + erode_backward(image, eroded, lines, grad_eroded), grad_before
