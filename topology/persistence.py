"""Persistent homology of images, with the pixel that makes each feature appear and vanish."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from topology._arrays import to_numpy
from topology.kernels.compiled import usable

Values = npt.NDArray[Any]
Cells = npt.NDArray[np.int64]

_NO_DEATH = 1e300  # Cubical Ripser writes the largest double where a feature never dies


@dataclass(frozen=True)
class PersistencePairs:
    """Features of finite, positive persistence of one image, n of them.

    Attributes:
        dimension: (n,) homology dimension.
        birth: (n,) value at which the feature appears.
        death: (n,) value at which it vanishes; always above `birth`.
        births: (n,) the pixel with that value, as an index into the flattened image.
        deaths: (n,) the same for the death.
        shape: of the image.
    """

    dimension: Cells
    birth: npt.NDArray[np.float64]
    death: npt.NDArray[np.float64]
    births: Cells
    deaths: Cells
    shape: tuple[int, ...]

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.dimension)

    @property
    def persistence(self) -> npt.NDArray[np.float64]:
        """Return death - birth of each feature."""
        return self.death - self.birth

    @property
    def birth_cell(self) -> Cells:
        """Return the index of each birth's pixel along each axis, (n, ndim)."""
        return np.stack(np.unravel_index(self.births, self.shape), axis=1)

    @property
    def death_cell(self) -> Cells:
        """Return the index of each death's pixel along each axis, (n, ndim)."""
        return np.stack(np.unravel_index(self.deaths, self.shape), axis=1)

    def of_dimension(self, dimension: int) -> "PersistencePairs":
        """Return the features of one dimension."""
        return self[self.dimension == dimension]

    def __getitem__(self, chosen: Any) -> "PersistencePairs":
        """Return the features at an index array or mask."""
        return PersistencePairs(
            self.dimension[chosen],
            self.birth[chosen],
            self.death[chosen],
            self.births[chosen],
            self.deaths[chosen],
            self.shape,
        )


def persistence_pairs(image: Any, dims: Iterable[int] = (0, 1), width: int | None = None) -> PersistencePairs:
    """Compute the cubical persistence of an image over its sublevel sets {image <= t}.

    Pixels are the cells of top dimension (T-construction): the foreground of a sublevel set has adjacency 8 or 26. For
    the superlevel sets of a probability map pass 1 - p. The oldest component never dies and is not in the result, nor
    are features of persistence 0.

    Args:
        image: (H, W) or (D, H, W), array or tensor, finite values; float32 is sorted several times faster than float64.
        dims: homology dimensions wanted: 0 (components), 1 (loops), 2 (cavities, 3D only).
        width: the last axis is cut into pieces of this width (the last one may be narrower), each of them an image by
            itself: many small images side by side take less time than one after another. None: one image.

    Returns:
        The features in ascending dimension. Pixels of equal value appear in raster order (holes are filled in the
        reverse order), and of two components that appear at the same value, the later one ends; loops of a 3D image
        come from Cubical Ripser, which has its own order.

    Raises:
        ValueError: wrong shape, dimension or width, or values that are not finite.

    Reference:
        S. Kaji, T. Sudo, K. Ahara, Cubical Ripser, 2020, https://arxiv.org/abs/2005.12692
    """
    values = to_numpy(image)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    wanted = sorted({int(d) for d in dims})
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise ValueError(f"`image` must be one 2D or 3D image without empty axes, got shape {tuple(values.shape)}")
    if not wanted or wanted[0] < 0 or wanted[-1] >= values.ndim:
        raise ValueError(f"`dims` must lie in 0 to {values.ndim - 1} for a {values.ndim}D image, got {wanted}")
    if not np.isfinite(values).all():
        raise ValueError("`image` must be finite, got NaN or infinite values")
    if width is not None and width < 1:
        raise ValueError(f"`width` must be at least 1, got {width}")
    by_union_find = {0, values.ndim - 1} & set(wanted) if usable() else set()
    others = [d for d in wanted if d not in by_union_find]
    width = min(width or values.shape[-1], values.shape[-1])
    found = _by_cubical_ripser(values, others, width) if others else {}
    if by_union_find:
        found.update(_by_union_find(values, by_union_find, width))
    return pairs_at(values, [(d, *found[d]) for d in wanted])


def pairs_at(values: Values, found: list[tuple[int, Cells, Cells]]) -> PersistencePairs:
    """Combine dimensions, with the flat indices of births and deaths."""
    births, deaths = (np.concatenate([cells[i] for cells in found]).astype(np.int64) for i in (1, 2))
    flat = values.ravel()
    return PersistencePairs(
        dimension=np.concatenate([np.full(len(births), d) for d, births, _ in found]),
        birth=flat[births].astype(np.float64),
        death=flat[deaths].astype(np.float64),
        births=births,
        deaths=deaths,
        shape=values.shape,
    )


def _by_union_find(values: Values, dims: set[int], width: int) -> dict[int, tuple[Cells, Cells]]:
    from topology.kernels import persistence as kernels

    return kernels.pairs(values, sorted(dims), width)


def _by_cubical_ripser(values: Values, dims: list[int], width: int) -> dict[int, tuple[Cells, Cells]]:
    import cripser

    tables = []
    for start in range(0, values.shape[-1], width):
        part = values[..., start : start + width].astype(np.float64)
        table = cripser.compute_ph(part, filtration="T", maxdim=dims[-1])
        table[:, [2 + values.ndim, 5 + values.ndim]] += start
        tables.append(table[(table[:, 2] < _NO_DEATH) & (table[:, 2] > table[:, 1])])
    table = np.concatenate(tables)
    cells = table[:, 3:].astype(np.int64)
    births = np.ravel_multi_index(tuple(cells[:, : values.ndim].T), values.shape)
    deaths = np.ravel_multi_index(tuple(cells[:, 3 : 3 + values.ndim].T), values.shape)
    return {d: (births[table[:, 0] == d], deaths[table[:, 0] == d]) for d in dims}
