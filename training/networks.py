"""Networks from MONAI by name and size. A network is one function here; its keyword parameters are the sizes.

All are fully convolutional and normalise each instance, since batches are small, and end in one logit for each class.
"""

import difflib
import importlib
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from training.network_register import ENTRIES, Entry, register

if TYPE_CHECKING:
    from torch import nn


def names() -> list[str]:
    """Return the names of all networks, sorted."""
    importlib.import_module("training.cldice_networks")  # registers its own
    return sorted(ENTRIES)


def entry(name: str) -> Entry:
    """Return the network called `name`.

    Args:
        name: one of `names()`.

    Returns:
        Its entry.

    Raises:
        ValueError: for an unknown name, with the nearest known one.
    """
    if name not in names():
        near = difflib.get_close_matches(str(name), names(), 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown network {name!r}, known are {', '.join(names())}{hint}")
    return ENTRIES[name]


def resolve(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in a network's defaults.

    Args:
        name: one of `names()`.
        parameters: those that shall differ from the defaults.

    Returns:
        All parameters of the network, sequences as lists.

    Raises:
        ValueError: for an unknown network, an unknown parameter (with the known ones), or one of the wrong type.
    """
    defaults = entry(name).parameters()
    unknown = sorted(set(parameters) - set(defaults))
    if unknown:
        raise ValueError(
            f"network {name!r} has no parameter {', '.join(unknown)}; it has {', '.join(sorted(defaults))}"
        )
    return {key: _checked(name, key, parameters.get(key, default), default) for key, default in defaults.items()}


def divisor(name: str, parameters: Mapping[str, Any]) -> int:
    """Return what every side of a patch must be a multiple of.

    Args:
        name: one of `names()`.
        parameters: those that differ from the defaults.

    Returns:
        A power of two.
    """
    return entry(name).divisor(**resolve(name, parameters))


def check_patch(name: str, parameters: Mapping[str, Any], patch_size: Sequence[int]) -> None:
    """Check that the network takes patches of this size.

    Args:
        name: one of `names()`.
        parameters: those that differ from the defaults.
        patch_size: sides of the patch in pixels.

    Raises:
        ValueError: when a side is no multiple of `divisor`, or when a single pixel would be left in the deepest layer,
            which cannot be normalised; with the nearest sizes that work.
    """
    multiple = divisor(name, parameters)
    wanted = [max(multiple, multiple * round(side / multiple)) for side in patch_size]
    if math.prod(wanted) == multiple ** len(wanted):
        wanted = [2 * multiple] * len(wanted)
    if list(patch_size) != wanted:
        raise ValueError(
            f"`patch_size` {list(patch_size)} does not fit network {name!r}: its sides must be multiples of {multiple} "
            f"and at least one larger than that; the nearest size that works is {wanted}"
        )


def build(
    name: str, dims: int, in_channels: int, out_channels: int, parameters: Mapping[str, Any] | None = None
) -> "nn.Module":
    """Build a network with freshly drawn weights (from torch's global random state).

    Args:
        name: one of `names()`.
        dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: number of classes, background included.
        parameters: those that differ from the defaults.

    Returns:
        A module from (B, in_channels, *spatial) to logits (B, out_channels, *spatial).

    Raises:
        ValueError: for an unknown network or parameter, or dims other than 2 and 3.
    """
    if dims not in (2, 3):
        raise ValueError(f"`dims` must be 2 or 3, got {dims!r}")
    return entry(name).builder(dims, in_channels, out_channels, **resolve(name, parameters or {}))


def _halvings(channels: Sequence[int], **_: Any) -> int:
    return 2 ** (len(channels) - 1)


def _four_halvings(**_: Any) -> int:
    return 16


def _segresnet_divisor(blocks_down: Sequence[int], **_: Any) -> int:
    return 2 ** (len(blocks_down) - 1)


@register(divisor=_halvings)
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


@register(divisor=_halvings)
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


@register(divisor=_four_halvings)
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


@register(divisor=_segresnet_divisor)
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
        init_filters: channels of the first level; each next one doubles them.
        blocks_down: residual blocks of each level on the way down.
        blocks_up: residual blocks of each level on the way up, one number fewer.

    Returns:
        The network.
    """
    from monai.networks.nets import SegResNet

    if len(blocks_up) != len(blocks_down) - 1:
        raise ValueError(f"`blocks_up` must be {len(blocks_down) - 1} numbers, got {list(blocks_up)}")
    return SegResNet(
        dims, init_filters, in_channels, out_channels, norm="instance", blocks_down=blocks_down, blocks_up=blocks_up
    )


def _checked(network: str, name: str, value: Any, default: Any) -> Any:
    """Return `value` if it is of the default's kind; every integer is a size, so it must be positive (0 for units)."""
    if isinstance(default, tuple):
        if not isinstance(value, (list, tuple)) or len(value) < 2 or not all(_is_size(element) for element in value):
            raise ValueError(f"`{name}` of network {network!r} must be two or more positive integers, got {value!r}")
        return list(value)
    if isinstance(default, bool) != isinstance(value, bool) or not isinstance(value, int) or value < 0:
        kind = "true or false" if isinstance(default, bool) else "an integer from 0"
        raise ValueError(f"`{name}` of network {network!r} must be {kind}, got {value!r}")
    return value


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
