"""City-block distances inside a mask and their ridges: clDice's soft skeleton of a mask.

A city-block distance is the smallest sum of steps, so one forward and one backward sweep along each axis suffice.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]


def ridges(mask: Array, farthest: int) -> Array:
    """Return the pixels whose distance is at most `farthest` and the largest of the 3x3(x3) box around them.

    Args:
        mask: bool (H, W) or (D, H, W).
        farthest: at least 1.

    Returns:
        bool, same shape; all False if the mask has no background.
    """
    volume = np.ascontiguousarray(mask).reshape(-1, mask.shape[-2], mask.shape[-1])
    kind = np.uint8 if farthest < 254 else np.int32
    distance = np.empty(volume.shape, kind)
    ridge = np.empty(volume.shape, np.bool_)
    farthest = min(farthest, sum(volume.shape))  # no background is farther; the value above it stands for none at all
    _measure(volume, distance, kind(farthest + 1))
    _keep_ridges(distance, kind(farthest), ridge)
    return ridge.reshape(mask.shape)


@compiled
def _step(here: Array, before: Array, one: Any) -> None:
    """Bound the distances of a line by those of the adjacent line plus one step."""
    for x in range(here.shape[0]):
        here[x] = min(here[x], here.dtype.type(before[x] + one))


@compiled
def _measure(mask: Array, distance: Array, cap: Any) -> None:
    """Write city-block distances to the background, `cap` where they are larger or there is no background."""
    depth, height, width = mask.shape
    one = distance.dtype.type(1)
    for z in range(depth):
        for y in range(height):
            line = distance[z, y]
            for x in range(width):
                line[x] = cap if mask[z, y, x] else distance.dtype.type(0)
            nearest = cap
            for x in range(width):
                nearest = min(line[x], distance.dtype.type(nearest + one))
                line[x] = nearest
            nearest = cap
            for x in range(width - 1, -1, -1):
                nearest = min(line[x], distance.dtype.type(nearest + one))
                line[x] = nearest
        for y in range(1, height):
            _step(distance[z, y], distance[z, y - 1], one)
        for y in range(height - 2, -1, -1):
            _step(distance[z, y], distance[z, y + 1], one)
    planes = distance.reshape(depth, height * width)
    for z in range(1, depth):
        _step(planes[z], planes[z - 1], one)
    for z in range(depth - 2, -1, -1):
        _step(planes[z], planes[z + 1], one)


@compiled
def _widen(line: Array, wide: Array) -> None:
    """Write the largest of each value and its two neighbours along a line."""
    last = line.shape[0] - 1
    for x in range(1, last):
        wide[x] = max(line[x - 1], max(line[x], line[x + 1]))
    wide[0] = max(line[0], line[min(1, last)])
    wide[last] = max(line[last], line[max(last - 1, 0)])


@compiled
def _keep_larger(line: Array, other: Array) -> None:
    for x in range(line.shape[0]):
        line[x] = max(line[x], other[x])


@compiled
def _widen_plane(distance: Array, wide: Array, plane: Array) -> None:
    """Write the largest value in the 3x3 window of each pixel of a plane."""
    height = distance.shape[0]
    for y in range(height):
        _widen(distance[y], wide[y])
    for y in range(height):
        plane[y] = wide[y]
        if y > 0:
            _keep_larger(plane[y], wide[y - 1])
        if y < height - 1:
            _keep_larger(plane[y], wide[y + 1])


@compiled
def _keep_ridges(distance: Array, farthest: Any, ridge: Array) -> None:
    depth, height, width = distance.shape
    zero = distance.dtype.type(0)
    planes = np.empty((3, height * width), distance.dtype)  # dilated ones, in a ring
    wide, highest = np.empty((height, width), distance.dtype), np.empty(height * width, distance.dtype)
    for z in range(depth + 1):
        if z < depth:
            _widen_plane(distance[z], wide, planes[z % 3].reshape(height, width))
        if z > 0:
            highest[:] = planes[(z - 1) % 3]
            if z > 1:
                _keep_larger(highest, planes[(z - 2) % 3])
            if z < depth:
                _keep_larger(highest, planes[z % 3])
            here, found = distance[z - 1].ravel(), ridge[z - 1].ravel()
            for x in range(here.shape[0]):
                found[x] = (here[x] > zero) & (here[x] <= farthest) & (here[x] == highest[x])
