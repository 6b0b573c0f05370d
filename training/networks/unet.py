"""MONAI's residual U-Net."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from training.networks._register import halvings, register

if TYPE_CHECKING:
    from torch import nn


@register(divisor=halvings)
def unet(
    dims: int,
    in_channels: int,
    out_channels: int,
    *,
    channels: Sequence[int] = (16, 32, 64, 128),
    num_res_units: int = 2,
) -> "nn.Module":
    """Build MONAI's residual U-Net, halving between its levels, instance norm, PReLU.

    Args:
        dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: number of classes.
        channels: channels of each level, at least two levels.
        num_res_units: convolutions in each level's residual unit; 0 for plain convolutions.

    Returns:
        The network.
    """
    from monai.networks.nets import UNet

    strides = [2] * (len(channels) - 1)
    return UNet(dims, in_channels, out_channels, channels, strides, num_res_units=num_res_units, norm="instance")
