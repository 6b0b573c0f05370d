"""Soft skeletons: differentiable morphological skeletons of probability maps."""

from functools import partial
from typing import Any, cast

import torch

from topology import _soft_skeleton_of_batches as of_batches
from topology import _soft_skeleton_of_images as of_images
from topology import _soft_skeleton_of_tensors as of_tensors
from topology import self_check
from topology._arrays import map_masks
from topology.kernels.compiled import usable

_CHECKED = {4: (2, 1, 9, 7), 5: (1, 2, 5, 6, 4)}  # shapes of the inputs of the kernel's check


def soft_skeleton(p: torch.Tensor, iterations: int) -> torch.Tensor:
    """Skeletonize a probability map softly (clDice, algorithm 1).

    S = relu(I - open(I)); then `iterations` times I = erode(I) and S = S + relu(I - open(I)) * (1 - S). Erosion is
    the minimum over a cross (6-neighbourhood in 3D), dilation the maximum over the full 3x3(x3) box (listings G.2 and
    G.3), opening the one after the other. Pixels outside the image never win; of equal values, one receives the
    gradient.

    Args:
        p: (B, C, H, W) or (B, C, D, H, W), floating point, in [0, 1]; each channel separately. Or bool: a mask, whose
            soft skeleton is a mask too, in a fraction of the time.
        iterations: k >= 0, at least the largest radius of the structures in pixels.

    Returns:
        Soft skeleton, same shape and dtype, in [0, 1]; zero for a constant image. It can be differentiated once.

    Raises:
        ValueError: wrong shape or iterations.
        TypeError: neither floating point nor bool.

    Reference:
        S. Shit et al., clDice - a novel topology-preserving loss function for tubular structure segmentation,
        CVPR 2021, https://arxiv.org/abs/2003.07311
    """
    _check(p, iterations)
    if p.dtype == torch.bool:
        return _soft_skeleton_of_masks(p, int(iterations))
    return _soft_skeleton(p, int(iterations))


def _soft_skeleton_of_masks(masks: torch.Tensor, iterations: int) -> torch.Tensor:
    """Skeletonize masks on the CPU from their distances: level j finds the pixels j + 1 steps from the background.

    Eroded j times, a mask keeps the pixels more than j steps away. A pixel j + 1 steps away is then outside the
    opening, and so in the skeleton, unless one in the box around it is further away.
    """
    if not masks.is_cuda and usable():
        from topology.kernels.city_block import ridges

        return cast(torch.Tensor, map_masks(partial(ridges, farthest=iterations + 1), masks))
    # signed, since an opening by cross and box may exceed the image
    return _soft_skeleton(masks.float() if masks.is_cuda else masks.view(torch.int8), iterations) > 0


def _soft_skeleton(p: torch.Tensor, iterations: int) -> torch.Tensor:
    return cast(torch.Tensor, _way(p).SoftSkeleton.apply(p, iterations))


def _way(p: torch.Tensor) -> Any:
    if of_images.fits(p):
        return of_images
    if not of_batches.fits(p):
        return of_tensors
    shape = _CHECKED[p.ndim]  # only what is used is compiled
    name = f"the soft skeleton's Triton kernel in {p.ndim - 2}D"
    return of_batches if self_check.passes(name, p.device, partial(_compare, shape)) else of_tensors


def _compare(shape: tuple[int, ...], device: torch.device) -> None:
    """Compare Triton's kernels with plain torch, value and gradient."""
    image = self_check.fixed_input(shape, device)
    weights = self_check.fixed_input(shape, device).flip(-1)
    found, wanted = (_skeleton_and_gradient(way, image, weights) for way in (of_batches, of_tensors))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def _skeleton_and_gradient(way: Any, image: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    p = image.clone().requires_grad_()
    skeleton = way.SoftSkeleton.apply(p, 3)
    (gradient,) = torch.autograd.grad((weights * skeleton).sum(), p)
    return skeleton.detach(), gradient


def soft_skeleton_sums(p: torch.Tensor, mask: torch.Tensor, iterations: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum the soft skeleton of each channel over a mask and over the image (for clDice's precision) without storing it.

    Args:
        p: see `soft_skeleton`; floating point.
        mask: bool, of p's shape.
        iterations: see `soft_skeleton`.

    Returns:
        Sum of s(p) over the mask and sum of s(p), (B, C) each, differentiable in p.

    Raises:
        ValueError: wrong shape or iterations.
        TypeError: see `soft_skeleton`; a mask that is not bool.
    """
    _check(p, iterations)
    if mask.dtype != torch.bool or mask.shape != p.shape:
        raise TypeError(f"`mask` must be bool of shape {tuple(p.shape)}, got {mask.dtype} of {tuple(mask.shape)}")
    if of_images.fits(p):
        return cast(tuple[torch.Tensor, torch.Tensor], of_images.SoftSkeletonSums.apply(p, mask, int(iterations)))
    skeleton = soft_skeleton(p, iterations)
    axes = tuple(range(2, p.ndim))
    return (skeleton * mask).sum(axes), skeleton.sum(axes)


def _check(p: torch.Tensor, iterations: int) -> None:
    if p.ndim not in (4, 5):
        raise ValueError(f"`p` must have shape (B, C, H, W) or (B, C, D, H, W), got {tuple(p.shape)}")
    if not p.is_floating_point() and p.dtype != torch.bool:
        raise TypeError(f"`p` must be floating point or bool, got {p.dtype}")
    if iterations < 0 or iterations != int(iterations):
        raise ValueError(f"`iterations` must be a whole number of at least 0, got {iterations!r}")
