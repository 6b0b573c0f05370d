"""Smooth random fields, blur and noise, in arithmetic that gives the same bits on every machine."""

import numpy as np

from data_prep.drawing.draws import Draws


def smooth_field(draws: Draws, shape: tuple[int, ...], cells: int, low: float, high: float) -> np.ndarray:
    """Draw a field that changes slowly: random values on a coarse grid, interpolated linearly along each axis.

    Args:
        draws: random numbers.
        shape: of the field.
        cells: number of grid cells along each axis.
        low: smallest value.
        high: largest value.

    Returns:
        float64.
    """
    values = draws.uniforms((cells + 1,) * len(shape), low, high)
    for axis, size in enumerate(shape):
        places = np.arange(size) * (cells / size)
        left = places.astype(np.int64)
        share = (places - left).reshape([-1 if a == axis else 1 for a in range(len(shape))])
        values = values.take(left, axis) * (1 - share) + values.take(left + 1, axis) * share
    return values


def blur(image: np.ndarray) -> np.ndarray:
    """Blur with 1, 2, 1 along each axis; the border is continued."""
    for axis in range(image.ndim):
        padded = np.pad(image, [(1, 1) if a == axis else (0, 0) for a in range(image.ndim)], mode="edge")
        size = image.shape[axis]
        parts = [padded.take(range(k, k + size), axis) for k in range(3)]
        image = (parts[0] + 2 * parts[1] + parts[2]) / 4
    return image


def to_bytes(image: np.ndarray) -> np.ndarray:
    """Round to 0..255."""
    return np.floor(np.clip(image, 0, 255) + 0.5).astype(np.uint8)


def blend(image: np.ndarray, level: np.ndarray | float, share: np.ndarray) -> np.ndarray:
    """Mix a level into an image with a share in [0, 1] for each pixel."""
    return image * (1 - share) + level * share
