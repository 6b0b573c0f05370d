"""Topograph: the wrong regions that change topology, found in a graph of components."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from losses import _checks
from losses._base import SegmentationLoss
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import dice_ce_loss
from topology import critical_regions

_AGGREGATIONS = ("mean", "sum", "max", "min", "rms", "ce")


@register("topograph", title="Topograph", dims=(2,), reference="Lux et al., ICLR 2025")
@dataclass(eq=False, repr=False, kw_only=True)
class Topograph(SegmentationLoss):
    """Dice&CE and the certainty of wrong regions that change topology, weighted (Topograph).

    L = L_pixel + weight * L_graph, L_graph = sum over critical regions of the mean of q over the region, averaged over
    classes and samples; q is the probability of the predicted, wrong, class, so at least 1 / C. Critical are the
    wrong regions (components of false positives or false negatives) that do not touch exactly one background region
    and exactly one cluster of foreground, see `topology.critical_regions`: the others can be corrected without a change
    of topology. Regions carry no gradient. Each class is taken against the rest; one channel is treated as two classes.

    2D only: in 3D a region that touches one background and one cluster may be a handle, so the rule would be unsound.

    Args:
        weight: of L_graph, at least 0; 0.5 in the published code (alpha).
        aggregation: of q over a region: "mean", "sum", "max", "min", "rms" (root of the mean square), or "ce", the
            mean cross-entropy, which the published code computes from probabilities, that is, after two softmaxes.
        adjacency: of the foreground: 8 or 4.
        batch: of Dice, see `SegmentationLoss` for this and the other options.

    Raises:
        ValueError: `weight` out of range, unknown `aggregation` or `adjacency`; a volume.

    Reference:
        L. Lux et al., Topograph: an efficient graph-based framework for strictly topology preserving image
        segmentation, ICLR 2025, https://arxiv.org/abs/2411.03228
    """

    weight: float = 0.5
    aggregation: str = "mean"
    adjacency: int = 8

    def check_parameters(self) -> None:
        """Reject values out of range."""
        _checks.in_range("weight", self.weight, 0, source="Topograph, alpha")
        _checks.one_of("aggregation", self.aggregation, _AGGREGATIONS)
        if self.adjacency not in (4, 8):
            raise ValueError(f"`adjacency` must be 8 or 4, got {self.adjacency!r}")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return dice_ce_loss(s, self.smooth, self.batch) + self.weight * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute L_graph."""
        numbers = self.numbered_regions(s)
        sample, channel, row, column = numbers.nonzero().unbind(1)
        # the regions of an image are counted from 1 on; those of all images, from 0 on
        last = numbers.flatten(2).amax(2).flatten().cumsum(0)
        image = sample * numbers.shape[1] + channel
        region = numbers[sample, channel, row, column].long() - 1 + F.pad(last, (1, 0))[image]
        p = _probabilities(s.logits[sample, :, row, column])
        if self.aggregation == "ce":
            values = F.cross_entropy(p, s.indices[sample, row, column], reduction="none")
        else:
            values = p.gather(1, p.argmax(1, keepdim=True))[:, 0]
        return self._aggregate(values, region, int(last[-1])).sum() / len(last)

    def _aggregate(self, values: torch.Tensor, region: torch.Tensor, number: int) -> torch.Tensor:
        """Return one value for each region."""
        empty = values.new_zeros(number)
        if self.aggregation in ("max", "min"):
            return empty.scatter_reduce(0, region, values, "a" + self.aggregation, include_self=False)
        if self.aggregation == "sum":
            return empty.index_add(0, region, values)
        size = region.bincount(minlength=number)
        if self.aggregation == "rms":
            return (empty.index_add(0, region, values * values) / size).sqrt()
        return empty.index_add(0, region, values) / size

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return the pixels of critical regions."""
        return self.numbered_regions(s) > 0

    def numbered_regions(self, s: Segmentation) -> torch.Tensor:
        """Label the critical regions of each image from 1 on, int32 (B, K, H, W)."""
        if s.y.ndim != 4:
            raise ValueError(f"`input` must be 2D for Topograph, (B, C, H, W), got shape {tuple(s.logits.shape)}")
        numbers: torch.Tensor = critical_regions(s.b, s.y, self.adjacency)
        return numbers


def _probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Return the probability of every class, background included, for logits (n, C)."""
    return torch.softmax(F.pad(logits, (1, 0)) if logits.shape[1] == 1 else logits, 1)
