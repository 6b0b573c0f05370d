"""Dilation of a batch of masks by their neighbours, on the device they are on."""

import torch


def dilate_box(mask: torch.Tensor) -> torch.Tensor:
    """Dilate a bool mask (B, C, *spatial) by all 8 (26) neighbours."""
    for axis in range(2, mask.ndim):
        mask = _add_neighbours(mask, mask, axis)
    return mask


def dilate_cross(mask: torch.Tensor) -> torch.Tensor:
    """Dilate a bool mask (B, C, *spatial) by its 4 (6) neighbours along the axes."""
    dilated = mask
    for axis in range(2, mask.ndim):
        dilated = _add_neighbours(dilated, mask, axis)
    return dilated


def _add_neighbours(dilated: torch.Tensor, mask: torch.Tensor, axis: int) -> torch.Tensor:
    dilated, length = dilated.clone(), mask.shape[axis] - 1
    dilated.narrow(axis, 1, length).logical_or_(mask.narrow(axis, 0, length))
    dilated.narrow(axis, 0, length).logical_or_(mask.narrow(axis, 1, length))
    return dilated
