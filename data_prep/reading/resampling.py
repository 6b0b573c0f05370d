"""Downsampling by area: sums over the area of each new pixel, partial old pixels by their share."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse


def sum_areas(image: np.ndarray, shape: Sequence[int]) -> tuple[np.ndarray, int]:
    """Sum over the box of each new pixel, which has the side `image.shape[axis]` along an axis of `shape[axis]` units.

    In whole numbers, so that rounding never decides about a thin structure; an image of floats is summed in float64.

    Args:
        image: any number of axes; integers, floats or bool.
        shape: the new shape.

    Returns:
        int64 (floats: float64) of the new shape, and the area of a new pixel: their quotient is the mean.
    """
    result = image.astype(np.float64 if image.dtype.kind == "f" else np.int64)
    for axis, length in enumerate(shape):
        overlaps = _measure_overlaps(image.shape[axis], length)
        moved = np.moveaxis(result, axis, 0)
        summed = (overlaps @ moved.reshape(len(moved), -1)).reshape(length, *moved.shape[1:])
        result = np.moveaxis(summed, 0, axis)
    return result, math.prod(image.shape)


def _measure_overlaps(old: int, new: int) -> "sparse.csr_array":
    """Measure how many units of 1 / (old * new) of the side each new pixel (row) shares with each old one (column)."""
    from scipy import sparse

    cuts = np.union1d(np.arange(old + 1) * new, np.arange(new + 1) * old)
    starts = cuts[:-1]
    return sparse.csr_array((np.diff(cuts), (starts // old, starts // new)), shape=(new, old))
