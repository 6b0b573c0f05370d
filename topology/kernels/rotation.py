"""Rotation in a plane: the source of a pixel is found once and read in all channels and parallel planes.

Coordinates, weights and their order are those of `scipy.ndimage.rotate` with `mode="mirror"`, so the results are the
same bits.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]


def rotate_linear(image: Array, matrix: Array, offset: Array, rotated: Array, inside: bool) -> None:
    """Write the rotated image, interpolated linearly, what lies outside mirrored at the outermost pixels' centres.

    Args:
        image: (N, M, A, B), or (N, A, B, M) where `inside`; A and B span the plane of rotation.
        matrix: float64 (2, 2), from a target's pixel to its source.
        offset: float64 (2,), added to it.
        rotated: as `image`; gets the result.
        inside: the plane's axes are the second and third.
    """
    (_linear_first if inside else _linear_last)(image, matrix, offset, rotated)


def rotate_nearest(image: Array, matrix: Array, offset: Array, rotated: Array) -> None:
    """Write the rotated image (N, M, A, B), each pixel that of the nearest source; see `rotate_linear`."""
    _nearest(image, matrix, offset, rotated)


@compiled
def _mirror(place: float, length: int) -> float:
    """Bring a coordinate into the image; as SciPy, up to one pixel beyond the last one stays."""
    if length <= 1:
        return 0.0
    period = 2 * length - 2
    if place < 0:
        place = period * int(-place / period) + place
        return place + period if place <= 1 - length else -place
    if place > length - 1:
        place -= period * int(place / period)
        if place >= length:
            place = period - place
    return place


@compiled
def _inner(index: int, length: int) -> int:
    """Mirror an index that is one beyond the last."""
    if index < length:
        return index
    return max(2 * length - 2 - index, 0)


@compiled
def _sources(row: int, matrix: Array, offset: Array, height: int, width: int, corners: Array, weights: Array) -> None:
    """Find the sources of a row of target pixels: indices (y, next y, x, next x), and the weights of the first."""
    for column in range(corners.shape[0]):
        y = _mirror(offset[0] + row * matrix[0, 0] + column * matrix[0, 1], height)
        x = _mirror(offset[1] + row * matrix[1, 0] + column * matrix[1, 1], width)
        top, left = int(np.floor(y)), int(np.floor(x))
        corners[column, 0], corners[column, 1] = _inner(top, height), _inner(top + 1, height)
        corners[column, 2], corners[column, 3] = _inner(left, width), _inner(left + 1, width)
        weights[column, 0] = 1.0 - (y - np.floor(y))
        weights[column, 1] = 1.0 - (x - np.floor(x))


@compiled
def _linear_last(image: Array, matrix: Array, offset: Array, rotated: Array) -> None:
    """Rotate in the plane of the last two axes."""
    many, parallel, height, width = image.shape
    corners, weights = np.empty((width, 4), np.uintp), np.empty((width, 2))
    for row in range(height):
        _sources(row, matrix, offset, height, width, corners, weights)
        for n in range(many):
            for m in range(parallel):
                plane = image[n, m]
                for column in range(width):
                    y, below, x, right = corners[column]
                    wy, wx = weights[column]
                    total = plane[y, x] * wy * wx
                    total += plane[y, right] * wy * (1.0 - wx)
                    total += plane[below, x] * (1.0 - wy) * wx
                    total += plane[below, right] * (1.0 - wy) * (1.0 - wx)
                    rotated[n, m, row, column] = total


@compiled
def _linear_first(image: Array, matrix: Array, offset: Array, rotated: Array) -> None:
    """Rotate in the plane of the second and third axes: lines along the last one move as a whole."""
    many, height, width, length = image.shape
    corners, weights = np.empty((width, 4), np.uintp), np.empty((width, 2))
    for row in range(height):
        _sources(row, matrix, offset, height, width, corners, weights)
        for n in range(many):
            for column in range(width):
                y, below, x, right = corners[column]
                wy, wx = weights[column]
                for m in range(length):
                    total = image[n, y, x, m] * wy * wx
                    total += image[n, y, right, m] * wy * (1.0 - wx)
                    total += image[n, below, x, m] * (1.0 - wy) * wx
                    total += image[n, below, right, m] * (1.0 - wy) * (1.0 - wx)
                    rotated[n, row, column, m] = total


@compiled
def _nearest(image: Array, matrix: Array, offset: Array, rotated: Array) -> None:
    many, parallel, height, width = image.shape
    rows, columns = np.empty(width, np.uintp), np.empty(width, np.uintp)
    for row in range(height):
        for column in range(width):
            y = _mirror(offset[0] + row * matrix[0, 0] + column * matrix[0, 1], height)
            x = _mirror(offset[1] + row * matrix[1, 0] + column * matrix[1, 1], width)
            rows[column] = _inner(int(np.floor(y + 0.5)), height)
            columns[column] = _inner(int(np.floor(x + 0.5)), width)
        for n in range(many):
            for m in range(parallel):
                for column in range(width):
                    rotated[n, m, row, column] = image[n, m, rows[column], columns[column]]
