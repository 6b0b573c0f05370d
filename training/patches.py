"""Training patches: drawn from whole images, a share of them centred on foreground.

Every iteration's draws come from `numpy.random.default_rng([seed, iteration])` alone, so they do not depend on the loss
(all losses see the same patches) nor on what ran before (a resumed run sees the same patches as an undisturbed one).
"""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Protocol

import numpy as np

from training.augment import augment

# in the targets of a batch: above every class index, and the losses' `ignore_index`
IGNORED = 255
# normalised image, label, and the flat indices of each class's foreground
_Item = tuple[np.ndarray, np.ndarray, list[np.ndarray]]
_TILE = 128  # sides of the tiles of a copy across memory, in pixels


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
    normalized = np.empty(image.shape, np.float32)
    for channel, result in zip(image, normalized, strict=True):
        centred = channel.astype(np.float64)
        centred -= centred.mean()
        deviation = np.sqrt(np.square(centred).mean())
        np.divide(centred, max(deviation, 1e-8), out=result, casting="same_kind")
    return normalized


class Sampler:
    """Draws the batches of a run; several threads may draw at once.

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
        images, target = np.empty(0), np.empty((self.batch_size, 1, *self.patch_size), np.int64)
        for place in range(self.batch_size):
            image, label = self._patch(random)
            if not place:
                images = np.empty((self.batch_size, *image.shape), np.float32)
            copy_tiles(image, images[place])
            copy_tiles(label[None], target[place])
        return images, target

    def _patch(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw a patch: image and label, mostly views of the whole ones."""
        image, label, foreground = self._cache.get(self.cases[random.integers(len(self.cases))])
        centred = random.random() < self.foreground_share
        corner = _corner(random, label.shape, self.patch_size, foreground if centred else [])
        window = tuple(slice(low, low + side) for low, side in zip(corner, self.patch_size, strict=True))
        image, label = image[(slice(None), *window)], label[window]
        if self.augmented:
            image, label = augment(image, label, random)
        return image, label


def copy_tiles(source: np.ndarray, target: np.ndarray) -> None:
    """Copy an array whose axes may lie in memory in any order, in tiles that stay in the processor's cache.

    Args:
        source: any strides, such as those of a turned view; at least two axes.
        target: same shape, contiguous.
    """
    nearest = int(np.argmin([abs(stride) for stride in source.strides]))
    if nearest == source.ndim - 1:
        target[...] = source
        return
    for rows in range(0, source.shape[nearest], _TILE):
        for columns in range(0, source.shape[-1], _TILE):
            tile = [slice(None)] * source.ndim
            tile[nearest], tile[-1] = slice(rows, rows + _TILE), slice(columns, columns + _TILE)
            target[tuple(tile)] = source[tuple(tile)]


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
    """Normalised and padded images with the flat indices of each class's foreground; the least used goes first.

    Several threads may ask at once: a case is read by the first one, the others wait for it.
    """

    def __init__(self, data: Cases, smallest: tuple[int, ...], limit: int) -> None:
        self._data, self._smallest, self._limit = data, smallest, limit
        self._items: OrderedDict[str, Future[_Item]] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._lock = Lock()

    def get(self, case: str) -> _Item:
        with self._lock:
            item = self._items.get(case)
            is_first = item is None
            if item is None:
                item = self._items[case] = Future()
            self._items.move_to_end(case)
        if is_first:
            self._read(case, item)
        return item.result()

    def _read(self, case: str, item: "Future[_Item]") -> None:
        try:
            loaded = self._load(case)
        except BaseException as error:
            with self._lock:
                self._items.pop(case, None)
            item.set_exception(error)
            return
        item.set_result(loaded)
        with self._lock:
            self._sizes[case] = _size(loaded)
            self._forget()

    def _forget(self) -> None:
        """Drop the images unused for longest, not those that are being read, until the rest fits."""
        for case in [case for case in self._items if case in self._sizes][:-1]:
            if sum(self._sizes.values()) <= self._limit:
                return
            del self._items[case], self._sizes[case]

    def _load(self, case: str) -> _Item:
        label, ignored = self._data.label(case), self._data.ignored(case)
        if ignored is not None:
            label = np.where(ignored, np.uint8(IGNORED), label)
        image, label = pad(normalize(self._data.image(case)), label, self._smallest)
        classes = [value for value in np.unique(label) if value not in (0, IGNORED)]
        return image, label, [np.flatnonzero(label == value) for value in classes]


def _size(item: _Item) -> int:
    image, label, foreground = item
    return image.nbytes + label.nbytes + sum(pixels.nbytes for pixels in foreground)
