"""Hard pixel mining: a mean squared error on the pixels that a rule calls hard (THPM, SHPM, PHPM)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from losses import _checks
from losses._base import SegmentationLoss
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import dice_ce_loss, masked_mean
from topology import PersistencePairs, persistence_pairs, skeletonize
from topology.kernels.compiled import for_each

Values = npt.NDArray[np.floating]

_REFERENCE = "G. Zhang et al., HPM, BMVC 2023"


@dataclass(eq=False, repr=False, kw_only=True)
class HardPixelMining(SegmentationLoss):
    """Dice&CE plus a weighted mean squared error over hard pixels H (HPM, equation 1).

    L = L_BCE + L_Dice + weight * mean over H of (p - y)^2; the mean is 0 where H is empty. Cross-entropy replaces BCE
    with several classes. A subclass defines H. H carries no gradient. Dice is this suite's, for comparison with the
    other losses; the published code squares p and y in the denominator.

    Args:
        threshold: t on p, in (0, 1); 0.6 in all published configurations.
        weight: lambda, at least 0; 0.5 in all published configurations.
        batch: one Dice ratio and one mean over the batch (see `SegmentationLoss` for this and the other options).

    Raises:
        ValueError: `threshold` or `weight` out of range.

    Reference:
        Guoqing Zhang, Caixia Dong, Yang Li, Topology-preserving hard pixel mining for tubular structure segmentation,
        BMVC 2023.
    """

    threshold: float = 0.6
    weight: float = 0.5

    def check_parameters(self) -> None:
        """Reject values out of range."""
        _checks.in_range("threshold", self.threshold, 0, 1, interval="()", source="HPM, t")
        _checks.in_range("weight", self.weight, 0, source="HPM eq. 1, lambda")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return dice_ce_loss(s, self.smooth, self.batch) + self.weight * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute the mean squared error over the hard pixels."""
        difference = s.p - s.y.to(s.p.dtype)  # multiplied, since a power takes several times as long on the CPU
        return masked_mean(difference * difference, self.critical(s), self.batch)

    def above(self, s: Segmentation) -> torch.Tensor:
        """Return {p > t}; False where ignored."""
        return s.p.detach() > self.threshold


@register("thpm", title="THPM", reference=_REFERENCE)
@dataclass(eq=False, repr=False, kw_only=True)
class THPM(HardPixelMining):
    """Hard pixel mining by threshold: H = {p > t} xor y (HPM, equations 2 and 3).

    See `HardPixelMining` for the loss and its parameters.
    """

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return H."""
        return self.above(s) ^ s.y


@register("shpm", title="SHPM", reference=_REFERENCE)
@dataclass(eq=False, repr=False, kw_only=True)
class SHPM(HardPixelMining):
    """Hard pixel mining by skeletons: H = (s(y) and not b) or (s(b) and not y), b = {p > t} (HPM, equations 6 to 8).

    The paper does not give the threshold of b; the published code binarises at 0.6. See `HardPixelMining` for the loss.
    """

    def look_at_truth(self, s: Segmentation) -> None:
        """Compute the skeletons of the ground truth in advance."""
        s.skeleton_y  # noqa: B018  (the access computes it)

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return H."""
        b = self.above(s)
        return (s.skeleton_y & ~b) | (skeletonize(b) & ~s.y)


