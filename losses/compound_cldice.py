"""Compound clDice: clDice with cross-entropy beside Dice, in both of its parts."""

from dataclasses import dataclass

import torch

from losses import _checks
from losses._base import SegmentationLoss
from losses._pixelwise import count_pixels, dice_ce_loss, spatial_axes, sum_over
from losses._register import register
from losses._segmentation import Segmentation
from losses.cldice import cldice_loss, cldice_pixels, soft_skeleton_of_truth
from topology import soft_skeleton

_SMALLEST_SKELETON = 1e-8  # keeps 0 / 0 at 0 where a skeleton is empty


def weighted_mean(values: torch.Tensor, weights: torch.Tensor, batch: bool) -> torch.Tensor:
    """Average values (B, 1, *spatial) with weights (B, K, *spatial), 0 where the weights are, then over classes."""
    axes = spatial_axes(weights, batch)
    return ((weights * values).sum(axes) / (weights.sum(axes) + _SMALLEST_SKELETON)).mean()


def clce_loss(s: Segmentation, skeleton_p: torch.Tensor, skeleton_y: torch.Tensor, batch: bool) -> torch.Tensor:
    """Compute L_clCE: half the sum of the mean cross-entropies over two soft skeletons (B, K, *spatial)."""
    over_y = weighted_mean(s.cross_entropy, skeleton_y, batch)
    over_p = weighted_mean(s.cross_entropy, skeleton_p, batch)
    return (over_y + over_p) / 2


@register("compound_cldice", title="compound clDice", reference="Schacht et al., ContextLoss, 2025")
@dataclass(eq=False, repr=False, kw_only=True)
class CompoundCLDice(SegmentationLoss):
    """Dice&CE and its counterpart on the skeletons, weighted (ContextLoss A.6, A.10).

    L = (1 - gamma) L_pixel + gamma (L_clDice + L_clCE), L_pixel = Dice + cross-entropy. gamma = 0: Dice&CE.

    L_clCE is this project's reading, since the paper says only that clDice and compound clDice differ in L_pixel: half
    the sum of the mean cross-entropy over the skeleton of y and of that over the skeleton of p, each pixel weighted
    by the soft skeleton there; 0 for an empty skeleton. The gradient goes through the skeleton of p as in clDice.

    Args:
        gamma: weight of the skeletons' part, in [0, 1]; the paper searches 0.1 to 0.5.
        iterations: k of the soft skeleton; at least the largest radius in pixels.
        skeleton_smooth: smoothing of clDice's two ratios (algorithm 2; the published clDice code has 1).
        smooth: of Dice alone; see `SegmentationLoss`, as for the other options.

    Raises:
        ValueError: `gamma`, `iterations` or `skeleton_smooth` out of range.

    Reference:
        Schacht et al., ContextLoss, 2025, supplement A.6 and A.10.
    """

    gamma: float = 0.5
    iterations: int = 10
    skeleton_smooth: float = 1.0

    def check_parameters(self) -> None:
        """Refuse values out of range."""
        _checks.in_range("gamma", self.gamma, 0, 1, source="compound clDice, ContextLoss A.6")
        _checks.whole_number("iterations", self.iterations, 0, source="clDice alg. 1, k")
        _checks.in_range("skeleton_smooth", self.skeleton_smooth, 0, interval="()")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return (1 - self.gamma) * dice_ce_loss(s, self.smooth, self.batch) + self.gamma * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute L_clDice + L_clCE."""
        skeleton_p, skeleton_y = soft_skeleton(s.p, self.iterations), soft_skeleton_of_truth(s, self.iterations)
        sums_p = sum_over(s.y, skeleton_p), skeleton_p.sum(spatial_axes(skeleton_p))
        sums_y = sum_over(skeleton_y, s.p), count_pixels(skeleton_y)
        cldice = cldice_loss(*sums_p, *sums_y, self.skeleton_smooth, self.batch)
        return cldice + clce_loss(s, skeleton_p, skeleton_y, self.batch)

    def look_at_truth(self, s: Segmentation) -> None:
        """Ask for the soft skeletons of the ground truth."""
        soft_skeleton_of_truth(s, self.iterations)

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Show the two skeletons that the term is taken on."""
        return cldice_pixels(s, self.iterations)
