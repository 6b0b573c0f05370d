"""Which wrong regions of a prediction matter for topology: the component graph of Topograph.

Pixels are of four kinds; regions, the nodes of the graph, are components of one kind. Regions are represented by
labels, with one union-find for each of three questions: which regions are merged, which are joined in the prediction,
and which in the truth. To decide whether a region touches exactly one of something, the first one is recorded, and
whether there was another. No array is larger than the image.
"""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]

# kinds: bit 0 for the prediction, bit 1 for the truth
_NEITHER, _ADDED, _MISSED, _BOTH = 0, 1, 2, 3
_WEIGHTS = {8: (-4, 1, 2, 16), 4: (16, 1, 2, -4)}  # of the kinds, by the foreground's adjacency
_MAIN, _ANTI, _LOOSE = 1, 2, 4  # a 2x2 block joins its pixels 0 and 3, or 1 and 2; loosely: for clusters alone
_NONE, _SEVERAL = -1, -2


def critical_regions(prediction: Array, truth: Array, adjacency: int) -> Array:
    """Label the wrong regions that change topology.

    Args:
        prediction: bool (H, W).
        truth: bool (H, W).
        adjacency: of the foreground, 8 or 4.

    Returns:
        int32 (H, W), 0 elsewhere.
    """
    kinds = prediction.astype(np.uint8) | (truth.astype(np.uint8) << 1)
    labels = np.empty(kinds.shape, np.int32)
    kind_of = _label(kinds, labels)
    first, second, loose = _diagonals(kinds, labels, _joins(adjacency))
    regions, predicted, true = (np.arange(len(kind_of), dtype=np.int32) for _ in range(3))
    _merge(first, second, loose, kind_of, regions)
    _connect(labels, first, second, kind_of, predicted, true)
    for forest in (regions, predicted, true):
        _flatten(forest)
    background, cluster = (np.full(len(kind_of), _NONE, np.int32) for _ in range(2))
    _touch(labels, first[~loose], second[~loose], kind_of, regions, predicted, true, background, cluster)
    numbers = _number(kind_of, regions, (background < 0) | (cluster < 0))
    return numbers[labels]


def _joins(adjacency: int) -> Array:
    """Return for each 2x2 block of kinds (two bits a pixel) which of its diagonals is joined, and how."""
    table = np.zeros(256, np.uint8)
    for block in product(range(4), repeat=4):
        a, b, c, d = (_WEIGHTS[adjacency][kind] for kind in block)
        difference = a - b - c + d
        diagonal = _MAIN if difference > 0 else _ANTI
        code = sum(kind << 2 * place for place, kind in enumerate(block))
        table[code] = diagonal if abs(difference) > 7 else (abs(difference) in (4, 7)) * (diagonal | _LOOSE)
    return table


@compiled
def _root(parents: Array, node: int) -> int:
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@compiled
def _unite(parents: Array, a: int, b: int) -> int:
    a, b = _root(parents, a), _root(parents, b)
    low, high = min(a, b), max(a, b)
    parents[high] = low
    return low


@compiled
def _flatten(parents: Array) -> None:
    for node in range(parents.shape[0]):  # a parent has a lower number, and is a root at this point
        parents[node] = parents[parents[node]]


@compiled
def _label(kinds: Array, labels: Array) -> Array:
    """Label the 4-connected components of equal kinds from 0 on in raster order, and return the kind of each."""
    height, width = kinds.shape
    parents = np.empty(height * width, np.int32)
    number = 0
    for y in range(height):
        for x in range(width):
            up = y > 0 and kinds[y - 1, x] == kinds[y, x]
            left = x > 0 and kinds[y, x - 1] == kinds[y, x]
            if up and left:
                above, beside = labels[y - 1, x], labels[y, x - 1]
                labels[y, x] = above if above == beside else _unite(parents, above, beside)
            elif up:
                labels[y, x] = labels[y - 1, x]
            elif left:
                labels[y, x] = labels[y, x - 1]
            else:
                parents[number] = number
                labels[y, x] = number
                number += 1
    names = np.empty(number, np.int32)
    count = 0
    for node in range(number):
        if parents[node] == node:
            names[node] = count
            count += 1
        else:
            names[node] = names[parents[node]]
    kind_of = np.empty(count, np.uint8)
    flat, flat_kinds = labels.ravel(), kinds.ravel()
    for i in range(flat.shape[0]):
        flat[i] = names[flat[i]]
        kind_of[flat[i]] = flat_kinds[i]
    return kind_of


