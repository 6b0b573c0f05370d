"""Augmentation step by step, by SciPy and with a copy at each step: what `training.augment` does to the same bits."""

import itertools

import numpy as np
from scipy import ndimage

from training.augment import turn


def augment(image: np.ndarray, label: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Flip, turn, rotate and change the intensity of a patch."""
    image, label = turn(image, label, random)
    if random.random() < 0.2:
        image, label = rotate(image, label, random)
    return intensity(image, random), label


def rotate(image: np.ndarray, label: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rotate each channel and the label by SciPy."""
    planes = list(itertools.combinations(range(label.ndim), 2))
    plane = planes[random.integers(len(planes))]
    options = {"axes": plane, "angle": random.uniform(-30, 30), "reshape": False, "mode": "mirror"}
    channels = [ndimage.rotate(channel, order=1, **options) for channel in image]
    return np.stack(channels), ndimage.rotate(label, order=0, **options)


def intensity(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Change brightness, contrast, gamma and noise."""
    axes = tuple(range(1, image.ndim))
    if random.random() < 0.15:
        image = image * np.float32(random.uniform(0.75, 1.25))
    if random.random() < 0.15:
        mean = image.mean(axis=axes, keepdims=True)
        image = (image - mean) * np.float32(random.uniform(0.75, 1.25)) + mean
    if random.random() < 0.15:
        image = _gamma(image, random.uniform(0.7, 1.5))
    if random.random() < 0.15:
        image = image + random.normal(0, np.sqrt(random.uniform(0, 0.1)), image.shape)
    return image.astype(np.float32)


def _gamma(image: np.ndarray, exponent: float) -> np.ndarray:
    axes = tuple(range(1, image.ndim))
    low, high = image.min(axis=axes, keepdims=True), image.max(axis=axes, keepdims=True)
    curved = ((image - low) / np.maximum(high - low, 1e-7)) ** exponent
    mean, deviation = image.mean(axis=axes, keepdims=True), image.std(axis=axes, keepdims=True)
    spread = np.maximum(curved.std(axis=axes, keepdims=True), 1e-7)
    return (curved - curved.mean(axis=axes, keepdims=True)) / spread * deviation + mean
