"""Images of a batch on the host and their patches, and the way back from a patch's pixels to the batch's."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Where = tuple[int | slice, ...]


def to_host(tensor: torch.Tensor) -> npt.NDArray[Any]:
    """Copy a tensor to the host, once, from a GPU by way of page-locked memory; one on the CPU is only viewed."""
    if not tensor.is_cuda:
        return tensor.numpy()
    copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    copy.copy_(tensor, non_blocking=True)
    torch.cuda.current_stream(tensor.device).synchronize()
    return copy.numpy()


def patches(shape: tuple[int, ...], side: int | None) -> Iterator[Where]:
    """Split every image of a batch (B, K, *spatial) into patches, smaller ones at the border; None: whole images."""
    tiles = [
        [slice(start, start + (side or length)) for start in range(0, length, side or length)] for length in shape[2:]
    ]
    return product(range(shape[0]), range(shape[1]), *tiles)


def rows(shape: tuple[int, ...], side: int) -> Iterator[Where]:
    """Split every image of a batch (B, K, *spatial) into rows of patches, along the last axis."""
    tiles = [[slice(start, start + side) for start in range(0, length, side)] for length in shape[2:-1]]
    return product(range(shape[0]), range(shape[1]), *tiles, [slice(0, shape[-1])])


def in_batch(
    pixels: npt.NDArray[np.int64], patch: tuple[int, ...], where: Where, shape: tuple[int, ...]
) -> npt.NDArray[np.int64]:
    """Convert flat indices into a patch to flat indices into the batch.

    Args:
        pixels: flat indices, any shape.
        patch: shape of the patch.
        where: its position, see `patches`.
        shape: of the batch.

    Returns:
        The same shape.
    """
    corner = np.ravel_multi_index([w.start if isinstance(w, slice) else w for w in where], shape)
    if patch == shape[2:]:
        return pixels + corner
    steps = np.cumprod([1, *shape[:2:-1]])[::-1]
    along = np.unravel_index(pixels, patch)
    return sum((i * int(step) for i, step in zip(along, steps, strict=True)), start=np.int64(corner) + 0 * pixels)