@compiled
def _diagonals(kinds: Array, labels: Array, joins: Array) -> tuple[Array, Array, Array]:
    """Return the pairs of regions that blocks join, and which of them loosely."""
    height, width = kinds.shape
    size = max(height - 1, 0) * max(width - 1, 0)
    first, second, loose = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.bool_)
    number = 0
    for y in range(height - 1):
        for x in range(width - 1):
            above = kinds[y, x] | (kinds[y, x + 1] << 2)
            join = joins[above | (kinds[y + 1, x] << 4) | (kinds[y + 1, x + 1] << 6)]
            if join:
                main = join & _MAIN
                a, b = (labels[y, x], labels[y + 1, x + 1]) if main else (labels[y, x + 1], labels[y + 1, x])
                first[number], second[number] = min(a, b), max(a, b)
                loose[number] = join & _LOOSE
                number += a != b
    return first[:number], second[:number], loose[:number]


def _merge(first: Array, second: Array, loose: Array, kind_of: Array, regions: Array) -> None:
    """Merge regions of the same kind, except the background, that are joined at a corner and nowhere loosely."""
    pairs = (kind_of[first] == kind_of[second]) & (kind_of[first] != _NEITHER)
    if loose.any():
        keys = first.astype(np.int64) * len(kind_of) + second
        pairs &= ~np.isin(keys, keys[loose])
    _unite_all(first[pairs], second[pairs], regions)


@compiled
def _unite_all(first: Array, second: Array, regions: Array) -> None:
    for n in range(first.shape[0]):
        _unite(regions, first[n], second[n])


@compiled
def _connect_pair(a: int, b: int, kind_of: Array, predicted: Array, true: Array) -> None:
    common = kind_of[a] & kind_of[b]
    if common & _ADDED:
        _unite(predicted, a, b)
    if common & _MISSED:
        _unite(true, a, b)


@compiled
def _connect(labels: Array, first: Array, second: Array, kind_of: Array, predicted: Array, true: Array) -> None:
    """Merge the regions that are joined in the prediction, and those that are joined in the truth."""
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            if x > 0 and labels[y, x] != labels[y, x - 1]:
                _connect_pair(labels[y, x], labels[y, x - 1], kind_of, predicted, true)
            if y > 0 and labels[y, x] != labels[y - 1, x]:
                _connect_pair(labels[y, x], labels[y - 1, x], kind_of, predicted, true)
    for n in range(first.shape[0]):
        _connect_pair(first[n], second[n], kind_of, predicted, true)


@compiled
def _note(seen: Array, region: int, other: int) -> None:
    if seen[region] != other:
        seen[region] = other if seen[region] == _NONE else _SEVERAL


@compiled
def _touch_one(
    a: int,
    b: int,
    kind_of: Array,
    regions: Array,
    predicted: Array,
    true: Array,
    background: Array,
    cluster: Array,
) -> None:
    """Record what a wrong region touches: background regions, and clusters of the mask that lacks it."""
    if kind_of[a] == _ADDED or kind_of[a] == _MISSED:
        if kind_of[b] == _NEITHER:
            _note(background, regions[a], b)
        elif kind_of[b] != kind_of[a]:
            _note(cluster, regions[a], true[b] if kind_of[a] == _ADDED else predicted[b])


@compiled
def _touch(
    labels: Array,
    first: Array,
    second: Array,
    kind_of: Array,
    regions: Array,
    predicted: Array,
    true: Array,
    background: Array,
    cluster: Array,
) -> None:
    """Find for each wrong region the background region and the cluster that it touches, if there is exactly one."""
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            here = labels[y, x]
            if x > 0 and here != labels[y, x - 1]:
                beside = labels[y, x - 1]
                _touch_one(here, beside, kind_of, regions, predicted, true, background, cluster)
                _touch_one(beside, here, kind_of, regions, predicted, true, background, cluster)
            if y > 0 and here != labels[y - 1, x]:
                above = labels[y - 1, x]
                _touch_one(here, above, kind_of, regions, predicted, true, background, cluster)
                _touch_one(above, here, kind_of, regions, predicted, true, background, cluster)
    for n in range(first.shape[0]):
        _touch_one(first[n], second[n], kind_of, regions, predicted, true, background, cluster)
        _touch_one(second[n], first[n], kind_of, regions, predicted, true, background, cluster)


@compiled
def _number(kind_of: Array, regions: Array, critical: Array) -> Array:
    """Label the critical regions from 1 on; 0 for all others."""
    numbers = np.zeros(kind_of.shape[0], np.int32)
    count = 0
    for node in range(kind_of.shape[0]):
        region = regions[node]
        if (kind_of[node] == _ADDED or kind_of[node] == _MISSED) and critical[region]:
            if region == node:
                count += 1
                numbers[node] = count
            else:
                numbers[node] = numbers[region]
    return numbers
