"""MONAI's SegResNet."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from training.networks._register import register

if TYPE_CHECKING:
    from torch import nn


@register(divisor=lambda blocks_down, **_: 2 ** (len(blocks_down) - 1))
def segresnet(
    dims: int,
    in_channels: int,
    out_channels: int,
    *,
    init_filters: int = 16,
    blocks_down: Sequence[int] = (1, 2, 2, 4),
    blocks_up: Sequence[int] = (1, 1, 1),
) -> "nn.Module":
    """Build MONAI's SegResNet: residual encoder, light decoder, instance norm.

    Args:
        dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: number of classes.
        init_filters: channels of the first level; doubled at each further level.
        blocks_down: residual blocks of each level of the encoder.
        blocks_up: residual blocks of each level of the decoder, one number fewer.

    Returns:
        The network.
    """
    from monai.networks.nets import SegResNet

    if len(blocks_up) != len(blocks_down) - 1:
        raise ValueError(f"`blocks_up` must be {len(blocks_down) - 1} numbers, got {list(blocks_up)}")
    return SegResNet(
        dims, init_filters, in_channels, out_channels, norm="instance", blocks_down=blocks_down, blocks_up=blocks_up
    )
