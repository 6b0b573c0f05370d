"""Persistence by union-find, where only the pixels at which components may meet are sorted.

Pixels appear by value, equal ones in raster order. Those around a pixel that have appeared before it form local
components. If there is none, a component begins with the pixel. If there is one, the pixel belongs to it, whenever that
is looked up. Only if there are several may components meet, and only such pixels are processed in order. Holes are
followed in the same way, backwards.
"""

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled, for_each

Array = npt.NDArray[Any]

_BITS = np.zeros(37, np.int64)  # the powers of 2 below 2^36 differ modulo 37
for _bit in range(36):
    _BITS[2**_bit % 37] = _bit


class _Adjacency(NamedTuple):
    """Which of the pixels around one belong together; they are bits of a number, those that share a face come first.

    Attributes:
        steps: to each of them along each axis, (n, ndim).
        direct: those that the pixel itself touches.
        touching: those that each of them touches, int64 (n,).
        flip: what turns those that have appeared into those that have not, where it is these that count.
    """

    steps: Array
    direct: int
    touching: Array
    flip: int


def pairs(values: Array, dims: Iterable[int], width: int) -> dict[int, tuple[Array, Array]]:
    """Follow the components and the holes (in 3D the cavities) of {image <= t} as t rises.

    A pixel of a component touches all 8 or 26 around it. Holes are the components of {image > t} as t falls, by
    duality, with adjacency 4 or 6; the outside of the image is the oldest of them and never vanishes.

    Args:
        values: image (H, W) or (D, H, W), float32 or float64, finite.
        dims: 0 for components, ndim - 1 for holes.
        width: the last axis is cut into pieces of this width, each of them an image by itself.

    Returns:
        For each dimension, flat indices of the pixels at which features appear and vanish, for those with different
        values there.
    """
    framed, wanted = _frame(values, width, np.inf), list(dims)
    strides = np.array(framed.strides) // framed.itemsize
    flat, lines = framed.ravel(), _lines(framed.shape, width)
    offsets = _adjacency(values.ndim, True).steps @ strides
    before = np.zeros(flat.size, np.uint8 if values.ndim == 2 else np.uint32)
    _compare(flat, lines, offsets, before)

    def join(dimension: int) -> tuple[Array, Array, int]:
        kind, table = _adjacency(values.ndim, dimension == 0), _table(values.ndim, dimension == 0)
        parents, seeds = np.zeros(flat.size, np.int32), np.zeros_like(before)
        begun = _join(before, lines, offsets, *kind[1:], table, parents, seeds)
        return parents, seeds, begun

    joined = for_each(join, wanted)
    meetings = np.flatnonzero(np.logical_or.reduce([seeds & (seeds - 1) != 0 for _, seeds, _ in joined]))
    meetings = meetings[ascending(flat[meetings])]
    indices = _frame(np.arange(values.size, dtype=np.int32).reshape(values.shape), width, 0).ravel()

    def merge(work: tuple[int, tuple[Array, Array, int]]) -> tuple[Array, Array]:
        dimension, found = work
        first, second = _merge(flat, meetings[:: -1 if dimension else 1], offsets, dimension == 0, *found)
        return (indices[second], indices[first]) if dimension else (indices[first], indices[second])

    return dict(zip(wanted, for_each(merge, zip(wanted, joined, strict=True)), strict=True))


@functools.cache
def _adjacency(ndim: int, full: bool) -> _Adjacency:
    """Return the adjacency of components (`full`: 8 or 26) or that of holes (4 or 6)."""
    steps = np.array([step for step in np.ndindex((3,) * ndim) if step != (1,) * ndim]) - 1
    steps = steps[np.argsort(np.abs(steps).sum(1), kind="stable")]
    apart = np.abs(steps[:, None] - steps)
    near = apart.max(2) <= 1 if full else apart.sum(2) <= 1
    powers = 1 << np.arange(len(steps))
    everything = int(powers.sum())
    direct = everything if full else 2 ** (2 * ndim) - 1
    return _Adjacency(steps, direct, (near * powers).sum(1), 0 if full else everything)


@functools.cache
def _table(ndim: int, full: bool) -> Array:
    """Return `_seeds` of all sets of pixels around one; in 3D there are too many, and the table is empty."""
    kind = _adjacency(ndim, full)
    sets = range(256 if ndim == 2 else 0)
    return np.array([_seeds(each ^ kind.flip, kind.direct, kind.touching) for each in sets], np.int64)


