"""TopoLoss: persistent features of the prediction are completed or removed, patch by patch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from losses import _checks
from losses._base import SegmentationLoss
from losses._patches import Where, in_batch, patches
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import dice_ce_loss
from topology import PersistencePairs, betti_numbers, count_components, persistence_pairs
from topology.kernels.compiled import for_each

_MATCHED = 0.99  # features of higher persistence are not touched, as in the published code

Cells = npt.NDArray[np.int64]
Values = npt.NDArray[np.floating]


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
        p = s.p.flatten()
        keep = torch.from_numpy(cells.keep).to(p.device)
        remove = torch.from_numpy(cells.remove).to(p.device)
        kept = (p[keep[:, 0]] - 1) ** 2 + p[keep[:, 1]] ** 2
        removed = (p[remove[:, 0]] - p[remove[:, 1]]) ** 2 / 2
        return (kept.sum() + removed.sum()) / (s.p.shape[0] * s.p.shape[1])

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return the birth and death pixels of the features that are to be kept or removed."""
        cells = self.cells(s)
        pixels = torch.zeros(s.p.numel(), dtype=torch.bool, device=s.p.device)
        pixels[torch.from_numpy(np.concatenate([cells.keep, cells.remove]).ravel()).to(pixels.device)] = True
        return pixels.view(s.p.shape)

    def cells(self, s: Segmentation) -> CriticalCells:
        """Find the features of all patches that are to be kept or removed."""
        falling_p = (-s.p.detach()).cpu().numpy()  # superlevel sets of p are sublevel sets of -p
        y = s.y.cpu().numpy()
        found = for_each(lambda where: self._patch_cells(falling_p, y, where), patches(y.shape, self.patch))
        nothing = np.empty((0, 2), np.int64)
        kept, removed = ([nothing, *(cells[i] for patch in found for cells in patch)] for i in (0, 1))
        return CriticalCells(np.concatenate(kept), np.concatenate(removed))

    def _patch_cells(self, falling_p: Values, y: npt.NDArray[np.bool_], where: Where) -> list[tuple[Cells, Cells]]:
        """Return a patch's features to be kept and to be removed, for each dimension."""
        if y[where].all() or not y[where].any():
            return []
        features, wanted = self.diagram(falling_p[where], y[where])
        split = [self._split(features.of_dimension(dim), wanted[dim]) for dim in self.dims]
        return [(_flat_cells(kept, where, y.shape), _flat_cells(removed, where, y.shape)) for kept, removed in split]

    def diagram(self, falling_p: Values, y: npt.NDArray[np.bool_]) -> tuple[PersistencePairs, dict[int, int]]:
        """Find the features of a patch.

        Args:
            falling_p: minus the probability.
            y: ground truth, with foreground. All its features appear at once, and one component never dies.

        Returns:
            Features of the prediction, and how many the ground truth has in each dimension.
        """
        numbers = (count_components(y),) if tuple(self.dims) == (0,) else betti_numbers(y)
        return persistence_pairs(falling_p, self.dims), {dim: numbers[dim] - (dim == 0) for dim in self.dims}

    def _split(self, features: PersistencePairs, wanted: int) -> tuple[PersistencePairs, PersistencePairs]:
        """Split one dimension's features into those to be kept and those to be removed."""
        order = np.argsort(-features.persistence, kind="stable")
        kept, others = features[order[:wanted]], features[order[wanted:]]
        return kept[kept.persistence <= _MATCHED], others[others.persistence > self.persistence_threshold]


def _flat_cells(features: PersistencePairs, where: Where, shape: tuple[int, ...]) -> Cells:
    """Return the birth and death pixels of a patch's features as indices into the flattened batch."""
    pixels = np.stack([features.births, features.deaths], axis=1)
    return in_batch(pixels, features.shape, where, shape)
