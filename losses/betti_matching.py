"""Betti matching: features of the prediction are completed where the ground truth has them, and removed elsewhere."""

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
from topology import PersistencePairs, betti_matching
from topology.kernels.compiled import for_each

Pixels = npt.NDArray[np.int64]

_FILTRATIONS = ("superlevel", "sublevel", "both")


@dataclass
class MatchedFeatures:
    """Features of a batch: flat indices of birth and death pixels, (n, 2), and the number of those that only y has."""

    matched: Pixels
    unmatched: Pixels
    missing: int


@register(
    "betti_matching", title="Betti matching", reference="Stucki et al., ICML 2023 and 2024 (3D)", requires=("numba",)
)
@dataclass(eq=False, repr=False, kw_only=True)
class BettiMatchingLoss(SegmentationLoss):
    """Dice&CE plus a weighted penalty on the Betti matching of prediction and ground truth (Stucki et al. 2023, 2024).

    Features are those of finite, positive persistence of the superlevel sets of p and of y, matched in place by way of
    the union of both (see `topology.betti_matching`). A feature of p with a partner is pulled towards it by twice the
    squared distance, 2 ((p_birth - 1)^2 + p_death^2); one without is pulled to the diagonal by (p_birth - p_death)^2;
    one of y without a partner costs 1, without gradient. The penalty is the sum over features, dimensions and patches,
    averaged over classes and samples.

    As in the authors' C++ code, the component that never ends is not a feature: a single missing component costs
    nothing. Their earlier Python code matches it with that of the other image, which adds 2 (max p - max y)^2, and sums
    over both filtrations instead of averaging. Which features of p and y are matched depends on the order of pixels
    with equal values, so the loss of a mirrored image may differ. The published code rounds 1 - p to float32, so that
    confident predictions have equal values; here p itself is compared.

    Args:
        weight: of the penalty, at least 0; 0.5 is alpha in topolosses, which adds it to Dice.
        filtration: "superlevel" sets of p, "sublevel" ones (features of the background), or the mean of "both".
        dims: homology dimensions; None for all: 0 and 1, in 3D 2 as well. In 3D, 1 takes several times as long as the
            others together.
        adjacency: of the filtered sets: 4 or 6 (they mean the same), as in the published code, or 8 or 26.
        patch: side of the patches in pixels; no overlap, smaller ones at the border. None: whole images.
        push_unmatched: pull features without a partner to p = 0 at the birth and p = 1 at the death pixel, which takes
            them past the diagonal, 2 (p_birth^2 + (1 - p_death)^2); one of y without a partner then costs 4.
        persistence_threshold: features of p without a partner cost nothing up to this persistence, in [0, 1).
        matched_weight: of features of p with a partner, at least 0.
        unmatched_weight: of features of p without one, at least 0.
        batch: of Dice, see `SegmentationLoss` for this and the other options.

    Raises:
        ValueError: a parameter out of range; a homology dimension that the image does not have.

    Reference:
        N. Stucki et al., Topologically faithful image segmentation via induced matching of persistence barcodes,
        ICML 2023, https://arxiv.org/abs/2211.15272; in 3D: N. Stucki et al., Efficient Betti matching enables
        topology-aware 3D segmentation via persistent homology, 2024, https://arxiv.org/abs/2407.04683
    """

    weight: float = 0.5
    filtration: str = "superlevel"
    dims: tuple[int, ...] | list[int] | None = None
    adjacency: int = 4
    patch: int | None = None
    push_unmatched: bool = False
    persistence_threshold: float = 0.0
    matched_weight: float = 1.0
    unmatched_weight: float = 1.0

    def check_parameters(self) -> None:
        """Reject values out of range."""
        for name in ("weight", "matched_weight", "unmatched_weight"):
            _checks.in_range(name, getattr(self, name), 0)
        _checks.one_of("filtration", self.filtration, _FILTRATIONS)
        _checks.homology_dimensions("dims", self.dims)
        if isinstance(self.adjacency, bool) or self.adjacency not in (4, 6, 8, 26):
            raise ValueError(f"`adjacency` must be 4 or 8, in 3D 6 or 26, got {self.adjacency!r}")
        if self.patch is not None:
            _checks.whole_number("patch", self.patch, 1)
        _checks.flag("push_unmatched", self.push_unmatched)
        _checks.in_range("persistence_threshold", self.persistence_threshold, 0, 1, interval="[)")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return dice_ce_loss(s, self.smooth, self.batch) + self.weight * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute the penalty."""
        terms = [self._penalty(s.p if above else 1 - s.p, self.features(s, above)) for above in self._directions]
        return torch.stack(terms).mean() / (s.p.shape[0] * s.p.shape[1])

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return the birth and death pixels of the features of p with a non-zero cost."""
        pixels = torch.zeros(s.p.numel(), dtype=torch.bool, device=s.p.device)
        for above in self._directions:
            found = self.features(s, above)
            pixels[torch.from_numpy(np.concatenate([found.matched, found.unmatched]).ravel()).to(pixels.device)] = True
        return pixels.view(s.p.shape)

    def features(self, s: Segmentation, above: bool) -> MatchedFeatures:
        """Find the features of all patches, of the superlevel sets of p (`above`) or of its sublevel sets."""
        p = s.p.detach()
        images = (-p if above else p).cpu().numpy()  # superlevel sets of p are sublevel sets of -p
        masks = (s.y if above else ~s.y).cpu().numpy()
        lowest = -1.0 if above else 0.0

        def match(where: Where) -> tuple[Pixels, Pixels, int]:
            found = betti_matching(images[where], masks[where], lowest, self.dims, self.adjacency)
            lasting = found.unmatched[found.unmatched.persistence > self.persistence_threshold]
            matched, unmatched = (self._pixels(pairs, where, images.shape) for pairs in (found.matched, lasting))
            return matched, unmatched, sum(map(found.unmatched_target, found.target))

        each = for_each(match, patches(images.shape, self.patch))
        matched, unmatched = (np.concatenate([found[i] for found in each]) for i in (0, 1))
        return MatchedFeatures(matched, unmatched, sum(missing for *_, missing in each))

    @property
    def _directions(self) -> tuple[bool, ...]:
        return {"superlevel": (True,), "sublevel": (False,), "both": (False, True)}[self.filtration]

    def _penalty(self, p: torch.Tensor, found: MatchedFeatures) -> torch.Tensor:
        values = p.flatten()
        birth, death = values[torch.from_numpy(found.matched).to(p.device)].unbind(1)
        matched = 2 * ((birth - 1) ** 2 + death**2)
        birth, death = values[torch.from_numpy(found.unmatched).to(p.device)].unbind(1)
        unmatched = 2 * (birth**2 + (1 - death) ** 2) if self.push_unmatched else (birth - death) ** 2
        missing = found.missing * (4 if self.push_unmatched else 1)
        return self.matched_weight * matched.sum() + self.unmatched_weight * unmatched.sum() + missing

    def _pixels(self, pairs: PersistencePairs, where: Where, shape: tuple[int, ...]) -> Pixels:
        return in_batch(np.stack([pairs.births, pairs.deaths], axis=1), pairs.shape, where, shape)
