"""Borders of masks and the distances between them, for all metrics of surfaces."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from metrics._pair import Mask, Pair

Distances = npt.NDArray[np.float64]


def box(pair: Pair) -> tuple[slice, ...]:
    """Return the box that holds both masks and the pixels around them; one of them must have a pixel."""
    (found,) = ndimage.find_objects((pair.prediction | pair.target).astype(np.uint8))
    return tuple(slice(max(axis.start - 1, 0), axis.stop + 1) for axis in found)


def border(mask: Mask) -> Mask:
    """Return the pixels of a mask with a 4-neighbour (6 in 3D) outside it; beyond the image is outside."""
    return mask & ~ndimage.binary_erosion(mask)


def distances(of: Mask, to: Mask, spacing: tuple[float, ...] | None) -> Distances:
    """Return the distance of each pixel of `of` to the nearest one of `to`; infinite where `to` is empty."""
    if not to.any():
        return np.full(np.count_nonzero(of), np.inf)
    return ndimage.distance_transform_edt(~to, sampling=spacing)[of]
