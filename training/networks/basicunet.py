"""MONAI's BasicUNet."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from training.networks._register import register

if TYPE_CHECKING:
    from torch import nn


@register(divisor=lambda **_: 16)
def basicunet(
    dims: int,
    in_channels: int,
    out_channels: int,
    *,
    features: Sequence[int] = (16, 16, 32, 64, 128, 16),
) -> "nn.Module":
    """Build MONAI's BasicUNet: five levels of two convolutions each, instance norm, leaky ReLU.

    Args:
        dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: number of classes.
        features: channels of the five levels and of the last layer, six numbers.

    Returns:
        The network.
    """
    from monai.networks.nets import BasicUNet

    if len(features) != 6:
        raise ValueError(f"`features` of network 'basicunet' must be six numbers, got {list(features)}")
    return BasicUNet(dims, in_channels, out_channels, features=features)
