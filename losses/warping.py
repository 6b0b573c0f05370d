"""Homotopy warping: cross-entropy on the pixels at which the two masks cannot be deformed into each other."""

import math
from dataclasses import dataclass

import torch

from losses import _checks
from losses._base import SegmentationLoss
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import count_pixels, dice_ce_loss, sum_over
from topology import warp

_REFERENCE = "Hu, NeurIPS 2022"


@register("warping", title="Warping", reference=_REFERENCE)
@dataclass(eq=False, repr=False, kw_only=True)
class Warping(SegmentationLoss):
    """Dice&CE and a weighted sum of the cross-entropy over topologically critical pixels (homotopy warping).

    L = L_pixel + weight * L_warp, L_warp = sum over M of the cross-entropy, averaged over classes and samples. The
    ground truth y is deformed towards the binarised prediction b, and b towards y, by flipping wrong pixels that are
    simple points, outermost first (`topology.warp`). M holds the pixels in which a deformed mask still differs from
    the other one: without a flip there, the topology cannot be corrected. M carries no gradient.

    The sum over M is the paper's. Foreground has adjacency 8 (26), background 4 (6), and what lies around the image is
    background; the published code, see `WarpingPublished`, has other simple points and another sum. Each class is taken
    against the rest. Ties in distance are broken in raster order, so M may differ in a mirrored image.

    Args:
        weight: of L_warp, at least 0; the default is this project's choice.
        batch: of Dice, and one sum over the batch instead of the mean of the samples' sums.
        smooth: see `SegmentationLoss` for this and the other options.

    Raises:
        ValueError: `weight` out of range.

    Reference:
        X. Hu, Structure-aware image segmentation with homotopy warping, NeurIPS 2022,
        https://arxiv.org/abs/2112.07812
    """

    weight: float = 1e-4

    def check_parameters(self) -> None:
        """Reject values out of range."""
        _checks.in_range("weight", self.weight, 0, source="homotopy warping, lambda")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return dice_ce_loss(s, self.smooth, self.batch) + self.weight * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute L_warp."""
        return sum_over(self.critical(s), s.cross_entropy, self.batch).mean()

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return M."""
        return _critical(s, published=False)


@register("warping_published", title="Warping (published code)", reference=_REFERENCE + ", code")
@dataclass(eq=False, repr=False, kw_only=True)
class WarpingPublished(Warping):
    """Warping as in its published code; `warping` follows the paper.

    The differences: the code passes the connectivity in the position of another argument, so that foreground and
    background both have adjacency 8 (26); it calls a pixel simple if each of them is one component of the 3x3(x3)
    patch, the pixel included, so that a lone pixel and a hole of one pixel are; patches end at the border. The logits
    and the ground truth are multiplied by M, the cross-entropy is averaged over all n pixels, and that is multiplied
    by the number N of pixels in M: N / n (sum over M of the cross-entropy + (n - N) log C), C the number of classes.

    The published code stops in the debugger and fails for wrong pixels in the first row or column, whose patch becomes
    empty; here it is cropped as at the other borders. Its order of equal distances depends on the machine; here it is
    that of a stable sort. It supports two classes only, and sums over the batch, as here with `batch`.

    Args:
        weight: see `Warping` for this and the other parameters.

    Raises:
        ValueError: `weight` out of range.

    Reference:
        https://github.com/HuXiaoling/Warping, f249fa3
    """

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute the published code's mean times the number of pixels in M."""
        mask = self.critical(s)
        number, total = count_pixels(mask, self.batch), sum_over(mask, s.cross_entropy, self.batch)
        counted = torch.ones_like(mask) if s.valid is None else s.valid.expand_as(mask)
        pixels = count_pixels(counted, self.batch).clamp(min=1)
        rest = (pixels - number) * math.log(max(s.logits.shape[1], 2))
        return (number / pixels * (total + rest)).mean()

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return M."""
        return _critical(s, published=True)


def _critical(s: Segmentation, *, published: bool) -> torch.Tensor:
    deformed_y, deformed_b = warp(s.y, s.b, published=published), warp(s.b, s.y, published=published)
    return (deformed_y ^ s.b) | (deformed_b ^ s.y)
