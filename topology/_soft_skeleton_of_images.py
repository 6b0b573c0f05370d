"""The soft skeleton image by image, in compiled loops on the CPU: one pass over memory for each level.

No intermediate result of any level is kept for the gradient. The skeleton grows by S = S + R (1 - S), so 1 - S is the
product of 1 - R over the levels, and the gradient of one level's R is that product without its own factor. So only the
product (`survival` in the kernels) and the eroded images are needed, and the latter are cheap to recompute from p or
from the few that are kept.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from topology._once import differentiable_once
from topology._recompute import go_back
from topology.kernels.compiled import for_each, usable

Array = npt.NDArray[Any]
_KEPT = 2  # eroded images kept for the backward pass; each costs memory and saves erosions


class Trace(NamedTuple):
    """What the gradient needs from the forward pass, for each image: the product of 1 - R, and the number of levels."""

    survivals: Array
    depths: Array


def fits(p: torch.Tensor) -> bool:
    """Return whether the compiled loops can take a tensor."""
    return p.device.type == "cpu" and p.dtype in (torch.float32, torch.float64, torch.int8) and usable()


class SoftSkeleton(torch.autograd.Function):
    """Soft skeleton of (B, C, *spatial)."""

    @staticmethod
    def forward(ctx: Any, p: torch.Tensor, iterations: int) -> torch.Tensor:
        skeletons = torch.empty(p.shape, dtype=p.dtype)
        out = _images(skeletons)

        def finish(number: int, skeleton: Array) -> None:
            out[number] = skeleton

        trace = _descend(p, iterations, ctx.needs_input_grad[0], finish)
        ctx.save_for_backward(p, *map(torch.from_numpy, trace))
        return skeletons

    @staticmethod
    @differentiable_once("the soft skeleton")
    def backward(ctx: Any, grad_skeleton: torch.Tensor) -> tuple[torch.Tensor, None]:
        p, survivals, depths = ctx.saved_tensors
        weights = _images(grad_skeleton)
        return _ascend(p, survivals, depths, lambda number: (1.0, weights[number], 0.0)), None


class SoftSkeletonSums(torch.autograd.Function):
    """Sums of the soft skeleton of (B, C, *spatial) over a mask and over the image, (B, C) each."""

    @staticmethod
    def forward(ctx: Any, p: torch.Tensor, mask: torch.Tensor, iterations: int) -> tuple[torch.Tensor, torch.Tensor]:
        masked, whole = p.new_empty(p.shape[0] * p.shape[1]), p.new_empty(p.shape[0] * p.shape[1])
        masks = _images(mask)

        def finish(number: int, skeleton: Array) -> None:
            values = torch.from_numpy(skeleton)
            whole[number] = values.sum()
            masked[number] = torch.where(torch.from_numpy(masks[number]), values, 0).sum()

        trace = _descend(p, iterations, ctx.needs_input_grad[0], finish)
        ctx.save_for_backward(p, *map(torch.from_numpy, trace), mask)
        return masked.view(p.shape[:2]), whole.view(p.shape[:2])

    @staticmethod
    @differentiable_once("the soft skeleton")
    def backward(ctx: Any, grad_masked: torch.Tensor, grad_whole: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        p, survivals, depths, mask = ctx.saved_tensors
        weights, masked, whole = _images(mask.view(torch.uint8)), grad_masked.flatten(), grad_whole.flatten()

        def of_skeleton(number: int) -> tuple[float, Array, float]:
            return masked[number].item(), weights[number], whole[number].item()

        return _ascend(p, survivals, depths, of_skeleton), None, None


def _images(tensor: torch.Tensor) -> Array:
    """View (B, C, *spatial) as images of slabs, (B * C, slabs, H, W): rows in 2D, planes in 3D."""
    middle = [1] if tensor.ndim == 4 else []
    return tensor.detach().reshape(-1, tensor.shape[2], *middle, *tensor.shape[3:]).numpy()


def _descend(p: torch.Tensor, iterations: int, with_gradient: bool, finish: Callable[[int, Array], None]) -> Trace:
    """Compute the skeletons, and pass each, (slabs, H, W), to `finish` with its number."""
    from topology.kernels import soft_skeletons as kernels

    images = _images(p)
    number, slabs, height, width = images.shape
    stride = width + 2 * kernels.PAD
    padded = (number, slabs if with_gradient else 0, height * stride)
    trace = Trace(np.ones(padded, images.dtype), np.zeros(number, np.int64))

    def run(n: int) -> None:
        image = kernels.pad(images[n])
        skeleton, work = np.zeros_like(image), kernels.rings(image, 4)
        for _ in range(iterations + 1):
            kernels.deepen(image, stride, skeleton, trace.survivals[n], work)
            trace.depths[n] += 1
            if kernels.is_zero(image):  # deeper levels add nothing
                break
        del image
        finish(n, kernels.unpad(skeleton, images.shape[1:]))

    for_each(run, range(number))
    return trace


def _ascend(
    p: torch.Tensor,
    survivals: torch.Tensor,
    depths: torch.Tensor,
    of_skeleton: Callable[[int], tuple[float, Array, float]],
) -> torch.Tensor:
    """Propagate the gradients of the skeletons back to the images.

    Args:
        p: (B, C, *spatial).
        survivals: see `Trace`.
        depths: see `Trace`.
        of_skeleton: returns scale, weights (slabs, H, W) and offset of the gradient of an image's skeleton.

    Returns:
        The gradient of p.
    """
    from topology.kernels import soft_skeletons as kernels

    images = _images(p)
    grads = torch.empty(p.shape, dtype=p.dtype)
    out = _images(grads)
    stride = images.shape[3] + 2 * kernels.PAD

    def run(n: int) -> None:
        scale, weights, offset = of_skeleton(n)
        weights = np.ascontiguousarray(weights).reshape(len(weights), -1)
        survival = survivals[n].numpy()
        grad = np.zeros_like(survival)
        work = kernels.rings(grad, 7)

        def step(image: Array) -> None:
            kernels.ascend(image, stride, grad, scale, weights, offset, survival, work)

        def erode(image: Array) -> None:
            kernels.erode(image, stride, work)

        go_back(lambda: kernels.pad(images[n]), int(depths[n]), np.copy, erode, step, _KEPT)
        out[n] = kernels.unpad(grad, images.shape[1:])

    for_each(run, range(len(images)))
    return grads
