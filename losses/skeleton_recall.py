"""Skeleton Recall: the prediction has to cover a tube around the ground truth's skeleton."""

from dataclasses import dataclass

import torch

from losses import _checks
from losses._base import SegmentationLoss
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import count_pixels, dice_ce_loss, sum_over
from topology import skeletonize
from topology.dilation import dilate_cross


@register("skeleton_recall", title="Skeleton Recall", reference="Kirchhoff et al., ECCV 2024")
@dataclass(eq=False, repr=False, kw_only=True)
class SkeletonRecall(SegmentationLoss):
    """Dice&CE plus one minus the soft recall on the tubed skeleton (Kirchhoff et al. 2024, algorithm 1).

    L = L_pixel + weight (1 - (sum p t + smooth) / (sum t + smooth)), t the tube: the skeleton of the foreground, all
    classes together, dilated twice with the cross and cut by class. The published code subtracts the recall instead
    (its total is less by `weight`). A class without a tube in a sample has a recall of 1.

    Args:
        weight: of the recall, at least 0; 1 in the published trainer.
        batch: see `SegmentationLoss` for this and the other options.

    Raises:
        ValueError: `weight` below 0.

    Reference:
        Y. Kirchhoff et al., Skeleton Recall Loss for connectivity conserving and resource efficient segmentation of
        thin tubular structures, ECCV 2024, https://arxiv.org/abs/2404.03010
    """

    weight: float = 1.0

    def check_parameters(self) -> None:
        """Reject values out of range."""
        _checks.in_range("weight", self.weight, 0)

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return dice_ce_loss(s, self.smooth, self.batch) + self.weight * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute one minus the recall."""
        tube = self.critical(s)
        covered, whole = sum_over(tube, s.p, self.batch), count_pixels(tube, self.batch)
        recall = (covered + self.smooth) / (whole + self.smooth)
        return (1 - recall).mean()

    def look_at_truth(self, s: Segmentation) -> None:
        """Compute the tube in advance."""
        self.critical(s)

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return the tube."""
        return s.of_truth("tube", lambda: _tube(s))


def _tube(s: Segmentation) -> torch.Tensor:
    foreground = s.indices.unsqueeze(1) > 0
    if s.valid is not None:
        foreground = foreground & s.valid
    return dilate_cross(dilate_cross(skeletonize(foreground))) & s.y
