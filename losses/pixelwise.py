"""The plain pixel-wise losses: CE, Dice, BCE, MSE, Focal, Tversky."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from losses import _checks
from losses._base import PixelLoss, SegmentationLoss
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import cross_entropy_loss, dice_loss, mean_over_pixels, one_against_rest, spatial_axes

_SMALLEST = 1e-12  # keeps the gradient of x ** gamma finite at x = 0


@register("ce", title="CE", reference="torch.nn.CrossEntropyLoss")
@dataclass(eq=False, repr=False, kw_only=True)
class CE(PixelLoss):
    """Cross-entropy over all channels, averaged over pixels; binary cross-entropy for C = 1.

    Args:
        batch: with ignored pixels, one mean over the batch; see `PixelLoss` for this and the other options.
    """

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return cross_entropy_loss(s, self.batch)


@register("dice", title="Dice", reference="Milletari et al., V-Net, 3DV 2016")
@dataclass(eq=False, repr=False, kw_only=True)
class Dice(SegmentationLoss):
    """Soft Dice, 1 - (2 sum p y + smooth) / (sum p + sum y + smooth), averaged over the foreground classes.

    Args:
        batch: see `SegmentationLoss` for this and the other options.
    """

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return dice_loss(s.p, s.y, self.smooth, self.batch)


@register("bce", title="BCE", reference="torch.nn.BCEWithLogitsLoss")
@dataclass(eq=False, repr=False, kw_only=True)
class BCE(PixelLoss):
    """Binary cross-entropy of each foreground class against all others, averaged over classes and pixels.

    For C > 1 the logit of class c against the rest is z_c - log sum over j != c of exp(z_j), which is the logit of its
    softmax probability; so C = 2 equals C = 1, and both equal CE.

    Args:
        include_background: for C > 1, count channel 0 as a class too.
        batch: with ignored pixels, one mean over the batch; see `PixelLoss` for this and the other options.
    """

    include_background: bool = False

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        target = s.one_hot[:, s.first :].to(s.logits.dtype)
        values = F.binary_cross_entropy_with_logits(one_against_rest(s), target, reduction="none")
        return mean_over_pixels(values, s, self.batch)


@register("mse", title="MSE", reference="torch.nn.MSELoss")
@dataclass(eq=False, repr=False, kw_only=True)
class MSE(PixelLoss):
    """Mean squared error (p - y)^2 over the foreground classes.

    Args:
        include_background: for C > 1, count channel 0 as a class too.
        batch: with ignored pixels, one mean over the batch; see `PixelLoss` for this and the other options.
    """

    include_background: bool = False

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return mean_over_pixels((s.p - s.y.to(s.p.dtype)) ** 2, s, self.batch)


@register("focal", title="Focal", reference="Lin et al., ICCV 2017")
@dataclass(eq=False, repr=False, kw_only=True)
class Focal(PixelLoss):
    """Focal loss, (1 - p_t)^focusing * -log p_t with p_t the probability of the true class, averaged over pixels.

    focusing = 0: CE. For C = 1 it equals MONAI's FocalLoss with its defaults; for C > 1 C times its softmax version,
    which averages over the channels too.

    Args:
        focusing: the paper's gamma, at least 0; its default is 2.
        batch: with ignored pixels, one mean over the batch; see `PixelLoss` for this and the other options.

    Raises:
        ValueError: `focusing` below 0.

    Reference:
        T.-Y. Lin et al., Focal loss for dense object detection, ICCV 2017, https://arxiv.org/abs/1708.02002
    """

    focusing: float = 2.0

    def check_parameters(self) -> None:
        """Reject values out of range."""
        _checks.in_range("focusing", self.focusing, 0, source="focal loss, gamma")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        ce = s.cross_entropy
        wrong = -torch.expm1(-ce)  # 1 - p_t, exact for small ce
        return mean_over_pixels(wrong.clamp(min=_SMALLEST) ** self.focusing * ce, s, self.batch)


@register("tversky", title="Tversky", reference="Salehi et al., MLMI 2017")
@dataclass(eq=False, repr=False, kw_only=True)
class Tversky(SegmentationLoss):
    """Tversky loss, 1 - (TP + smooth) / (TP + alpha FP + beta FN + smooth), averaged over the foreground classes.

    alpha = beta = 0.5: Dice with a smoothing twice as large. Same as MONAI's TverskyLoss.

    Args:
        alpha: weight of false positives, at least 0.
        beta: weight of false negatives, at least 0; SCNP tunes it to 0.6 to 0.9.
        batch: see `SegmentationLoss` for this and the other options.

    Raises:
        ValueError: `alpha` or `beta` below 0.

    Reference:
        S. S. M. Salehi et al., Tversky loss function for image segmentation using 3D fully convolutional deep
        networks, MLMI 2017, https://arxiv.org/abs/1706.05721
    """

    alpha: float = 0.3
    beta: float = 0.7

    def check_parameters(self) -> None:
        """Reject values out of range."""
        _checks.in_range("alpha", self.alpha, 0)
        _checks.in_range("beta", self.beta, 0)

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        axes = spatial_axes(s.p, self.batch)
        hits, predicted, true = (s.p * s.y).sum(axes), s.p.sum(axes), s.y.sum(axes)
        false_positives, false_negatives = predicted - hits, true - hits
        total = hits + self.alpha * false_positives + self.beta * false_negatives
        return (1 - (hits + self.smooth) / (total + self.smooth)).mean()
