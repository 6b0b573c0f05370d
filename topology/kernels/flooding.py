"""The components of a mask that are reached from seeds."""

from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]

_OPEN, _REACHED = 1, 2


def reached(mask: Array, seeds: Array, steps: Array) -> Array:
    """Return the pixels of a mask that are connected with seeds within it.

    Args:
        mask: bool (H, W) or (D, H, W).
        seeds: bool, same shape.
        steps: to the neighbours, (n, ndim).

    Returns:
        bool, same shape.
    """
    inner = (slice(1, -1),) * mask.ndim
    image = np.zeros([n + 2 for n in mask.shape], np.uint8)
    image[inner] = mask
    image[inner][mask & seeds] = _REACHED
    flat = image.ravel()
    _flood(flat, np.flatnonzero(flat == _REACHED), steps @ np.array(image.strides))
    return image[inner] == _REACHED


@compiled
def _flood(image: Array, front: Array, steps: Array) -> None:
    waiting = np.empty(max(image.shape[0] // 8, front.shape[0]), front.dtype)
    waiting[: front.shape[0]] = front
    number = front.shape[0]
    while number > 0:
        number -= 1
        pixel = waiting[number]
        if number + steps.shape[0] > waiting.shape[0]:
            longer = np.empty(2 * waiting.shape[0] + steps.shape[0], front.dtype)
            longer[: waiting.shape[0]] = waiting
            waiting = longer
        for step in steps:
            if image[pixel + step] == _OPEN:
                image[pixel + step] = _REACHED
                waiting[number] = pixel + step
                number += 1
