"""Networks by name: their parameters filled in and checked, their patches, and the module itself."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from registry import instead
from training.networks._register import REGISTRY, Entry

if TYPE_CHECKING:
    from torch import nn


def names() -> list[str]:
    """Return the names of all networks, sorted."""
    return REGISTRY.names()


def entry(name: str) -> Entry:
    """Return the network called `name`.

    Args:
        name: one of `names()`.

    Returns:
        Its entry.

    Raises:
        ValueError: unknown name; the message has the nearest known one.
    """
    return REGISTRY.entry(name)


def resolve(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in a network's defaults.

    Args:
        name: one of `names()`.
        parameters: those that differ from the defaults.

    Returns:
        All parameters of the network, sequences as lists; those that came later only where they differ.

    Raises:
        ValueError: unknown network or parameter (with the nearest and all known ones), or one of the wrong type.
    """
    found = entry(name)
    defaults = found.parameters
    for key in parameters:
        if key not in defaults:
            raise ValueError(f"network {name!r} has no parameter {key!r}{instead(key, defaults)}")
    values = {key: _checked(name, key, parameters.get(key, default), default) for key, default in defaults.items()}
    return {key: value for key, value in values.items() if key not in found.later or value != defaults[key]}


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
        ValueError: a side is not a multiple of `divisor`, or a single pixel would be left in the deepest layer, which
            cannot be normalised; with the nearest sizes that work.
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
        ValueError: unknown network or parameter, or dims other than 2 and 3.
    """
    if dims not in (2, 3):
        raise ValueError(f"`dims` must be 2 or 3, got {dims!r}")
    return entry(name).builder(dims, in_channels, out_channels, **resolve(name, parameters or {}))


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
