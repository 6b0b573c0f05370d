"""MONAI's DynUNet, nnU-Net's plain convolutional U-Net."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from training.networks._register import halvings, register

if TYPE_CHECKING:
    from torch import nn


@register(divisor=halvings)
def dynunet(
    dims: int,
    in_channels: int,
    out_channels: int,
    *,
    channels: Sequence[int] = (32, 64, 128, 256),
    residual: bool = False,
) -> "nn.Module":
    """Build MONAI's DynUNet, which is nnU-Net's plain convolutional U-Net: 3x3(x3) kernels, instance norm, leaky ReLU.

    Args:
        dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: number of classes.
        channels: channels of each level, at least two levels; the first level keeps the resolution.
        residual: residual blocks in place of plain ones.

    Returns:
        The network, without deep supervision.
    """
    from monai.networks.nets import DynUNet

    strides = [1] + [2] * (len(channels) - 1)
    kernels = [3] * len(channels)
    return DynUNet(
        dims, in_channels, out_channels, kernels, strides, strides[1:], filters=channels, res_block=residual
    )  # fmt: skip
