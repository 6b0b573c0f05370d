"""Homology by linear algebra over the field of two elements: slow, and obvious for those who know the definition."""

from itertools import product

import numpy as np

Cell = tuple[int, ...]


def induced_rank(part: np.ndarray, whole: np.ndarray, dimension: int, adjacency: int) -> int:
    """Rank of the map from the homology of a mask into that of a larger one, induced by the inclusion.

    Cycles of the part that are no boundary in the whole: dim (Z(part) + B(whole)) - dim B(whole).
    """
    small, large = cells(part, adjacency), cells(whole, adjacency)
    number = {cell: place for place, cell in enumerate(sorted(large))}
    cycles = _kernel([cell for cell in small if _dimension(cell) == dimension], number)
    boundaries = [_chain(faces(cell), number) for cell in large if _dimension(cell) == dimension + 1]
    return _rank(cycles + boundaries) - _rank(boundaries)


def cells(mask: np.ndarray, adjacency: int) -> set[Cell]:
    """Cells in doubled coordinates, an odd one meaning an interval: closed pixels (8, 26), or pixels as corners."""
    if adjacency in (8, 26):
        steps = list(product((-1, 0, 1), repeat=mask.ndim))
        return {tuple(int(i) for i in 2 * pixel + 1 + step) for pixel in np.argwhere(mask) for step in steps}
    corners = {tuple(int(2 * i) for i in pixel) for pixel in np.argwhere(mask)}
    ranges = [range(2 * length - 1) for length in mask.shape]
    return {cell for cell in product(*ranges) if all(corner in corners for corner in _corners(cell))}


def faces(cell: Cell) -> list[Cell]:
    """The cells of one dimension less on the border of a cell."""
    return [
        (*cell[:axis], cell[axis] + step, *cell[axis + 1 :])
        for axis, place in enumerate(cell)
        if place % 2
        for step in (-1, 1)
    ]


def _corners(cell: Cell) -> list[Cell]:
    return list(product(*[(place - 1, place + 1) if place % 2 else (place,) for place in cell]))


def _dimension(cell: Cell) -> int:
    return sum(place % 2 for place in cell)


def _chain(of: list[Cell], number: dict[Cell, int]) -> int:
    chain = 0
    for cell in of:
        chain ^= 1 << number[cell]
    return chain


def _kernel(of: list[Cell], number: dict[Cell, int]) -> list[int]:
    """Cycles: sums of cells whose boundaries cancel, by elimination that remembers what it added."""
    pivots: dict[int, tuple[int, int]] = {}
    cycles = []
    for cell in of:
        boundary, added = _chain(faces(cell), number), 1 << number[cell]
        while boundary and boundary.bit_length() in pivots:
            other, with_it = pivots[boundary.bit_length()]
            boundary, added = boundary ^ other, added ^ with_it
        if boundary:
            pivots[boundary.bit_length()] = (boundary, added)
        else:
            cycles.append(added)
    return cycles


def _rank(vectors: list[int]) -> int:
    pivots: dict[int, int] = {}
    for vector in vectors:
        while vector and vector.bit_length() in pivots:
            vector ^= pivots[vector.bit_length()]
        if vector:
            pivots[vector.bit_length()] = vector
    return len(pivots)
