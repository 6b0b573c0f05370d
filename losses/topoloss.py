"""TopoLoss: persistent features of the prediction are completed or removed, patch by patch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from losses import _checks
from losses._base import SegmentationLoss
from losses._patches import Where, in_batch, rows, to_host
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import dice_ce_loss, sum_in_order
from topology import PersistencePairs, persistence_pairs
from topology.kernels.compiled import for_each

_MATCHED = 0.99  # features of higher persistence are not touched, as in the published code

Cells = npt.NDArray[np.int64]
Values = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

_NOTHING: Cells = np.empty((0, 2), np.int64)


@dataclass
class CriticalCells:
    """Flat indices of the birth and death pixels of features, (n, 2): first the birth's, then the death's."""

    keep: Cells
    remove: Cells


@register("topoloss", title="TopoLoss", reference="Hu et al., NeurIPS 2019")
@dataclass(eq=False, repr=False, kw_only=True)
class TopoLoss(SegmentationLoss):
    """Dice&CE plus a weighted penalty on the persistence diagram of the prediction (Hu et al. 2019).

    On each patch, features are those of finite persistence of the superlevel sets of p and of y. If y has n of them
    in a dimension, the n most persistent ones of p are to be kept, with (p_birth - 1)^2 + p_death^2, unless their
    persistence is above 0.99 already; of the others, those above the persistence threshold are to be removed, with
    (p_birth - p_death)^2 / 2, the squared distance to the diagonal. The penalty is the sum over features, patches and
    dimensions, averaged over classes and samples. Patches whose ground truth is all 0 or all 1 are left out.

    The published code works on raw logits, 2D only, with the kept features' targets reversed, and skips a patch whose
    ground truth has no finite feature; here the paper's targets hold, and such a diagram is empty.

    Args:
        weight: lambda, at least 0; 5e-5 in HPM's runs (with patch 256).
        patch: side of the patches in pixels; no overlap, smaller ones at the border. The published code uses 100.
        persistence_threshold: features of at most this persistence are not removed, in [0, 1).
        dims: homology dimensions; the published code uses 0 (components); for closed membranes use 1 (loops).
        batch: of Dice, see `SegmentationLoss` for this and the other options.

    Raises:
        ValueError: a parameter out of range; a homology dimension that the image does not have.

    Reference:
        X. Hu, F. Li, D. Samaras, C. Chen, Topology-preserving deep image segmentation, NeurIPS 2019,
        https://arxiv.org/abs/1906.05404
    """

    weight: float = 5e-5
    patch: int = 100
    persistence_threshold: float = 0.03
    dims: tuple[int, ...] | list[int] = (0,)

    def check_parameters(self) -> None:
        """Reject values out of range."""
        _checks.in_range("weight", self.weight, 0, source="TopoLoss, lambda")
        _checks.whole_number("patch", self.patch, 1)
        _checks.in_range("persistence_threshold", self.persistence_threshold, 0, 1, interval="[)")
        _checks.homology_dimensions("dims", self.dims)
        if self.dims is None:
            raise TypeError("`dims` must be a list of homology dimensions such as [0, 1], got None")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return dice_ce_loss(s, self.smooth, self.batch) + self.weight * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute the penalty."""
        cells = self.cells(s)
        pixels = torch.from_numpy(np.concatenate([cells.keep, cells.remove]).ravel()).to(s.p.device)
        p = s.p.flatten().index_select(0, pixels).view(-1, 2)
        keep, remove = p[: len(cells.keep)], p[len(cells.keep) :]
        kept = (keep[:, 0] - 1) ** 2 + keep[:, 1] ** 2
        removed = (remove[:, 0] - remove[:, 1]) ** 2 / 2
        return (sum_in_order(kept) + sum_in_order(removed)) / (s.p.shape[0] * s.p.shape[1])

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return the birth and death pixels of the features that are to be kept or removed."""
        cells = self.cells(s)
        pixels = torch.zeros(s.p.numel(), dtype=torch.bool, device=s.p.device)
        pixels[torch.from_numpy(np.concatenate([cells.keep, cells.remove]).ravel()).to(pixels.device)] = True
        return pixels.view(s.p.shape)

    def cells(self, s: Segmentation) -> CriticalCells:
        """Find the features of all patches that are to be kept or removed."""
        falling_p = -to_host(s.p.detach())  # superlevel sets of p are sublevel sets of -p
        y = to_host(s.y)

        def find(where: Where) -> tuple[Cells, Cells]:
            found = self.row_cells(falling_p[where], y[where])
            keep, remove = (in_batch(cells, y[where].shape, where, y.shape) for cells in (found.keep, found.remove))
            return keep, remove

        found = for_each(find, rows(y.shape, self.patch))
        return CriticalCells(*(np.concatenate([each[i] for each in found]) for i in (0, 1)))

    def row_cells(self, falling_p: Values, y: Mask) -> CriticalCells:
        """Find the features of a row of patches that are to be kept or removed.

        Args:
            falling_p: minus the probability; the patches follow each other along the last axis.
            y: ground truth.

        Returns:
            Flat indices into the row.
        """
        parts = mixed_patches(y, self.patch)
        if not parts:
            return CriticalCells(_NOTHING, _NOTHING)
        columns = np.concatenate([np.arange(y.shape[-1])[part] for part in parts])
        features = persistence_pairs(falling_p[..., columns], self.dims, self.patch)
        of_truth = persistence_pairs(-y[..., columns].astype(np.float32), self.dims, self.patch)

        def patch_of(features: PersistencePairs) -> Cells:
            return features.births % len(columns) // self.patch

        split = []
        for dim in self.dims:
            found = features.of_dimension(dim)
            wanted = np.bincount(patch_of(of_truth.of_dimension(dim)), minlength=len(parts))
            split.append(self.split(found, patch_of(found), wanted))

        def in_row(cells: Cells) -> Cells:
            return cells // len(columns) * y.shape[-1] + columns[cells % len(columns)]

        return CriticalCells(*(in_row(np.concatenate(cells)) for cells in zip(*split, strict=True)))

    def split(self, features: PersistencePairs, of_patch: Cells, wanted: Cells) -> tuple[Cells, Cells]:
        """Split one dimension's features into those to be kept and those to be removed.

        Args:
            features: of several patches.
            of_patch: the number of each one's patch.
            wanted: how many of the most persistent features of each patch are to be kept.

        Returns:
            Birth and death pixels of both, patch by patch, the most persistent features first.
        """
        order = np.argsort(-features.persistence, kind="stable")
        order = order[np.argsort(of_patch[order].astype(np.uint16), kind="stable")]  # which takes NumPy's radix sort
        of_patch, persistence = of_patch[order], features.persistence[order]
        rank = np.arange(len(order)) - np.searchsorted(of_patch, np.arange(len(wanted)))[of_patch]
        is_wanted = rank < wanted[of_patch]
        cells = np.stack([features.births, features.deaths], axis=1)[order]
        return (
            cells[is_wanted & (persistence <= _MATCHED)],
            cells[~is_wanted & (persistence > self.persistence_threshold)],
        )


def mixed_patches(y: Mask, side: int) -> list[slice]:
    """Return where along the last axis of a row the patches lie that hold both foreground and background."""
    parts = [slice(start, min(start + side, y.shape[-1])) for start in range(0, y.shape[-1], side)]
    return [part for part in parts if y[..., part].any() and not y[..., part].all()]
