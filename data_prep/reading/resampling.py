"""Making volumes smaller: each new voxel is the mean over the old ones that it covers, parts by their share."""

from collections.abc import Sequence

import numpy as np


def area_mean(volume: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Average over the box of each new voxel.

    Args:
        volume: any number of axes; integers, floats or bool.
        shape: the new shape, along each axis of any length.

    Returns:
        float32 of the new shape.
    """
    result = volume.astype(np.float32)
    for axis, length in enumerate(shape):
        weights = _weights(volume.shape[axis], length)
        result = np.moveaxis(np.tensordot(weights, result, axes=(1, axis)), 0, axis)
    return result


def _weights(old: int, new: int) -> np.ndarray:
    """Give the share of each old voxel in each new one, (new, old); rows add up to 1."""
    edges = np.arange(new + 1) * old / new
    pixels = np.arange(old)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(overlap, 0, None) * new / old).astype(np.float32)
