"""Persistence of components by union-find, pixel by pixel in order of their values."""

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
    """Merge the pixels of a volume one by one; in an image, merge whole basins and the pixels where they meet."""
    framed = tuple(length + 2 for length in values.shape)
    inner = (slice(1, -1),) * values.ndim
    places = np.arange(np.prod(framed), dtype=np.int32).reshape(framed)[inner].ravel()[order]
    offsets = (steps @ np.cumprod([1, *framed[:0:-1]])[::-1]).astype(np.int32)
    rising = values.ravel()[order]
    if values.ndim == 3:  # most of a volume's pixels touch several basins
        parents = np.full(framed, _OUTSIDE if outside else _NEVER, np.int32)
        parents[inner] = _NEVER
        births, deaths = _merge_pixels(rising, places, offsets, parents.ravel())
    else:
        ages = np.full(np.prod(framed), 0 if outside else order.size + 1, np.int32)
        begins, basins, meets = _basins(ages, places, offsets)
        _keep_saddles(ages, framed[1], meets, not outside)
        waiting = np.flatnonzero(meets[places])
        births, deaths = _merge_basins(rising, begins, waiting, places, ages, basins, offsets)
    return order[births], order[deaths]


def _keep_saddles(ages: Array, width: int, meets: Array, full: bool) -> None:
    """Unmark the pixels of an image whose older neighbours touch each other and so already form one component."""
    own = slice(width + 1, len(ages) - width - 1)
    ring = (1, 1 - width, -width, -width - 1, -1, width - 1, width, width + 1)  # counterclockwise from the right
    a, b, c, d, e, f, g, h = (ages[own.start + step : own.stop + step] for step in ring)
    _unmark(meets[own], ages[own], a, b, c, d, e, f, g, h, full)


@compiled
def _unmark(
    marks: Array,
    ages: Array,
    a: Array,
    b: Array,
    c: Array,
    d: Array,
    e: Array,
    f: Array,
    g: Array,
    h: Array,
    full: bool,
) -> None:
    """Count the components of the older ones among eight pixels in a ring, with adjacency 8 (`full`) or 4.

    With 4 they are a, c, e, g, of which two are one where the corner between them is older as well; with 8 the roles of
    older and younger are exchanged (Yokoi, Toriwaki and Fukumura 1975).
    """
    for i in range(marks.shape[0]):
        age = ages[i]
        p, q, r, s = (a[i] < age) ^ full, (b[i] < age) ^ full, (c[i] < age) ^ full, (d[i] < age) ^ full
        t, u, v, w = (e[i] < age) ^ full, (f[i] < age) ^ full, (g[i] < age) ^ full, (h[i] < age) ^ full
        marks[i] &= (
            int(p & (not (q & r))) + int(r & (not (s & t))) + int(t & (not (u & v))) + int(v & (not (w & p))) > 1
        )


@compiled
def _lower(lowest: Array, others: Array) -> None:
    for place in range(lowest.shape[0]):  # a loop that the compiler turns into instructions for several pixels
        lowest[place] = min(lowest[place], others[place])


@compiled
def _mark(meets: Array, ages: Array, basins: Array, other_ages: Array, other_basins: Array) -> None:
    for place in range(meets.shape[0]):
        meets[place] |= (other_ages[place] < ages[place]) & (other_basins[place] != basins[place])