@register("phpm", title="PHPM", reference=_REFERENCE)
@dataclass(eq=False, repr=False, kw_only=True)
class PHPM(HardPixelMining):
    """Hard pixel mining by persistence: H holds the critical cells of the corrected prediction (HPM, eq. 4 and 5).

    f(p, y, t) is 1 where p >= t and y = 1, 0 where p <= t and y = 0, else p. Its critical cells are the birth and death
    pixels of the features of its superlevel sets that have a finite persistence.

    - mean = "union", the paper: H is the union of the critical cells of all dimensions, correctly classified pixels
      included, and the squared error is averaged over it (equation 2), each pixel counting once.
    - mean = "dimensions", the published code: critical cells where f equals y are left out, the squared errors are
      averaged for each dimension, a pixel counting as often as it is critical, and the means are summed.

    Where values of f are equal, the choice between pixels, for "union" also among the correctly classified ones, is
    that of `topology.persistence_pairs`.

    Args:
        dims: homology dimensions D; None: 0 and 1 in 2D (the paper's Roads runs), 0 in 3D (its ICAS-d runs).
        mean: "union" or "dimensions".
        threshold: see `HardPixelMining`, as for `weight`.

    Raises:
        ValueError: `dims` holds anything other than 0, 1, or in 3D 2; unknown `mean`; see `HardPixelMining` too.
    """

    dims: tuple[int, ...] | list[int] | None = None
    mean: str = "union"

    def check_parameters(self) -> None:
        """Reject values out of range."""
        super().check_parameters()
        _checks.homology_dimensions("dims", self.dims)
        _checks.one_of("mean", self.mean, ("union", "dimensions"))

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute the mean squared error over H, or the sum of the dimensions' means."""
        return super().term(s) if self.mean == "union" else self._sum_of_means(s)

    def _sum_of_means(self, s: Segmentation) -> torch.Tensor:
        error = ((s.p - s.y.to(s.p.dtype)) ** 2).flatten()
        total = error.sum() * 0
        for means in self._critical_indices(s):
            for indices in means:
                total = total + (error[indices].mean() if len(indices) else 0)
        return total / (s.p.shape[1] if self.batch else s.p.shape[0] * s.p.shape[1])

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return H."""
        hard = torch.zeros(s.p.numel(), dtype=torch.bool, device=s.p.device)
        for means in self._critical_indices(s):
            for indices in means:
                hard[indices] = True
        return hard.view(s.p.shape)

    def pairs(self, values: Values, dims: Sequence[int]) -> PersistencePairs:
        """Find the features of one image's sublevel sets."""
        return persistence_pairs(values, dims)

    def _critical_indices(self, s: Segmentation) -> list[list[torch.Tensor]]:
        """Return flat indices of critical pixels: for each image (with `batch`, each class) those of each dimension."""
        p, y = s.p.detach(), s.y
        right = torch.where(y, p >= self.threshold, p <= self.threshold)
        filtered = torch.where(right, y.to(p.dtype), p)
        dims = self.dims or ((0, 1) if p.ndim == 4 else (0,))
        images = (-filtered).flatten(0, 1).cpu().numpy()  # superlevel sets of f are sublevel sets of -f
        counts = self._counted(s, filtered).flatten(0, 1).cpu().numpy()

        def cells_of(number: int) -> list[npt.NDArray[np.int64]]:
            pairs = self.pairs(images[number], dims)
            return [_cells(pairs.of_dimension(d), counts[number], number * counts[number].size) for d in dims]

        found = [[torch.from_numpy(c).to(p.device) for c in cells] for cells in for_each(cells_of, range(len(images)))]
        if not self.batch:
            return found
        classes = p.shape[1]
        return [[torch.cat(cells) for cells in zip(*found[c::classes], strict=True)] for c in range(classes)]

    def _counted(self, s: Segmentation, filtered: torch.Tensor) -> torch.Tensor:
        """Return which pixels belong to H if they are critical, bool (B, K, *spatial)."""
        if self.mean == "dimensions":
            return filtered != s.y
        return torch.ones_like(s.y) if s.valid is None else s.valid.expand_as(s.y)


def _cells(pairs: PersistencePairs, counts: npt.NDArray[np.bool_], offset: int) -> npt.NDArray[np.int64]:
    """Return the flat indices, with repeats, of the births and deaths at pixels that count."""
    flat = np.concatenate([pairs.births, pairs.deaths])
    return flat[counts.ravel()[flat]] + offset
