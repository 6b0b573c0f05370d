"""Persistence of components by union-find, pixel after pixel in the order of their values."""

from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]

_NEVER, _OUTSIDE = -1, 0  # parents of a pixel that has not appeared yet, and of the frame around the image


def ascending(values: Array) -> Array:
    """Sort the pixels of an image by value, equal ones in raster order.

    Args:
        values: float32 or float64, any shape, finite.

    Returns:
        Flat indices, int64.
    """
    flat = values.ravel()
    if flat.dtype != np.float32:
        return np.argsort(flat, kind="stable")
    # value and place in one whole number: NumPy sorts those ten times faster than it finds an order
    bits = (flat + np.float32(0)).view(np.int32)  # -0 becomes 0
    rising = np.where(bits < 0, ~bits, bits ^ np.int32(-(2**31))).view(np.uint32)
    keys = (rising.astype(np.uint64) << np.uint64(32)) | np.arange(flat.size, dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def components(values: Array, order: Array) -> tuple[Array, Array]:
    """Follow the components of {image <= t} as t rises; every pixel touches all 8 or 26 around it.

    Args:
        values: image (H, W) or (D, H, W).
        order: see `ascending`.

    Returns:
        Flat indices of the pixels at which components appear and vanish, for those with different values there.
    """
    everything = [step for step in np.ndindex((3,) * values.ndim) if step != (1,) * values.ndim]
    return _follow(values, order, np.array(everything) - 1, outside=False)


def holes(values: Array, order: Array) -> tuple[Array, Array]:
    """Follow the holes (in 3D the cavities) of {image <= t}: the components of {image > t} as t falls, by duality.

    Those have adjacency 4 (6); the outside of the image is the oldest of them and never vanishes.

    Args:
        values: see `components`.
        order: see `components`.

    Returns:
        Flat indices of the pixels at which holes appear and vanish.
    """
    axes = np.eye(values.ndim, dtype=np.int64)
    fills, opens = _follow(values, order[::-1], np.concatenate([-axes, axes]), outside=True)
    return opens, fills


def _follow(values: Array, order: Array, steps: Array, outside: bool) -> tuple[Array, Array]:
    framed = np.pad(values, 1)
    inside = np.arange(framed.size, dtype=np.int32).reshape(framed.shape)[(slice(1, -1),) * values.ndim].ravel()
    strides = np.array(framed.strides) // framed.itemsize
    parents = np.full(framed.shape, _OUTSIDE if outside else _NEVER, np.int32)
    parents[(slice(1, -1),) * values.ndim] = _NEVER
    births, deaths = _merge(framed.ravel(), inside[order], steps @ strides, parents.ravel())
    back = [np.unravel_index(cells, framed.shape) for cells in (births, deaths)]
    first, second = (np.ravel_multi_index([axis - 1 for axis in cell], values.shape) for cell in back)
    return first, second


@compiled
def _root(parents: Array, pixel: int) -> int:
    while parents[pixel] != pixel:
        parents[pixel] = parents[parents[pixel]]
        pixel = parents[pixel]
    return pixel


@compiled
def _merge(values: Array, order: Array, steps: Array, parents: Array) -> tuple[Array, Array]:
    """Join each pixel to those around it that are there already; where two components meet, the younger one ends.

    A component is named by its first pixel, its root. The frame, where it counts, is a component that was there first.
    """
    ages = np.full(parents.shape[0], -1, np.int32)
    births, deaths = np.empty(order.shape[0], np.int64), np.empty(order.shape[0], np.int64)
    number = 0
    for age in range(order.shape[0]):
        pixel = order[age]
        ages[pixel] = age
        parents[pixel] = pixel
        here = pixel
        for step in steps:
            parent = parents[pixel + step]
            if parent == _NEVER:
                continue
            there = parent if parent == here else _root(parents, parent)
            parents[pixel + step] = there
            if there == here:
                continue
            older, younger = (there, here) if ages[there] < ages[here] else (here, there)
            parents[younger] = older
            here = older
            if values[younger] != values[pixel]:
                births[number] = younger
                deaths[number] = pixel
                number += 1
    return births[:number], deaths[:number]
