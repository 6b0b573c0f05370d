"""MONAI's DynUNet, nnU-Net's plain convolutional U-Net."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from training.networks._register import halvings, register

if TYPE_CHECKING:
    import torch
    from torch import nn

_FEWEST_LEVELS = 4  # of the four scales, full and half resolution are supervised


@register(divisor=halvings, later=("deep_supervision",))
def dynunet(
    dims: int,
    in_channels: int,
    out_channels: int,
    *,
    channels: Sequence[int] = (32, 64, 128, 256),
    residual: bool = False,
    deep_supervision: bool = False,
) -> "nn.Module":
    """Build MONAI's DynUNet, which is nnU-Net's plain convolutional U-Net: 3x3(x3) kernels, instance norm, leaky ReLU.

    Args:
        dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: number of classes.
        channels: channels of each level, at least two levels; the first level keeps the resolution.
        residual: residual blocks instead of plain ones.
        deep_supervision: while training, give a list of logits: the full resolution, half, a quarter, ..., without the
            two lowest scales, as nnU-Net weighs them.

    Returns:
        The network.

    Raises:
        ValueError: deep supervision of fewer than four levels.
    """
    from monai.networks.nets import DynUNet

    strides = [1] + [2] * (len(channels) - 1)
    kernels = [3] * len(channels)
    options = {"filters": channels, "res_block": residual}
    if not deep_supervision:
        return DynUNet(dims, in_channels, out_channels, kernels, strides, strides[1:], **options)
    if len(channels) < _FEWEST_LEVELS:
        raise ValueError(f"deep supervision needs {_FEWEST_LEVELS} levels or more, `channels` has {len(channels)}")

    class OfAllScales(DynUNet):
        """Gives each scale as it is, where MONAI enlarges the coarser ones."""

        def forward(self, x: "torch.Tensor") -> "torch.Tensor | list[torch.Tensor]":
            full = self.output_block(self.skip_layers(x))
            return [full, *self.heads] if self.training else full

    options |= {"deep_supervision": True, "deep_supr_num": len(channels) - 3}
    return OfAllScales(dims, in_channels, out_channels, kernels, strides, strides[1:], **options)