def _frame(image: Array, width: int, outside: float) -> Array:
    """Put one pixel around each piece of an image; neighbouring pieces share those between them."""
    pieces = -(-image.shape[-1] // width)
    framed = np.full((*(length + 2 for length in image.shape[:-1]), image.shape[-1] + pieces + 1), outside, image.dtype)
    inner = (slice(1, -1),) * (image.ndim - 1)
    for piece in range(pieces):
        part = image[..., piece * width : (piece + 1) * width]
        start = piece * (width + 1) + 1
        framed[(*inner, slice(start, start + part.shape[-1]))] = part
    return framed


def _lines(framed: tuple[int, ...], width: int) -> Array:
    """Return where each line of each piece starts and ends in the flattened frame, (n, 2)."""
    starts = np.arange(np.prod(framed[:-1])).reshape(framed[:-1])[(slice(1, -1),) * (len(framed) - 1)] * framed[-1]
    begins = np.arange(1, framed[-1] - 1, width + 1)
    ends = np.append(begins[1:] - 1, framed[-1] - 1)
    return (starts.reshape(-1, 1, 1) + np.stack([begins, ends], 1)).reshape(-1, 2)


@compiled
def _compare(values: Array, lines: Array, offsets: Array, before: Array) -> None:
    """Mark, for each pixel, those around it that appear before it."""
    for number in range(lines.shape[0]):
        start, end = lines[number]
        own, marks = values[start:end], before[start:end]
        for bit in range(offsets.shape[0]):
            others, mark = values[start + offsets[bit] : end + offsets[bit]], marks.dtype.type(1 << bit)
            if offsets[bit] < 0:
                for i in range(own.shape[0]):
                    marks[i] |= mark * (others[i] <= own[i])
            else:
                for i in range(own.shape[0]):
                    marks[i] |= mark * (others[i] < own[i])


@compiled
def _seeds(members: int, direct: int, touching: Array) -> int:
    """Return one of the members of each local component that the pixel touches."""
    seeds, rest = 0, members
    while rest & direct:
        frontier = (rest & direct) & -(rest & direct)
        seeds |= frontier
        rest ^= frontier
        while frontier and rest & direct:
            lowest = frontier & -frontier
            reached = touching[_BITS[lowest % 37]] & rest
            rest ^= reached
            frontier ^= lowest | reached
    return seeds


@compiled
def _join(
    before: Array,
    lines: Array,
    offsets: Array,
    direct: int,
    touching: Array,
    flip: int,
    table: Array,
    parents: Array,
    seeds: Array,
) -> int:
    """Make each pixel a member of one of the components that it touches, or the first one of another.

    Args:
        before: see `_compare`.
        lines: see `_lines`.
        offsets: to the pixels around one.
        direct: see `_Adjacency`, as for `touching` and `flip`.
        touching: see there.
        flip: see there.
        table: see `_table`.
        parents: out: a member of the component, the pixel itself where one begins; 0 for the frame.
        seeds: out: see `_seeds`.

    Returns:
        How many components begin.
    """
    begun = 0
    for number in range(lines.shape[0]):
        for place in range(lines[number, 0], lines[number, 1]):
            members = int(before[place])
            found = table[members] if table.shape[0] else _seeds(members ^ flip, direct, touching)
            seeds[place] = found
            older = place + offsets[_BITS[(found & -found) % 37]] if found else place
            parents[place] = parents[older] if older < place else older  # a shorter way, where it is known already
            begun += found == 0
    return begun


def ascending(values: Array) -> Array:
    """Sort pixels by value, equal ones in raster order.

    Args:
        values: float32 or float64, any shape, finite.

    Returns:
        Flat indices, int64.
    """
    flat = values.ravel()
    return _by_digits(flat) if flat.dtype == np.float32 else np.argsort(flat, kind="stable")


@compiled
def _by_digits(values: Array) -> Array:
    """Sort float32 by the digits of their bits, the last one first (radix sort; each pass is stable)."""
    number = values.shape[0]
    bits = (values + np.float32(0)).view(np.uint32)  # -0 becomes 0
    keys, order = np.empty(number, np.uint32), np.empty(number, np.int64)
    counts = np.zeros((3, 2048), np.int64)
    for place in range(number):
        key = bits[place]
        key = ~key if key >> np.uint32(31) else key | np.uint32(0x80000000)  # negative ones fall as their bits rise
        keys[place] = key
        order[place] = place
        for turn in range(3):
            counts[turn, (key >> np.uint32(11 * turn)) & np.uint32(2047)] += 1
    other_keys, other_order = np.empty_like(keys), np.empty_like(order)
    for turn in range(3):
        start = 0
        for digit in range(2048):
            start, counts[turn, digit] = start + counts[turn, digit], start
        for place in range(number):
            digit = (keys[place] >> np.uint32(11 * turn)) & np.uint32(2047)
            to = counts[turn, digit]
            counts[turn, digit] += 1
            other_keys[to], other_order[to] = keys[place], order[place]
        keys, other_keys = other_keys, keys
        order, other_order = other_order, order
    return order


@compiled
def _root(parents: Array, place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


@compiled
def _merge(
    values: Array, meetings: Array, offsets: Array, rising: bool, parents: Array, seeds: Array, begun: int
) -> tuple[Array, Array]:
    """Merge the components around each pixel at which they meet: the oldest one remains, the others end.

    A component is named by its first pixel, its root. The frame, where it counts, is the oldest component.

    Args:
        values: of the pixels; those of the frame are infinite.
        meetings: the pixels where components may meet, in order.
        offsets: to the pixels around one.
        rising: whether pixels appear by rising or by falling value.
        parents: see `_join`, as for the others.
        seeds: see there.
        begun: see there.

    Returns:
        Where components begin and end, for those with different values there.
    """
    births, deaths = np.empty(begun, np.int32), np.empty(begun, np.int32)
    ended = 0
    for place in meetings:
        left = int(seeds[place])
        here = _root(parents, place)
        left &= left - 1  # the pixel itself belongs to the first one
        while left:
            there = _root(parents, place + offsets[_BITS[(left & -left) % 37]])
            left &= left - 1
            if there == here:
                continue
            is_older = (values[there], there) < (values[here], here)
            younger, here = (here, there) if is_older == rising else (there, here)
            parents[younger] = here
            if values[younger] != values[place]:
                births[ended], deaths[ended] = younger, place
                ended += 1
    return births[:ended], deaths[:ended]
