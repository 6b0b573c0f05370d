"""The soft skeleton of a whole batch on a GPU, by Triton's kernels; see `_soft_skeleton_of_images` for the idea."""

import importlib.util
from typing import Any

import torch

from topology._once import differentiable_once
from topology._recompute import go_back

_KEPT = 3  # eroded batches kept for the backward pass
_OLDEST_GPU = (7, 0)  # compute capability that Triton compiles for
_INDEXED = 2**31  # pixels that the kernels' 32-bit indices can count


def fits(p: torch.Tensor) -> bool:
    """Return whether Triton's kernels can take a tensor."""
    if not p.is_cuda or torch.version.hip is not None or importlib.util.find_spec("triton") is None:
        return False
    supported = torch.cuda.get_device_capability(p.device) >= _OLDEST_GPU
    return supported and p.dtype in (torch.float32, torch.float64) and 0 < p.numel() < _INDEXED


class SoftSkeleton(torch.autograd.Function):
    """Soft skeleton of (B, C, *spatial)."""

    @staticmethod
    def forward(ctx: Any, p: torch.Tensor, iterations: int) -> torch.Tensor:
        from topology.kernels.soft_skeletons_triton import Level

        batch = _batch(p)
        level = Level(batch)
        image, skeleton = batch.clone(), torch.zeros_like(batch)
        survival = torch.ones_like(batch) if ctx.needs_input_grad[0] else None
        with torch.cuda.device_of(p):  # where Triton starts its kernels
            for _ in range(iterations + 1):
                image = level.deepen(image, skeleton, survival)
        ctx.save_for_backward(p, survival)
        ctx.levels = iterations + 1
        return skeleton.view(p.shape)

    @staticmethod
    @differentiable_once("the soft skeleton")
    def backward(ctx: Any, grad_skeleton: torch.Tensor) -> tuple[torch.Tensor, None]:
        from topology.kernels.soft_skeletons_triton import LevelBackward

        p, survival = ctx.saved_tensors
        batch = _batch(p)
        level = LevelBackward(batch, survival, _batch(grad_skeleton))
        with torch.cuda.device_of(p):
            go_back(batch.clone, ctx.levels, torch.clone, level.erode, level.ascend, _KEPT)
        return level.grad.view(p.shape), None


def _batch(tensor: torch.Tensor) -> torch.Tensor:
    """View (B, C, *spatial) as contiguous volumes (B * C, D, H, W), D = 1 in 2D."""
    depth = [1] if tensor.ndim == 4 else []
    return tensor.detach().reshape(-1, *depth, *tensor.shape[2:]).contiguous()
