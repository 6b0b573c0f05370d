"""clCE: cross-entropy on the centrelines of prediction and ground truth."""

from dataclasses import dataclass

import torch

from losses import _checks
from losses._base import SegmentationLoss
from losses._pixelwise import dice_ce_loss
from losses._register import register
from losses._segmentation import Segmentation
from losses.cldice import cldice_pixels, soft_skeleton_of_truth
from losses.compound_cldice import clce_loss
from topology import soft_skeleton


@register("clce", title="clCE", reference="Acebes et al., MICCAI 2024")
@dataclass(eq=False, repr=False, kw_only=True)
class CLCE(SegmentationLoss):
    """Dice&CE and centreline cross-entropy, weighted.

    L = (1 - gamma) L_pixel + gamma L_clCE, L_clCE as in `CompoundCLDice`: half the sum of the mean cross-entropy over
    the soft skeleton of y and of that over the soft skeleton of p. gamma = 0: Dice&CE. This is the project's reading:
    the paper's text is not at hand.

    Args:
        gamma: weight of the skeletons' part, in [0, 1].
        iterations: k of the soft skeleton; at least the largest radius in pixels.
        batch: see `SegmentationLoss`, as are the other options.

    Raises:
        ValueError: `gamma` or `iterations` out of range.

    Reference:
        C. Acebes et al., The centerline-cross entropy loss for vessel-like structure segmentation, MICCAI 2024.
    """

    gamma: float = 0.5
    iterations: int = 10

    def check_parameters(self) -> None:
        """Refuse values out of range."""
        _checks.in_range("gamma", self.gamma, 0, 1)
        _checks.whole_number("iterations", self.iterations, 0, source="clDice alg. 1, k")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return (1 - self.gamma) * dice_ce_loss(s, self.smooth, self.batch) + self.gamma * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute L_clCE."""
        skeleton_p, skeleton_y = soft_skeleton(s.p, self.iterations), soft_skeleton_of_truth(s, self.iterations)
        return clce_loss(s, skeleton_p, skeleton_y, self.batch)

    def look_at_truth(self, s: Segmentation) -> None:
        """Ask for the soft skeletons of the ground truth."""
        soft_skeleton_of_truth(s, self.iterations)

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Show the two skeletons that the term is taken on."""
        return cldice_pixels(s, self.iterations)
