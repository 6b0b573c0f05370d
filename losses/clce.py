"""clCE: cross-entropy on the centrelines of prediction and ground truth."""

from dataclasses import dataclass

import torch

from losses import _checks
from losses._base import SegmentationLoss
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import dice_ce_loss, mean_over_pixels, spatial_axes
from losses.cldice import cldice_pixels, skeleton_of_truth
from topology import soft_skeleton

NORMALIZATIONS = ("all", "skeleton")
_SMALLEST_SKELETON = 1e-8  # keeps 0 / 0 at 0 where a skeleton is empty


def clce_loss(
    s: Segmentation, skeleton_p: torch.Tensor, skeleton_y: torch.Tensor, normalize: str, batch: bool
) -> torch.Tensor:
    """Compute L_clCE, the sum of the cross-entropies over two soft skeletons, each of them averaged.

    Args:
        s: prediction and ground truth.
        skeleton_p: soft skeleton of p, (B, K, *spatial).
        skeleton_y: soft skeleton of y, (B, K, *spatial).
        normalize: "all": mean over all pixels of CE times skeleton; "skeleton": mean weighted by the skeleton.
        batch: one mean over the batch for each class.

    Returns:
        Scalar, mean over classes; a skeleton without pixels adds 0.
    """
    over_y, over_p = s.cross_entropy * skeleton_y, s.cross_entropy * skeleton_p
    if normalize == "all":
        return mean_over_pixels(over_y, s, batch) + mean_over_pixels(over_p, s, batch)
    return _weighted_mean(over_y, skeleton_y, batch) + _weighted_mean(over_p, skeleton_p, batch)


def _weighted_mean(weighted: torch.Tensor, weights: torch.Tensor, batch: bool) -> torch.Tensor:
    """Average values that are already multiplied by their weights, both (B, K, *spatial), then over classes."""
    axes = spatial_axes(weights, batch)
    return (weighted.sum(axes) / (weights.sum(axes) + _SMALLEST_SKELETON)).mean()


@register("clce", title="clCE", reference="Acebes et al., MICCAI 2024")
@dataclass(eq=False, repr=False, kw_only=True)
class CLCE(SegmentationLoss):
    """Dice&CE and centreline cross-entropy, weighted.

    L = (1 - gamma) L_pixel + gamma L_clCE, with s the soft skeleton of clDice and CE the cross-entropy of each pixel
    over all channels. gamma = 0: Dice&CE. The gradient goes through CE and through s(p).

    - normalize = "all", the published code: L_clCE = mean over all pixels of CE s(y) + mean over all pixels of CE s(p).
      The value depends on how much background an image has.
    - normalize = "skeleton", the authors' poster: L_clCE = sum CE s(y) / sum s(y) + sum CE s(p) / sum s(p). Skeletons
      cover a few percent of an image, so this is 14 to 112 times as large on tubes.

    Both share a flaw, which is why Dice&CE is added: a constant prediction has no soft skeleton except at the border.
    One that is foreground everywhere costs almost nothing (0.002 by the published code where the mean CE is 5).

    With several classes this is the mean over the foreground classes; the published code computes a skeleton for class
    1 only. It is used there as Dice + clCE or CE + clCE, without weights.

    Args:
        gamma: weight of the skeletons' part, in [0, 1].
        iterations: k of the soft skeleton. 10 as for the other losses here; the published code uses 3.
        normalize: "all" or "skeleton".
        batch: see `SegmentationLoss` for this and the other options. For "all" it matters with ignored pixels only.

    Raises:
        ValueError: `gamma` or `iterations` out of range, unknown `normalize`.

    Reference:
        C. Acebes et al., The centerline-cross entropy loss for vessel-like structure segmentation, MICCAI 2024.
        Code: https://github.com/cesaracebes/centerline_CE at 952a7c4 (its README shows the poster).
    """

    gamma: float = 0.5
    iterations: int = 10
    normalize: str = "all"

    def check_parameters(self) -> None:
        """Reject values out of range."""
        _checks.in_range("gamma", self.gamma, 0, 1)
        _checks.whole_number("iterations", self.iterations, 0, source="clDice alg. 1, k")
        _checks.one_of("normalize", self.normalize, NORMALIZATIONS)

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return (1 - self.gamma) * dice_ce_loss(s, self.smooth, self.batch) + self.gamma * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute L_clCE."""
        skeleton_p, skeleton_y = soft_skeleton(s.p, self.iterations), skeleton_of_truth(s, self.iterations)
        return clce_loss(s, skeleton_p, skeleton_y, self.normalize, self.batch)

    def look_at_truth(self, s: Segmentation) -> None:
        """Compute the soft skeletons of the ground truth in advance."""
        skeleton_of_truth(s, self.iterations)

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return the two skeletons on which the term is computed."""
        return cldice_pixels(s, self.iterations)