@compiled
def _basins(ages: Array, places: Array, offsets: Array) -> tuple[Array, Array, Array]:
    """Assign each pixel to the basin of its oldest neighbour; one older than all its neighbours begins a new basin.

    Args:
        ages: of the frame: 0, which is older than all pixels, or a number above all ages. Those of the pixels, counted
            from 1, are filled in.
        places: of the pixels, in order.
        offsets: to the neighbours.

    Returns:
        The pixel with which each basin begins, as a place in the order; basins of the pixels, counted from 1 by age (0
        for the frame); and whether an older neighbour belongs to another basin.
    """
    for turn in range(places.shape[0]):
        ages[places[turn]] = turn + 1
    first, number = offsets.max(), ages.shape[0] - 2 * offsets.max()
    oldest = ages.copy()
    for offset in offsets:
        _lower(oldest[first : first + number], ages[first + offset : first + offset + number])
    by_age = np.zeros(places.shape[0] + 1, np.int32)
    basins = np.zeros(ages.shape[0], np.int32)
    begins, found = np.zeros(places.shape[0] + 1, np.int32), 0
    for turn in range(places.shape[0]):
        age = oldest[places[turn]]
        if age == turn + 1:
            found += 1
            by_age[age], begins[found] = found, turn
        by_age[turn + 1] = by_age[age]
        basins[places[turn]] = by_age[age]
    meets, here = np.zeros(ages.shape[0], np.bool_), slice(first, first + number)
    for offset in offsets:
        around = slice(first + offset, first + offset + number)
        _mark(meets[here], ages[here], basins[here], ages[around], basins[around])
    return begins[: found + 1], basins, meets


@compiled
def _root(parents: Array, basin: int) -> int:
    while parents[basin] != basin:
        parents[basin] = parents[parents[basin]]
        basin = parents[basin]
    return basin


@compiled
def _merge_basins(
    rising: Array, begins: Array, waiting: Array, places: Array, ages: Array, basins: Array, offsets: Array
) -> tuple[Array, Array]:
    """Join the basins around each pixel at which several meet; where two components meet, the younger one ends.

    A component is named by its first basin, its root. The frame, where it counts, is the oldest component.

    Args:
        rising: values in their order.
        begins: see `_basins`, also for `basins`.
        waiting: the pixels at which basins meet, as places in the order.
        places: of all pixels, in their order.
        ages: of the pixels and the frame.
        basins: of the same.
        offsets: to the neighbours.

    Returns:
        Where components begin and end, as places in the order, for those with different values there.
    """
    lowest = rising[begins]
    parents = np.arange(begins.shape[0]).astype(np.int32)
    births, deaths = np.empty(begins.shape[0], np.int32), np.empty(begins.shape[0], np.int32)
    others = np.empty(offsets.shape[0] + 1, np.int32)
    ended = 0
    for turn in waiting:
        place = places[turn]
        basin, age, count = basins[place], ages[place], 0
        for number in range(offsets.shape[0]):  # without a branch, which could not be predicted
            others[count] = basins[place + offsets[number]]
            count += (ages[place + offsets[number]] < age) & (others[count] != basin)
        here = _root(parents, basin)
        for number in range(count):
            there = _root(parents, others[number])
            if there == here:
                continue
            younger, here = max(here, there), min(here, there)
            parents[younger] = here
            if lowest[younger] != rising[turn]:
                births[ended], deaths[ended] = begins[younger], turn
                ended += 1
    return births[:ended], deaths[:ended]


@compiled
def _merge_pixels(rising: Array, places: Array, offsets: Array, parents: Array) -> tuple[Array, Array]:
    """Join each pixel to its neighbours that have already appeared; where two components meet, the younger one ends.

    A component is named by its first pixel, its root. Arguments and results as for `_merge_basins`; `parents` marks the
    part of the frame that is the oldest component.
    """
    ages = np.full(parents.shape[0], -1, np.int32)
    births, deaths = np.empty(places.shape[0], np.int32), np.empty(places.shape[0], np.int32)
    ended = 0
    for age in range(places.shape[0]):
        here = place = places[age]
        ages[place], parents[place] = age, place
        for offset in offsets:
            parent = parents[place + offset]
            if parent == _NEVER:
                continue
            there = parent if parent == here else _root(parents, parent)
            parents[place + offset] = there
            if there == here:
                continue
            younger, here = (here, there) if ages[there] < ages[here] else (there, here)
            parents[younger] = here
            if rising[ages[younger]] != rising[age]:
                births[ended], deaths[ended] = ages[younger], age
                ended += 1
    return births[:ended], deaths[:ended]
