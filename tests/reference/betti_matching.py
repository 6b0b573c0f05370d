"""Betti matching by its definition: boundary matrices of all cells, reduced column by column.

Cells lie at doubled coordinates: odd along the axes along which they extend.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

Cell = tuple[int, ...]


class Filtration:
    """The cells of an image in the order in which they come: by value, then first vertex, then kind."""

    def __init__(self, image: np.ndarray, full: bool) -> None:
        """Give each cell the largest value of its vertices or, where pixels are the full cells, the smallest around."""
        self.shape = tuple(2 * n + 1 if full else 2 * n - 1 for n in image.shape)
        around = {0: (-1, 0) if full else (0,), 1: (0,) if full else (0, 1)}
        inside = [range(n) for n in image.shape]
        self.values: dict[Cell, float] = {}
        for cell in np.ndindex(self.shape):
            sides = (
                [i // 2 + step for step in around[i % 2] if i // 2 + step in axis]
                for i, axis in zip(cell, inside, strict=True)
            )
            self.values[cell] = (min if full else max)(image[pixel] for pixel in product(*sides))

    def order(self, dimension: int) -> list[Cell]:
        """List the cells of a dimension: edges of a place by their axis, squares in 3D by their normal."""
        extended = {cell: tuple(i % 2 for i in cell) for cell in self.values}
        chosen = [cell for cell in self.values if sum(extended[cell]) == dimension]
        sign = -1 if dimension == 1 else 1  # the first axis is that of the first edge, and not that of the first square
        first = {cell: tuple(i // 2 for i in cell) for cell in chosen}
        return sorted(chosen, key=lambda c: (self.values[c], first[c], tuple(sign * i for i in extended[c])))

    def lasting(self, pairs: dict[Cell, Cell]) -> dict[Cell, Cell]:
        """Keep the pairs of positive persistence."""
        return {b: d for b, d in pairs.items() if self.values[b] < self.values[d]}

    def values_of(self, pairs: dict[Cell, Cell]) -> list[tuple[float, float]]:
        """Give the values at birth and death, in ascending order."""
        return sorted((self.values[b], self.values[d]) for b, d in pairs.items())


def persistence(rows: list[Cell], columns: list[Cell]) -> dict[Cell, Cell]:
    """Pair the cell that opens each feature with the one that closes it: columns are added up from the left."""
    place = {cell: 1 << number for number, cell in enumerate(rows)}
    reduced: dict[int, int] = {}
    pairs = {}
    for cell in columns:
        column = sum(place[face] for face in _faces(cell))
        while column and column.bit_length() in reduced:
            column ^= reduced[column.bit_length()]
        if column:
            reduced[column.bit_length()] = column
            pairs[rows[column.bit_length() - 1]] = cell
    return pairs


def _faces(cell: Cell) -> list[Cell]:
    return [(*cell[:axis], i + step, *cell[axis + 1 :]) for axis, i in enumerate(cell) if i % 2 for step in (-1, 1)]


@dataclass
class Matching:
    """Pairs of two images in one dimension, as values at birth and death: with a partner, and without."""

    matched: list[tuple[float, float]]
    unmatched: list[tuple[float, float]]
    unmatched_of_other: list[tuple[float, float]]


def matchings(image: np.ndarray, other: np.ndarray, full: bool) -> list[Matching]:
    """Match the features of two images' sublevel sets by way of those of their minimum, for each dimension."""
    filtrations = [Filtration(values, full) for values in (image, other, np.minimum(image, other))]
    orders = [[x.order(dimension) for dimension in range(image.ndim + 1)] for x in filtrations]
    return [_matching(filtrations, [order[d : d + 2] for order in orders]) for d in range(image.ndim)]


def _matching(filtrations: list[Filtration], orders: list[list[list[Cell]]]) -> Matching:
    columns = orders[2][1]
    of_f, of_g, of_union = (x.lasting(persistence(*order)) for x, order in zip(filtrations, orders, strict=True))
    into_union = [{d: b for b, d in persistence(rows, columns).items()} for rows, _ in orders[:2]]
    matched = {}
    for closing in of_union.values():
        b0, b1 = (image_of[closing] for image_of in into_union)
        if b0 in of_f and b1 in of_g:
            matched[b0] = of_f.pop(b0)
            of_g.pop(b1)
    f, g, _ = filtrations
    return Matching(f.values_of(matched), f.values_of(of_f), g.values_of(of_g))


def penalty(image: np.ndarray, other: np.ndarray, full: bool, push: bool) -> float:
    """Betti matching's term of one class: `other` is 0 in the truth and 1 outside."""
    total = 0.0
    for found in matchings(image, other, full):
        total += sum(2 * (b**2 + (d - 1) ** 2) for b, d in found.matched)
        for b, d in found.unmatched + found.unmatched_of_other:
            total += 2 * ((b - 1) ** 2 + d**2) if push else (b - d) ** 2
    return total
