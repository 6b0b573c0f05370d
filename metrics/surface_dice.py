"""Surface Dice: the normalised surface distance on surface elements, each weighted by its area (its length in 2D)."""

from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from metrics._borders import box
from metrics._pair import Mask, Pair
from metrics._register import Undefined, register

Areas = npt.NDArray[np.float64]


@register("surface_dice", title="surface Dice", higher_is_better=True)
def surface_dice(pair: Pair, *, tolerance: float = 1.0) -> float:
    """Share of the area of both surfaces that lies within `tolerance` of the other one.

    In [0, 1], higher is better. Surface elements are located at the corners between pixels where the 2 x 2 (x 2) pixels
    around are not all equal; the area of each is that of marching cubes (the length of marching squares in 2D); the
    distance is to the nearest element of the other surface. Beyond the image is background. Undefined where both masks
    are empty, 0 where one is.

    Args:
        pair: the two masks.
        tolerance: largest distance that is tolerated, in units of the spacing (pixels without one); at least 0.

    Reference: S. Nikolov et al., Clinically applicable segmentation of head and neck anatomy for radiotherapy, JMIR
    2021, https://github.com/google-deepmind/surface-distance
    """
    if tolerance < 0:
        raise ValueError(f"`tolerance` must be at least 0, got {tolerance}")
    if not pair.prediction.any() and not pair.target.any():
        raise Undefined("prediction and ground truth are empty")
    spacing = pair.spacing or (1.0,) * pair.target.ndim
    b, y = (_areas(mask[box(pair)], spacing) for mask in (pair.prediction, pair.target))
    near = sum(float(of[_distance(to, spacing) <= tolerance].sum()) for of, to in ((b, y), (y, b)))
    return near / float(b.sum() + y.sum())


def _areas(mask: Mask, spacing: tuple[float, ...]) -> Areas:
    """Return the area of the surface element at each corner of the pixels, one more along each axis."""
    padded = np.pad(mask, 1)
    code = np.zeros([length - 1 for length in padded.shape], np.uint8)
    for bit, corner in enumerate(product((0, 1), repeat=mask.ndim)):
        around = tuple(slice(start, length - 1 + start) for start, length in zip(corner, padded.shape, strict=True))
        code |= padded[around].astype(np.uint8) << np.uint8(bit)
    return (_lengths if mask.ndim == 2 else _surfaces)(spacing)[code]


def _distance(areas: Areas, spacing: tuple[float, ...]) -> Areas:
    elements = areas > 0
    if not elements.any():
        return np.full(areas.shape, np.inf)
    return ndimage.distance_transform_edt(~elements, sampling=spacing)


@lru_cache
def _lengths(spacing: tuple[float, ...]) -> Areas:
    """Return the length of the contour for each of the 16 ways to fill 2 x 2 pixels; bit 2 row + column."""
    height, width = spacing
    corner = np.hypot(height, width) / 2
    lengths = np.zeros(16)
    for code in range(1, 15):
        filled = [bool(code >> bit & 1) for bit in range(4)]
        if sum(filled) != 2:
            lengths[code] = corner
        elif filled[0] == filled[3]:
            lengths[code] = 2 * corner
        else:
            lengths[code] = width if filled[0] == filled[1] else height
    return lengths


@lru_cache
def _surfaces(spacing: tuple[float, ...]) -> Areas:
    """Return the area of the surface for each of the 256 ways to fill 2 x 2 x 2 pixels."""
    from skimage.measure import marching_cubes, mesh_surface_area

    areas = np.zeros(256)
    for code in range(1, 255):
        filled = np.array([code >> bit & 1 for bit in range(8)], np.float64)
        # as in Lorensen's fifteen cases, a cube and its complement have the same surface: corners on a diagonal stay
        # apart
        cube = (filled if filled.sum() <= 4 else 1 - filled).reshape(2, 2, 2)
        points, faces, _, _ = marching_cubes(cube, 0.5, method="lorensen")
        areas[code] = mesh_surface_area(points.astype(np.float64) * spacing, faces)  # float32 until here: exact halves
    return areas
