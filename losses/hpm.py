"""Hard pixel mining: a mean squared error on the pixels that a rule calls hard (THPM, SHPM, PHPM)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from losses import _checks
from losses._base import SegmentationLoss
from losses._patches import to_host
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import dice_ce_loss, masked_mean, sum_in_order
from topology import PersistencePairs, persistence_pairs, skeletonize
from topology.kernels.compiled import for_each

Pixels = npt.NDArray[np.int64]
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
        means = [self._union(s)] if self.mean == "union" else self._by_dimension(s)
        return torch.stack([self._mean_error(s, pixels) for pixels in means]).sum()

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return H."""
        hard = torch.zeros(s.p.numel(), dtype=torch.bool, device=s.p.device)
        for pixels in [self._union(s)] if self.mean == "union" else self._by_dimension(s):
            hard[torch.from_numpy(np.concatenate(pixels)).to(hard.device)] = True
        return hard.view(s.p.shape)

    def pairs(self, values: Values, dims: Sequence[int]) -> PersistencePairs:
        """Find the features of one image's sublevel sets."""
        return persistence_pairs(values, dims)

    def _mean_error(self, s: Segmentation, pixels: list[Pixels]) -> torch.Tensor:
        """Average the squared error over the pixels of each image (with `batch`, of each class), then these means."""
        chosen = torch.from_numpy(np.concatenate(pixels)).to(s.p.device)
        error = s.p.flatten().index_select(0, chosen) - s.y.flatten().index_select(0, chosen).to(s.p.dtype)
        sizes = [len(each) for each in pixels]
        sums = torch.stack([sum_in_order(each) for each in (error * error).split(sizes)]).view(s.p.shape[:2])
        numbers = torch.tensor(sizes, device=s.p.device).view(s.p.shape[:2])
        if self.batch:
            sums, numbers = sums.sum(0), numbers.sum(0)
        return (sums / numbers.clamp(min=1)).mean()

    def _union(self, s: Segmentation) -> list[Pixels]:
        """Return the flat indices of H in each image of the batch."""
        images = self._images(s)
        valid = None if s.valid is None else to_host(s.valid.expand_as(s.y)).reshape(len(images), -1)

        def find(number: int) -> Pixels:
            pairs = self.pairs(images[number], self._dims(s))
            marks = np.zeros(images[number].size, bool)
            marks[pairs.births] = marks[pairs.deaths] = True
            if valid is not None:
                marks &= valid[number]
            return np.flatnonzero(marks) + number * marks.size

        return for_each(find, range(len(images)))

    def _by_dimension(self, s: Segmentation) -> list[list[Pixels]]:
        """Return, for each dimension, the flat indices in each image of its critical pixels with an error, repeated."""
        images = self._images(s)
        wrong = -images != to_host(s.y).reshape(images.shape)

        def find(number: int) -> list[Pixels]:
            pairs = self.pairs(images[number], self._dims(s))
            each = [pairs.of_dimension(d) for d in self._dims(s)]
            cells = [np.concatenate([found.births, found.deaths]) for found in each]
            return [flat[wrong[number].ravel()[flat]] + number * wrong[number].size for flat in cells]

        return [list(pixels) for pixels in zip(*for_each(find, range(len(images))), strict=True)]

    def _images(self, s: Segmentation) -> Values:
        """Return minus f for each image and class, on the host: superlevel sets of f are sublevel sets of -f."""
        p, y = s.p.detach(), s.y
        images = -p
        images.masked_fill_((p >= self.threshold) & y, -1)
        images.masked_fill_((p <= self.threshold) & ~y, 0)
        return to_host(images.flatten(0, 1))

    def _dims(self, s: Segmentation) -> Sequence[int]:
        return self.dims or ((0, 1) if s.p.ndim == 4 else (0,))
