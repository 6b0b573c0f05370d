"""Deep supervision: a loss on the outputs of several scales, weighted as in nnU-Net."""

from collections.abc import Sequence

import torch
from torch import nn


class DeepSupervision(nn.Module):
    """Mean of a loss over the scales with the weights 1, 1/2, 1/4, ... divided by their sum (nnU-Net).

    The ground truth of a coarser scale is that of the nearest pixels.

    Args:
        loss: at full resolution.
        coarser: at the other scales; None: `loss` too.
    """

    def __init__(self, loss: nn.Module, coarser: nn.Module | None = None) -> None:
        super().__init__()
        self.loss = loss
        self.coarser = loss if coarser is None else coarser

    def forward(self, outputs: Sequence[torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        """Compute the loss.

        Args:
            outputs: logits (B, C, *spatial) of each scale, the full resolution first.
            target: (B, 1, *spatial), class indices of the full resolution.

        Returns:
            Scalar.
        """
        weights = [0.5**scale for scale in range(len(outputs))]
        total = self.loss(outputs[0], target)
        for weight, logits in zip(weights[1:], outputs[1:], strict=True):
            total = total + weight * self.coarser(logits, shrink(target, logits.shape[2:]))
        return total / sum(weights)


def shrink(target: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Return the class of the nearest pixel for each pixel of a coarser grid.

    Args:
        target: (B, 1, *spatial), class indices below 256.
        size: the coarser grid.

    Returns:
        (B, 1, *size), same type.
    """
    return nn.functional.interpolate(target.to(torch.uint8), tuple(size), mode="nearest-exact").to(target.dtype)
