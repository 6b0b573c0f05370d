"""TopoLoss and PHPM as their published code computes them, errors included: for comparison, not for training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from losses._patches import Where, in_batch
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import one_against_rest, sum_in_order
from losses.hpm import PHPM
from losses.topoloss import Cells, CriticalCells, Mask, TopoLoss, mixed_patches
from topology import PersistencePairs, persistence_pairs

Values = npt.NDArray[np.floating]

_NOTHING: Cells = np.empty((0, 2), np.int64)


@register("topoloss_published", title="TopoLoss (published code)", dims=(2,), reference="Hu et al., NeurIPS 2019, code")
@dataclass(eq=False, repr=False, kw_only=True)
class TopoLossPublished(TopoLoss):
    """TopoLoss as in its published code; `topoloss` follows the paper.

    The differences, all of them errors: the targets of features to be kept are reversed (p is pulled to 0 at the birth
    pixel and to 1 at the death pixel); each pixel of a feature to be removed is pulled to the current value of the
    other one (twice the gradient); these targets are meant for probabilities, but the squared error is that of the raw
    logits, z for one channel and log(p / (1 - p)) of a class for several; on patches with unequal sides the pixels are
    in the wrong places; a patch without any finite feature, of any dimension, in its ground truth or in the prediction
    is left out. Where the published code stops with an IndexError (loops but no components of finite persistence in the
    prediction), the patch has nothing to keep or remove here. The published code takes 2D images only, so this loss is
    registered for 2D.

    Args:
        dims: homology dimensions; the published code uses 0 alone.
        weight: lambda; see `TopoLoss` for this and the other parameters.

    Raises:
        ValueError: see `TopoLoss`.

    Reference:
        https://github.com/HuXiaoling/TopoLoss, as of 2019
    """

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute the squared error of the logits at critical pixels."""
        cells = self.cells(s)
        z, p = one_against_rest(s).flatten(), s.p.detach().flatten()
        target = torch.from_numpy(_targets(cells, p.cpu().numpy())).to(p.device)
        critical = ~target.isnan()
        return sum_in_order((z[critical] - target[critical]) ** 2) / (s.p.shape[0] * s.p.shape[1])

    def row_cells(self, falling_p: Values, y: Mask) -> CriticalCells:
        """Find the features of a row of patches whose pixels are in the wrong places; see `TopoLoss.row_cells`."""
        keep, remove = [_NOTHING], [_NOTHING]
        for part in mixed_patches(y, self.patch):
            where: Where = (0, 0, *[slice(0, length) for length in y.shape[:-1]], part)
            for cells in self._patch_cells(falling_p[..., part], y[..., part]):
                kept, removed = (in_batch(each, y[..., part].shape, where, (1, 1, *y.shape)) for each in cells)
                keep.append(kept)
                remove.append(removed)
        return CriticalCells(np.concatenate(keep), np.concatenate(remove))

    def _patch_cells(self, falling_p: Values, y: Mask) -> list[tuple[Cells, Cells]]:
        """Return a patch's features to be kept and to be removed, for each dimension; none if the code skips it."""
        dims = sorted({0, 1, *self.dims})
        of_p, of_y = scrambled_pairs(falling_p, dims), scrambled_pairs(-y.astype(np.float32), dims)
        if len(of_p) == 0 or len(of_y) == 0:
            return []
        split = []
        for dim in self.dims:
            found, wanted = of_p.of_dimension(dim), len(of_y.of_dimension(dim))
            split.append(self.split(found, np.zeros(len(found), np.int64), np.array([wanted])))
        return split


@register("phpm_published", title="PHPM (published code)", reference="G. Zhang et al., HPM, BMVC 2023, code")
@dataclass(eq=False, repr=False, kw_only=True)
class PHPMPublished(PHPM):
    """PHPM as in its published code: equal to `phpm` on squares and cubes, with misplaced pixels on other shapes.

    See `PHPM` for the loss and its parameters, and `scrambled_pairs` for the error.

    Args:
        mean: see `PHPM`; the published code uses "dimensions".
        dims: see `PHPM` for this and the other parameters.

    Reference:
        https://github.com/wlsdzyzl/toposeg
    """

    mean: str = "dimensions"

    def pairs(self, values: Values, dims: Sequence[int]) -> PersistencePairs:
        """Find the features of one image whose pixels are in the wrong places."""
        return scrambled_pairs(values, dims)


def scrambled_pairs(image: Values, dims: Sequence[int]) -> PersistencePairs:
    """Find the persistence pairs of an image whose axes were mixed up on the way into GUDHI.

    The published code passes the pixels row by row with the image's shape, which GUDHI reads column by column. For
    squares and cubes that is a transposition; in any other shape, pixels become neighbours that are not adjacent. The
    critical cells are the pixels from which their values come.

    Args:
        image: (H, W) or (D, H, W).
        dims: homology dimensions.

    Returns:
        The pairs; cells as indices into `image`.
    """
    pairs = persistence_pairs(np.ascontiguousarray(image.ravel().reshape(image.shape, order="F")), dims)
    return replace(
        pairs,
        births=_unscramble(pairs.births, image.shape),
        deaths=_unscramble(pairs.deaths, image.shape),
    )


def _unscramble(pixels: npt.NDArray[np.int64], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    return np.ravel_multi_index(np.unravel_index(pixels, shape), shape, order="F").astype(np.int64)


def _targets(cells: CriticalCells, p: Values) -> Values:
    """Return the published code's map: a target for each critical pixel, NaN elsewhere.

    A pixel in which several components meet has several targets, of which the last one is kept. Which one that is
    depends on GUDHI's order of equal values; here it is that of the most persistent feature, those to be removed after
    the others.
    """
    target = np.full_like(p, np.nan)
    birth, death = cells.keep[::-1].T
    target[birth], target[death] = 0, 1
    birth, death = cells.remove[::-1].T
    target[birth], target[death] = p[death], p[birth]
    return target
