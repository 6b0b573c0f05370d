"""A batch of label images, as frameworks pass it, case by case."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Labels = npt.NDArray[Any]


def label_images(name: str, batch: torch.Tensor) -> Labels:
    """Convert a batch to label images.

    Args:
        name: of the argument, for messages.
        batch: (B, C, *spatial) one-hot with C > 1, or (B, 1, *spatial) of class indices; holding whole numbers.

    Returns:
        (B, *spatial), class indices.

    Raises:
        ValueError: another shape, values that are not whole numbers, or a one-hot batch with several classes at a
            pixel.
    """
    array = batch.detach().cpu()
    if array.ndim not in (4, 5):
        raise ValueError(f"`{name}` must be (B, C, H, W) or (B, C, D, H, W), got shape {tuple(array.shape)}")
    if array.is_floating_point() and not bool((array == array.round()).all()):
        raise ValueError(f"`{name}` must hold class indices or be one-hot, got fractions; threshold or argmax it first")
    whole = array.to(torch.int64).numpy()
    if whole.shape[1] == 1:
        return whole[:, 0]
    if whole.min() < 0 or whole.max() > 1 or not (whole.sum(1) == 1).all():
        raise ValueError(f"`{name}` has {whole.shape[1]} channels, so it must be one-hot: one 1 at each pixel")
    return np.asarray(whole.argmax(1))


def cases(prediction: torch.Tensor, target: torch.Tensor) -> Iterator[tuple[Labels, Labels]]:
    """Yield prediction and ground truth of each case of a batch.

    Args:
        prediction: see `label_images`.
        target: the same number of cases and pixels; one-hot or class indices.

    Yields:
        Two label images.

    Raises:
        ValueError: see `label_images`; or batches of different sizes.
    """
    b, y = label_images("prediction", prediction), label_images("target", target)
    if b.shape != y.shape:
        raise ValueError(f"prediction and target must be of the same size, got {b.shape} and {y.shape}")
    yield from zip(b, y, strict=True)


def classes(prediction: torch.Tensor, target: torch.Tensor) -> int | None:
    """Return the number of classes that one-hot batches have; None where both are class indices."""
    channels = max(prediction.shape[1], target.shape[1])
    return channels if channels > 1 else None
