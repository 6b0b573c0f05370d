"""Augmentation of a training patch: flips, quarter turns, small rotations, intensity.

Nothing is copied that does not change: flips and turns are views, and an image that draws no change of intensity comes
back as it is.

Ranges follow nnU-Net's where it has them. Labels are moved, or looked up at the nearest pixel, never interpolated: no
new class index appears. A flip or quarter turn keeps the topology exactly; a small rotation may break a structure of
one pixel's width, as in nnU-Net.
"""

import itertools
import math

import numpy as np

from topology.kernels.compiled import usable

_ROTATION_CHANCE = 0.2
_INTENSITY_CHANCE = 0.15
_BLOCK = 2**15  # draws of noise at a time


def augment(image: np.ndarray, label: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Apply random flips, turns and intensity changes to one patch.

    Args:
        image: normalised, float32 (channels, *spatial).
        label: class indices (*spatial).
        random: the random number generator.

    Returns:
        New image and label of the same shapes.
    """
    image, label = turn(image, label, random)
    if random.random() < _ROTATION_CHANCE:
        image, label = rotate(image, label, random)
    return intensity(image, random), label


def turn(image: np.ndarray, label: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Flip each axis with probability 1/2, and turn by 0 to 3 right angles in each plane with equal sides.

    Args:
        image: (channels, *spatial).
        label: (*spatial).
        random: the random number generator.

    Returns:
        Image and label, moved alike.
    """
    for axis in range(label.ndim):
        if random.random() < 0.5:
            image, label = np.flip(image, axis + 1), np.flip(label, axis)
    for first, second in itertools.combinations(range(label.ndim), 2):
        turns = int(random.integers(4))
        if label.shape[first] == label.shape[second]:
            image, label = np.rot90(image, turns, (first + 1, second + 1)), np.rot90(label, turns, (first, second))
    return image, label


def rotate(
    image: np.ndarray, label: np.ndarray, random: np.random.Generator, degrees: float = 30.0
) -> tuple[np.ndarray, np.ndarray]:
    """Rotate by a random angle in a random plane, the image linearly, the label to the nearest pixel.

    Pixels from outside are mirrored, in image and label alike.

    Args:
        image: (channels, *spatial).
        label: (*spatial).
        random: the random number generator.
        degrees: largest angle either way; nnU-Net's is 30 in 3D and 180 in 2D, where the quarter turns cover the rest.

    Returns:
        Image and label of the same shapes.
    """
    planes = list(itertools.combinations(range(label.ndim), 2))
    plane = planes[random.integers(len(planes))]
    angle = random.uniform(-degrees, degrees)
    return (_rotate_by_kernel if usable() else _rotate_by_scipy)(image, label, plane, angle)


def _rotate_by_kernel(
    image: np.ndarray, label: np.ndarray, plane: tuple[int, int], angle: float
) -> tuple[np.ndarray, np.ndarray]:
    """Do as `_rotate_by_scipy`, to the same bits, in one pass over all channels and planes."""
    from scipy.special import cosdg, sindg

    from topology.kernels import rotation

    matrix = np.array([[cosdg(angle), sindg(angle)], [-sindg(angle), cosdg(angle)]])
    middle = (np.array([label.shape[axis] for axis in plane]) - 1) / 2
    offset = middle - matrix @ middle
    moved, classes = np.empty(image.shape, np.float32), np.empty(label.shape, label.dtype)
    if label.ndim == 3 and plane == (0, 1):
        rotation.rotate_linear(image, matrix, offset, moved, inside=True)
    else:
        rotation.rotate_linear(
            _plane_last(image, plane), matrix, offset, _plane_last(moved, plane), inside=False
        )  # fmt: skip
    rotation.rotate_nearest(_plane_last(label[None], plane), matrix, offset, _plane_last(classes[None], plane))
    return moved, classes


def _plane_last(image: np.ndarray, plane: tuple[int, int]) -> np.ndarray:
    """View (channels, *spatial) as (channels, other axis, *plane), the other axis of length 1 in 2D."""
    if image.ndim == 3:
        return image[:, None]
    (other,) = {0, 1, 2} - set(plane)
    return np.moveaxis(image, other + 1, 1)


def _rotate_by_scipy(
    image: np.ndarray, label: np.ndarray, plane: tuple[int, int], angle: float
) -> tuple[np.ndarray, np.ndarray]:
    from scipy import ndimage

    options = {"axes": plane, "reshape": False, "mode": "mirror"}
    channels = [ndimage.rotate(channel, angle, order=1, **options) for channel in image]
    return np.stack(channels), ndimage.rotate(label, angle, order=0, **options)


def intensity(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Change brightness, contrast, gamma and noise, each with probability 0.15.

    Args:
        image: normalised, float32 (channels, *spatial).
        random: the random number generator.

    Returns:
        The changed image, float32; the very same one when nothing is drawn.
    """
    axes = tuple(range(1, image.ndim))
    if random.random() < _INTENSITY_CHANCE:
        image = image * np.float32(random.uniform(0.75, 1.25))
    if random.random() < _INTENSITY_CHANCE:
        mean = image.mean(axis=axes, keepdims=True)
        image = image - mean
        image *= np.float32(random.uniform(0.75, 1.25))
        image += mean
    if random.random() < _INTENSITY_CHANCE:
        image = _gamma(image, random.uniform(0.7, 1.5))
    if random.random() < _INTENSITY_CHANCE:
        image = _with_noise(image, random, np.sqrt(random.uniform(0, 0.1)))
    return image


def _gamma(image: np.ndarray, exponent: float) -> np.ndarray:
    """Raise to a power between each channel's lowest and highest value, keeping its mean and standard deviation."""
    axes = tuple(range(1, image.ndim))
    low, high = image.min(axis=axes, keepdims=True), image.max(axis=axes, keepdims=True)
    mean = image.mean(axis=axes, keepdims=True)
    deviation = image.std(axis=axes, keepdims=True, mean=mean)
    curved = image - low
    curved /= np.maximum(high - low, 1e-7)
    curved **= exponent
    middle = curved.mean(axis=axes, keepdims=True)
    spread = curved.std(axis=axes, keepdims=True, mean=middle)
    curved -= middle
    curved /= np.maximum(spread, 1e-7)
    curved *= deviation
    curved += mean
    return curved


def _with_noise(image: np.ndarray, random: np.random.Generator, deviation: float) -> np.ndarray:
    """Add normal noise, drawn in blocks of rows that stay in the processor's cache."""
    noisy = np.empty(image.shape, np.float32)
    rows = max(1, _BLOCK // max(1, math.prod(image.shape[2:])))
    for channel, sum_ in zip(image, noisy, strict=True):
        for start in range(0, len(channel), rows):
            part = channel[start : start + rows]
            noise = random.standard_normal(part.shape)
            noise *= deviation
            np.add(part, noise, out=sum_[start : start + rows], casting="same_kind")
    return noisy
