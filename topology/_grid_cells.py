"""The cells of an image's grid (vertices, edges, squares, cubes) with the rank of their values."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np
import numpy.typing as npt

Ranks = npt.NDArray[np.int32]
Cells = npt.NDArray[np.int64]

NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Grid:
    """A grid whose vertices are the pixels (adjacency 4 or 6) or whose full cells are (adjacency 8 or 26).

    A cell has the largest value of its pixels where pixels are vertices, the smallest of the pixels around it where
    they are full cells. It is stored at the place of its first vertex; a frame of one place surrounds the grid.

    Attributes:
        shape: of the image.
        full: pixels are the full cells.
    """

    shape: tuple[int, ...]
    full: bool

    @property
    def ndim(self) -> int:
        """Return the number of axes."""
        return len(self.shape)

    @cached_property
    def framed(self) -> tuple[int, ...]:
        """Return the number of places along each axis."""
        return tuple(length + self.full + 1 for length in self.shape)

    @cached_property
    def strides(self) -> Ranks:
        """Return the steps from place to place along each axis."""
        lengths = np.array([*self.framed[1:], 1])
        return np.cumprod(lengths[::-1])[::-1].astype(np.int32)

    def kinds(self, dimension: int) -> list[tuple[int, ...]]:
        """Return the axes along which cells of a dimension extend: edges by their axis, squares by their normal."""
        chosen = list(combinations(range(self.ndim), dimension))
        return chosen[::-1] if self.ndim == 3 and dimension == 2 else chosen

    def cells(self, ranks: Ranks, dimension: int, missing: int = -1) -> Ranks:
        """Return the rank of each cell of a dimension.

        Args:
            ranks: of the pixels.
            dimension: of the cells.
            missing: rank where there is no cell.

        Returns:
            int32 (kinds, places).
        """
        kinds = self.kinds(dimension)
        found = np.full((len(kinds), *self.framed), missing, np.int32)
        for kind, axes in enumerate(kinds):
            values = self._extended(ranks, axes)
            found[kind][tuple(slice(1, 1 + length) for length in values.shape)] = values
        return found.reshape(len(kinds), -1)

    def pixels(self, cells: Ranks, dimension: int, values: Ranks, ranks: Ranks) -> Cells:
        """Find for each cell the first pixel that has its value.

        Args:
            cells: numbers, 4 * place + kind.
            dimension: of the cells.
            values: rank of each cell of that dimension, see `cells`.
            ranks: the same for the cells that are pixels.

        Returns:
            Flat indices into the image.
        """
        from topology.kernels.merging import pixels_with_values

        reach = np.zeros((3, 2**self.ndim), np.int32)
        for kind, axes in enumerate(self.kinds(dimension)):
            varying = [axis for axis in range(self.ndim) if (axis in axes) != self.full]
            corners = np.array(list(product((0, 1), repeat=len(varying))), np.int32).reshape(2 ** len(varying), -1)
            steps = (corners - self.full) @ self.strides[varying]
            reach[kind] = np.resize(steps, 2**self.ndim)
        places = pixels_with_values(cells, values, ranks, reach)
        along = np.unravel_index(places, self.framed)
        return np.ravel_multi_index([i - 1 for i in along], self.shape)

    def _extended(self, ranks: Ranks, axes: tuple[int, ...]) -> Ranks:
        for axis in range(self.ndim):
            if (axis in axes) == self.full:
                continue
            before, after = ([slice(None)] * self.ndim for _ in range(2))
            before[axis], after[axis] = slice(None, -1), slice(1, None)
            if self.full:
                widths = [(int(a == axis),) * 2 for a in range(self.ndim)]
                ranks = np.pad(ranks, widths, constant_values=NEVER)
                ranks = np.minimum(ranks[tuple(before)], ranks[tuple(after)])
            else:
                ranks = np.maximum(ranks[tuple(before)], ranks[tuple(after)])
        return ranks
