"""Betti matching: which feature of a prediction corresponds to which feature of the ground truth."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from topology._arrays import as_mask, to_numpy
from topology._grid_cells import NEVER, Grid, Ranks
from topology.betti import betti_numbers
from topology.components import FULL_ADJACENCY, count_components, resolve_adjacency
from topology.persistence import PersistencePairs, pairs_at

Values = npt.NDArray[Any]
Cells = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BettiMatching:
    """Features of a prediction, with and without a partner in the ground truth.

    Attributes:
        matched: features of the prediction that have a partner.
        unmatched: features of the prediction that have none.
        target: number of the ground truth's features, by dimension.
    """

    matched: PersistencePairs
    unmatched: PersistencePairs
    target: dict[int, int]

    def unmatched_target(self, dimension: int) -> int:
        """Return the number of the ground truth's features of a dimension without a partner."""
        return self.target[dimension] - len(self.matched.of_dimension(dimension))


def betti_matching(
    image: Any, mask: Any, lowest: float, dims: Iterable[int] | None = None, adjacency: int | None = None
) -> BettiMatching:
    """Match the features of the sublevel sets {image <= t} with those of a mask (Stucki et al. 2023).

    The mask is a filtration too: `lowest` inside, and outside a value that no pixel of the image exceeds. The two are
    compared through their minimum, the union of the sets. A feature that a cell b opens and a cell d closes is the
    partner of a feature of the mask if one cell of the union closes both their images in it. The order of cells with
    equal values matters too: by first vertex (in raster order), then by axis (edges by their own, squares by their
    normal), as in the authors' code. So a mirrored image may have other partners. The oldest component never ends and
    is left out, as are features of persistence 0.

    Args:
        image: f, (H, W) or (D, H, W), array or tensor, finite, nowhere below `lowest`.
        mask: same shape; non-zero is inside.
        lowest: the value of the mask's inside.
        dims: homology dimensions wanted; None for all.
        adjacency: of the sublevel sets: 4 or 6 (pixels are vertices, as in the authors' code), 8 or 26 (pixels are
            squares or cubes, as Cubical Ripser and `persistence_pairs` have it). Default: 8 and 26.

    Returns:
        The features of the image in ascending dimension, split by whether they have a partner.

    Raises:
        ValueError: wrong shapes, dimensions or adjacency; values that are not finite or lie below `lowest`.

    Reference:
        N. Stucki et al., Topologically faithful image segmentation via induced matching of persistence barcodes,
        ICML 2023, https://arxiv.org/abs/2211.15272; in 3D: N. Stucki et al., Efficient Betti matching enables
        topology-aware 3D segmentation via persistent homology, 2024, https://arxiv.org/abs/2407.04683
    """
    values, inside = to_numpy(image), as_mask(mask)
    if values.shape != inside.shape:
        raise ValueError(f"`image` must have the shape of `mask`, {inside.shape}, got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("`image` must be finite, got NaN or infinite values")
    if values.min() < lowest:
        raise ValueError(f"`image` must not lie below `lowest`, {lowest:g}, got {values.min():g}")
    every = range(values.ndim)
    wanted = list(every) if dims is None else sorted({int(d) for d in dims})
    if not wanted or wanted[0] < 0 or wanted[-1] >= values.ndim:
        raise ValueError(f"`dims` must lie in 0 to {values.ndim - 1} for a {values.ndim}D image, got {wanted}")
    connectivity = resolve_adjacency(adjacency, values.ndim)
    filtrations = _Filtrations(values, inside, lowest, connectivity)
    return _together(values, {d: filtrations.features(d) for d in wanted[::-1]})  # 0 uses what is known of holes


@dataclass(frozen=True)
class _Features:
    """Features of the image in one dimension, with flat indices of the pixels, and the number of those of the mask."""

    births: Cells
    deaths: Cells
    matched: npt.NDArray[np.bool_]
    target: int


class _Filtrations:
    """Image, mask and union of both as ranks of pixels and of cells."""

    def __init__(self, values: Values, inside: npt.NDArray[np.bool_], lowest: float, adjacency: int) -> None:
        self.inside, self.adjacency = inside, adjacency
        self.grid = Grid(values.shape, full=adjacency in FULL_ADJACENCY.values())
        self.ranks = _ranks(values, lowest)
        self.highest = int(self.ranks.max())
        self.union = np.where(inside, np.int32(0), self.ranks)
        self.mask = (~inside).astype(np.int32)

    def features(self, dimension: int) -> _Features:
        """Find the features of one dimension and their partners."""
        if dimension == 0:
            return self._components()
        return self._holes() if dimension == self.grid.ndim - 1 else self._tunnels()

    @cached_property
    def _edges(self) -> tuple[Ranks, Ranks, npt.NDArray[np.bool_]]:
        """Return the ranks of the edges, their order, and which of them are known to close a loop."""
        return self._sorted(1)

    @cached_property
    def _facets(self) -> tuple[Ranks, Ranks, npt.NDArray[np.bool_]]:
        """Return the same for the cells that bound those of full dimension, marking those that join holes."""
        return self._edges if self.grid.ndim == 2 else self._sorted(2)

    @cached_property
    def _vertices(self) -> Ranks:
        return self.grid.cells(self.ranks, 0, missing=NEVER)[0]

    @cached_property
    def _tops(self) -> Ranks:
        return self.grid.cells(self.ranks, self.grid.ndim, missing=NEVER)[0]

    def _pixels(self, cells: Ranks, dimension: int, ranks: Ranks) -> Cells:
        return self.grid.pixels(cells, dimension, ranks, self._tops if self.grid.full else self._vertices)

    def _sorted(self, dimension: int) -> tuple[Ranks, Ranks, npt.NDArray[np.bool_]]:
        from topology.kernels import merging

        ranks = self.grid.cells(self.ranks, dimension)
        return ranks, merging.in_order(ranks, self.highest), np.zeros(ranks.shape, bool)

    def _components(self) -> _Features:
        from topology.kernels import merging

        grid = self.grid
        ranks, order, spare = self._edges
        vertices = self._vertices
        ends, lasting = merging.merge_rising(order, ranks, vertices, grid.strides, spare)
        lasts = np.zeros(vertices.shape, bool)
        lasts[lasting] = True
        union = grid.cells(self.union, 1)
        # an edge that closes a loop of the image is needed only where the mask lowers it: else the loop stays
        union[spare & (union == ranks)] = -1
        marked = grid.cells(self.mask, 0)[0] == 0
        merged = merging.match_rising(
            merging.in_order(union, self.highest), union, vertices, grid.strides, marked, lasts
        )
        return _Features(
            births=self._pixels(lasting << 2, 0, vertices[None]),
            deaths=self._pixels(ends[lasting], 1, ranks),
            matched=merged[lasting],
            target=max(count_components(self.inside, self.adjacency) - 1, 0),
        )

    def _holes(self) -> _Features:
        from topology.kernels import merging

        grid, ndim = self.grid, self.grid.ndim
        ranks, order, tree = self._facets
        steps = grid.strides[[1, 0]] if ndim == 2 else grid.strides
        tops = self._tops
        in_union = grid.cells(self.union, ndim, missing=NEVER)[0]
        opens, fills, images = merging.merge_falling(order, ranks, tops, in_union, steps, tree)
        in_mask = grid.cells(self.mask, ndim, missing=NEVER)[0]
        filled, number = merging.holes_of_mask(grid.cells(self.mask, ndim - 1), in_mask, in_union, steps)
        return _Features(
            births=self._pixels(opens, ndim - 1, ranks),
            deaths=self._pixels(fills << 2, ndim, tops[None]),
            matched=filled[images],
            target=number,
        )

    def _tunnels(self) -> _Features:
        from topology.kernels import merging
        from topology.kernels.reduction import pivots

        grid, steps = self.grid, self.grid.strides
        edges, rows, _ = self._edges
        squares, columns, filled = self._facets
        if not filled.any():
            self._holes()
        found = pivots(columns, filled, rows, steps)
        closes = found >= 0
        opening, closing = found[closes], columns[closes]
        lasting = edges[opening & 3, opening >> 2] < squares[closing & 3, closing >> 2]
        opening, closing = opening[lasting], closing[lasting]

        union = grid.cells(self.union, 2)
        columns = merging.in_order(union, self.highest)
        filled = np.zeros(union.shape, bool)
        tops = grid.cells(self.union, 3, missing=NEVER)[0]
        merging.merge_falling(columns, union, tops, tops, steps, filled)
        inside = grid.cells(self.mask, 1)
        ranks = grid.cells(self.union, 1)
        ranks[inside == 1] += 1
        ranks[inside == 0] = 0
        found = pivots(columns, filled, merging.in_order(ranks, self.highest + 1), steps)
        late = union[columns & 3, columns >> 2] > 0
        wanted = (found >= 0) & late
        wanted[wanted] = ranks[found[wanted] & 3, found[wanted] >> 2] == 0
        images = pivots(columns, filled, rows, steps, wanted)[wanted]
        partners = np.isin(opening, images)
        return _Features(
            births=self._pixels(opening, 1, edges),
            deaths=self._pixels(closing, 2, squares),
            matched=partners,
            target=betti_numbers(self.inside, self.adjacency)[1],
        )


def _ranks(values: Values, lowest: float) -> Ranks:
    """Return the rank of each value among the distinct values, from 0 for the lowest one."""
    if values.dtype == bool:
        return values.astype(np.int32) + np.int32(lowest < 0)
    from topology.kernels.persistence import ascending

    values = np.ascontiguousarray(values)
    order = ascending(values)
    rising = values.ravel()[order]
    ranks = np.empty(values.size, np.int32)
    ranks[order] = np.concatenate([[0], np.cumsum(rising[1:] != rising[:-1])]) + (rising[0] > lowest)
    return ranks.reshape(values.shape)


def _together(values: Values, found: dict[int, _Features]) -> BettiMatching:
    """Combine the dimensions."""
    found = dict(sorted(found.items()))
    pairs = pairs_at(values, [(d, features.births, features.deaths) for d, features in found.items()])
    matched = np.concatenate([features.matched for features in found.values()])
    return BettiMatching(pairs[matched], pairs[~matched], {d: features.target for d, features in found.items()})
