"""Dice&CE: the pixel-wise baseline of all four papers."""

from dataclasses import dataclass

import torch

from losses._base import SegmentationLoss
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import dice_ce_loss


@register("dice_ce", title="Dice&CE", reference="Isensee et al., nnU-Net, Nature Methods 2021")
@dataclass(eq=False, repr=False, kw_only=True)
class DiceCE(SegmentationLoss):
    """Soft Dice plus cross-entropy, equally weighted, as nnU-Net trains by default.

    L_pixel = L_Dice + L_CE. Dice is over the foreground classes, cross-entropy over all channels. The topological
    losses of this suite become it as their weight goes to 0.

    Args:
        batch: see `SegmentationLoss` for this and the other options.

    Reference:
        F. Isensee et al., nnU-Net: a self-configuring method for deep learning-based biomedical image segmentation,
        Nature Methods 2021, https://doi.org/10.1038/s41592-020-01008-z

    Example:
        >>> import torch, losses
        >>> logits = torch.tensor([[[[4.0, -4.0], [-4.0, 4.0]]]])
        >>> target = torch.tensor([[[[1, 0], [0, 1]]]])
        >>> round(losses.build("dice_ce")(logits, target).item(), 4)
        0.0361
    """

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return dice_ce_loss(s, self.smooth, self.batch)
