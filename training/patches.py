"""Training patches: drawn from whole images, a share of them centred on foreground.

Every iteration's draws come from `numpy.random.default_rng([seed, iteration])` alone, so they do not depend on the loss
(all losses see the same patches) nor on what ran before (a resumed run sees the same patches as an undisturbed one).
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from training.augment import augment

# in the targets of a batch: above every class index, and the losses' `ignore_index`
IGNORED = 255


class Cases(Protocol):
    """What patches need from a prepared dataset."""

    def image(self, case: str) -> np.ndarray:
        """Return the image, float (channels, *spatial)."""

    def label(self, case: str) -> np.ndarray:
        """Return the class indices (*spatial)."""

    def ignored(self, case: str) -> np.ndarray | None:
        """Return which pixels losses ignore, bool (*spatial); None: no pixel."""


def generator(seed: int, iteration: int) -> np.random.Generator:
    """Return the random numbers of one iteration.

    Args:
        seed: the run's seed, from 0.
        iteration: from 0.

    Returns:
        A generator that is the same for the same two numbers.
    """
    return np.random.default_rng([seed, iteration])


def normalize(image: np.ndarray) -> np.ndarray:
    """Subtract the mean and divide by the standard deviation, for each channel of the whole image (nnU-Net's z-score).

    Args:
        image: (channels, *spatial).

    Returns:
        float32 of the same shape; a constant channel becomes 0.
    """
    axes = tuple(range(1, image.ndim))
    image = image.astype(np.float64)
    centred = image - image.mean(axis=axes, keepdims=True)
    deviation = image.std(axis=axes, keepdims=True)
    return (centred / np.maximum(deviation, 1e-8)).astype(np.float32)


class Sampler:
    """Draws the batches of a run.

    Args:
        data: returns image and label of a case.
        cases: the training cases.
        patch_size: sides of a patch in pixels.
        batch_size: patches in a batch.
        foreground_share: probability that a patch is centred on a random foreground pixel of a random class of the
            image, 0..1; the others lie anywhere. An image without foreground yields a patch from anywhere.
        augmented: apply `training.augment`.
        seed: the run's seed.
        cache_bytes: images kept in memory; above that, the least recently used one is dropped and read again when
            needed.

    Raises:
        ValueError: there are no cases.
    """

    def __init__(
        self,
        data: Cases,
        cases: Sequence[str],
        *,
        patch_size: Sequence[int],
        batch_size: int,
        foreground_share: float,
        augmented: bool,
        seed: int,
        cache_bytes: int = 2 * 2**30,
    ) -> None:
        if not cases:
            raise ValueError("`cases` must name at least one training case, got none")
        self.cases = sorted(cases)
        self.patch_size = tuple(patch_size)
        self.batch_size = batch_size
        self.foreground_share = foreground_share
        self.augmented = augmented
        self.seed = seed
        self._cache = _Cache(data, self.patch_size, cache_bytes)

    def batch(self, iteration: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw the batch of one iteration.

        Args:
            iteration: from 0.

        Returns:
            Images, float32 (B, channels, *patch_size), and class indices, int64 (B, 1, *patch_size), `IGNORED` where
            losses ignore a pixel.
        """
        random = generator(self.seed, iteration)
        patches = [self._patch(random) for _ in range(self.batch_size)]
        images, labels = zip(*patches, strict=True)
        return np.stack(images), np.stack(labels)[:, None].astype(np.int64)

    def _patch(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        image, label, foreground = self._cache.get(self.cases[random.integers(len(self.cases))])
        centred = random.random() < self.foreground_share
        corner = _corner(random, label.shape, self.patch_size, foreground if centred else [])
        window = tuple(slice(low, low + side) for low, side in zip(corner, self.patch_size, strict=True))
        image, label = image[(slice(None), *window)], label[window]
        if self.augmented:
            image, label = augment(image, label, random)
        return np.ascontiguousarray(image), np.ascontiguousarray(label)


def pad(image: np.ndarray, label: np.ndarray, size: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Pad an image smaller than the patch, evenly on both sides: image with 0 (its mean), label with background.

    Args:
        image: normalised, (channels, *spatial).
        label: (*spatial).
        size: smallest wanted size.

    Returns:
        Image and label at least as large as `size`; the same arrays where nothing is missing.
    """
    missing = [max(0, side - length) for side, length in zip(size, label.shape, strict=True)]
    if not any(missing):
        return image, label
    widths = [(amount // 2, amount - amount // 2) for amount in missing]
    return np.pad(image, [(0, 0), *widths]), np.pad(label, widths)


def _corner(
    random: np.random.Generator, shape: Sequence[int], size: Sequence[int], foreground: Sequence[np.ndarray]
) -> list[int]:
    """Draw the corner of a patch: around a pixel of a class in `foreground`, or anywhere when there is none."""
    highest = [length - side for length, side in zip(shape, size, strict=True)]
    if not foreground:
        return [int(random.integers(high + 1)) for high in highest]
    pixels = foreground[random.integers(len(foreground))]
    centre = np.unravel_index(pixels[random.integers(len(pixels))], shape)
    corners = (int(middle) - side // 2 for middle, side in zip(centre, size, strict=True))
    return [min(max(0, corner), high) for corner, high in zip(corners, highest, strict=True)]


class _Cache:
    """Normalised and padded images with the flat indices of each class's foreground; the least used goes first."""

    def __init__(self, data: Cases, smallest: tuple[int, ...], limit: int) -> None:
        self._data, self._smallest, self._limit = data, smallest, limit
        self._items: OrderedDict[str, tuple[np.ndarray, np.ndarray, list[np.ndarray]]] = OrderedDict()
        self._bytes = 0

    def get(self, case: str) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        if case not in self._items:
            self._items[case] = self._load(case)
            self._bytes += _size(self._items[case])
        self._items.move_to_end(case)
        while self._bytes > self._limit and len(self._items) > 1:
            self._bytes -= _size(self._items.popitem(last=False)[1])
        return self._items[case]

    def _load(self, case: str) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        label, ignored = self._data.label(case), self._data.ignored(case)
        if ignored is not None:
            label = np.where(ignored, np.uint8(IGNORED), label)
        image, label = pad(normalize(self._data.image(case)), label, self._smallest)
        classes = [value for value in np.unique(label) if value not in (0, IGNORED)]
        return image, label, [np.flatnonzero(label == value) for value in classes]


def _size(item: tuple[Any, ...]) -> int:
    image, label, foreground = item
    return image.nbytes + label.nbytes + sum(pixels.nbytes for pixels in foreground)
