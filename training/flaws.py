"""A prediction with the flaws that topology losses address, made from a ground truth: for pictures only."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, gaussian_filter

import topology


@dataclass(frozen=True)
class FlawedPrediction:
    """Logits that look like those of a half-trained network, with the image and ground truth from which they were made.

    Attributes:
        image: (channels, H, W).
        logits: (1, 1, H, W), one foreground class.
        target: (1, 1, H, W), 0 and 1.
    """

    image: np.ndarray
    logits: torch.Tensor
    target: torch.Tensor

    @property
    def p(self) -> torch.Tensor:
        """Return the probabilities."""
        return torch.sigmoid(self.logits)


def square_of(image: np.ndarray, mask: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the square with the most foreground of an image, or of the slice with the most foreground of a volume.

    Args:
        image: (channels, *spatial).
        mask: bool (*spatial).
        size: side; cropped to the image if that is smaller.

    Returns:
        Image (channels, h, w) and mask (h, w).
    """
    if mask.ndim == 3:
        best = int(mask.sum(axis=(1, 2)).argmax())
        image, mask = image[:, best], mask[best]
    sides = np.minimum(size, mask.shape)
    steps = [range(0, length - side + 1, max(side // 2, 1)) for length, side in zip(mask.shape, sides, strict=True)]
    squares = [tuple(slice(a, a + b) for a, b in zip(corner, sides, strict=True)) for corner in product(*steps)]
    best_square = max(squares, key=lambda square: mask[square].sum())
    return image[(slice(None), *best_square)], mask[best_square]


def flaw(image: np.ndarray, mask: np.ndarray, seed: int = 0) -> FlawedPrediction:
    """Imitate a prediction: soft borders, structures broken at their centrelines, false bridges and blobs, noise.

    Args:
        image: (channels, H, W).
        mask: bool (H, W).
        seed: of the flaws.

    Returns:
        The prediction.
    """
    rng = np.random.default_rng(seed)
    depth = distance_transform_edt(mask) - distance_transform_edt(~mask)
    logits = np.clip(depth, -4, 3) + 0.8 * _smooth_noise(rng, mask.shape, sigma=2.5)
    logits -= 6 * _bumps(rng, topology.skeletonize(mask), number=7, sigma=3.0)
    logits += 6 * _bumps(rng, (depth < -5) & (depth > -30), number=5, sigma=2.2)
    z = torch.from_numpy(logits)[None, None]
    return FlawedPrediction(image, z, torch.from_numpy(mask[None, None].astype(np.int64)))


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> np.ndarray:
    noise = gaussian_filter(rng.standard_normal(shape), sigma)
    return noise / noise.std()


def _bumps(rng: np.random.Generator, allowed: np.ndarray, number: int, sigma: float) -> np.ndarray:
    """Return bumps of height 1 on some of the allowed pixels."""
    places = np.argwhere(allowed)
    if len(places) == 0:
        return np.zeros(allowed.shape)
    rows, columns = np.indices(allowed.shape)
    chosen = places[rng.choice(len(places), size=min(number, len(places)), replace=False)]
    squared = [((rows - row) ** 2 + (columns - column) ** 2) / (2 * sigma**2) for row, column in chosen]
    return np.exp(-np.min(squared, axis=0))
