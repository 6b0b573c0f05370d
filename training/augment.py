"""Augmentation of a training patch: flips, quarter turns, small rotations, intensity.

Ranges follow nnU-Net's where it has them. Labels are moved, or looked up at the nearest pixel, never interpolated: no
new class index appears. A flip or quarter turn keeps the topology exactly; a small rotation may break a structure of
one pixel's width, as in nnU-Net.
"""

import itertools

import numpy as np
from scipy import ndimage

_ROTATION_CHANCE = 0.2
_INTENSITY_CHANCE = 0.15


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
    options = {"axes": plane, "reshape": False, "mode": "mirror"}
    channels = [ndimage.rotate(channel, angle, order=1, **options) for channel in image]
    return np.stack(channels).astype(image.dtype), ndimage.rotate(label, angle, order=0, **options)


def intensity(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Change brightness, contrast, gamma and noise, each with probability 0.15.

    Args:
        image: normalised, float32 (channels, *spatial).
        random: the random number generator.

    Returns:
        The changed image, float32.
    """
    axes = tuple(range(1, image.ndim))
    if random.random() < _INTENSITY_CHANCE:
        image = image * np.float32(random.uniform(0.75, 1.25))
    if random.random() < _INTENSITY_CHANCE:
        mean = image.mean(axis=axes, keepdims=True)
        image = (image - mean) * np.float32(random.uniform(0.75, 1.25)) + mean
    if random.random() < _INTENSITY_CHANCE:
        image = _gamma(image, random.uniform(0.7, 1.5))
    if random.random() < _INTENSITY_CHANCE:
        image = image + random.normal(0, np.sqrt(random.uniform(0, 0.1)), image.shape)
    return image.astype(np.float32)


def _gamma(image: np.ndarray, exponent: float) -> np.ndarray:
    """Raise to a power between each channel's lowest and highest value, keeping its mean and standard deviation."""
    axes = tuple(range(1, image.ndim))
    low, high = image.min(axis=axes, keepdims=True), image.max(axis=axes, keepdims=True)
    curved = ((image - low) / np.maximum(high - low, 1e-7)) ** exponent
    mean, deviation = image.mean(axis=axes, keepdims=True), image.std(axis=axes, keepdims=True)
    standard = (curved - curved.mean(axis=axes, keepdims=True)) / np.maximum(
        curved.std(axis=axes, keepdims=True), 1e-7
    )  # fmt: skip
    return standard * deviation + mean
