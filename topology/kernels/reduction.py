"""Which loop each square of a volume's grid closes: the boundary matrix, reduced column by column.

Most squares close a loop that appears with them; their columns stay unchanged. The others are summed in a set of edges
that returns its first member at once: a hierarchy of bits, with one bit for each non-empty word of the level below.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]

_DE_BRUIJN = np.uint64(0x022FDD63CC95386D)
_PLACES_OF_BITS = np.zeros(64, np.int64)
for _bit in range(64):
    _PLACES_OF_BITS[(int(_DE_BRUIJN) << _bit) % 2**64 >> 58] = _bit


def pivots(squares: Array, zero: Array, edges: Array, steps: Array, wanted: Array | None = None) -> Array:
    """Reduce the boundary matrix of squares and edges.

    Args:
        squares: numbers of the cells, 4 * place + kind, in the order of the columns.
        zero: bool (3, places), squares that close no loop.
        edges: numbers of the cells, in the order of the rows.
        steps: from place to place along each axis.
        wanted: bool, the columns that are needed: those after the last one are left out. None: all.

    Returns:
        For each column the number of the edge that ends in it, the last one of the loop that it closes; -1 for none.
    """
    places = zero.shape[1]
    rows = np.full((3, places), -1, np.int32)
    rows[edges & 3, edges >> 2] = np.arange(len(edges) - 1, -1, -1, dtype=np.int32)  # the last edge comes first
    number = len(squares) if wanted is None else int(np.flatnonzero(wanted)[-1]) + 1 if wanted.any() else 0
    found = _reduce(squares[:number], zero, rows, steps, len(edges))
    result = np.full(len(squares), -1, np.int32)
    result[:number][found >= 0] = edges[::-1][found[found >= 0]]
    return result


@compiled
def _toggle(bits: Array, starts: Array, member: int) -> None:
    for level in range(starts.shape[0]):
        word = starts[level] + (member >> 6)
        before = bits[word]
        bits[word] = before ^ (np.uint64(1) << np.uint64(member & 63))
        if before != 0 and bits[word] != 0:
            return
        member >>= 6


@compiled
def _first(bits: Array, starts: Array) -> int:
    if bits[starts[-1]] == 0:
        return -1
    member = 0
    for level in range(starts.shape[0] - 1, -1, -1):
        word = bits[starts[level] + member]
        lowest = word & (~word + np.uint64(1))
        member = (member << 6) + _PLACES_OF_BITS[np.int64((lowest * _DE_BRUIJN) >> np.uint64(58))]
    return member


@compiled
def _boundary(cell: int, rows: Array, steps: Array) -> tuple[int, int, int, int]:
    kind, place = cell & 3, cell >> 2
    first, second = (1 if kind == 0 else 0), (1 if kind == 2 else 2)
    return (
        rows[first, place],
        rows[second, place],
        rows[first, place + steps[second]],
        rows[second, place + steps[first]],
    )


@compiled
def _levels(members: int) -> Array:
    """Return where each level of the set starts, and its total size."""
    starts = [0]
    words = (members + 63) >> 6
    while words > 1:
        starts.append(starts[-1] + words)
        words = (words + 63) >> 6
    starts.append(starts[-1] + 1)
    return np.array(starts)


@compiled
def _add(
    column: int, squares: Array, rows: Array, steps: Array, kept: Array, pool: Array, bits: Array, starts: Array
) -> None:
    """Add a column to the set: its square's boundary, or the reduced column stored for it."""
    begin, end = kept[column]
    if begin == end:
        for row in _boundary(squares[column], rows, steps):
            _toggle(bits, starts, row)
    for index in range(begin, end):
        _toggle(bits, starts, pool[index])


@compiled
def _drain(pool: Array, used: int, bits: Array, starts: Array) -> tuple[Array, int]:
    """Move the members of the set to the pool, which leaves the set empty."""
    member = _first(bits, starts)
    while member >= 0:
        if used == pool.shape[0]:
            longer = np.empty(2 * used, np.int32)
            longer[:used] = pool
            pool = longer
        pool[used] = member
        used += 1
        _toggle(bits, starts, member)
        member = _first(bits, starts)
    return pool, used


@compiled
def _reduce(squares: Array, zero: Array, rows: Array, steps: Array, number_of_rows: int) -> Array:
    number = squares.shape[0]
    pivot_of, column_of = np.full(number, -1, np.int32), np.full(number_of_rows, -1, np.int32)
    kept = np.zeros((number, 2), np.int64)  # where a column that is a sum begins and ends in the pool
    pool, used = np.empty(max(number, 64), np.int32), 0
    levels = _levels(number_of_rows)
    bits, starts = np.zeros(levels[-1], np.uint64), levels[:-1]
    for column in range(number):
        if zero[squares[column] & 3, squares[column] >> 2]:
            continue
        pivot = min(_boundary(squares[column], rows, steps))
        if column_of[pivot] >= 0:
            _add(column, squares, rows, steps, kept, pool, bits, starts)
            while pivot >= 0 and column_of[pivot] >= 0:
                _add(column_of[pivot], squares, rows, steps, kept, pool, bits, starts)
                pivot = _first(bits, starts)
            before = used
            pool, used = _drain(pool, used, bits, starts)
            kept[column] = before, used
        if pivot >= 0:
            pivot_of[column], column_of[pivot] = pivot, column
    return pivot_of
