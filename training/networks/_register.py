"""The registry of networks: a builder and a divisor by name, one decorator each."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from registry import Registry

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Entry:
    """One network: how to build it, and by what a patch's sides must be divisible."""

    name: str
    builder: Callable[..., "nn.Module"]
    divisor: Callable[..., int]
    later: tuple[str, ...] = ()

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """Its parameters with their defaults."""
        found = inspect.signature(self.builder).parameters.values()
        return {each.name: each.default for each in found if each.kind is inspect.Parameter.KEYWORD_ONLY}


REGISTRY: Registry[Entry] = Registry("network")


def register(
    divisor: Callable[..., int], later: tuple[str, ...] = ()
) -> Callable[[Callable[..., "nn.Module"]], Callable[..., "nn.Module"]]:
    """Register a builder under its own name.

    Args:
        divisor: returns, from the network's parameters, the number of which each side of a patch must be a multiple.
        later: parameters that came when there were runs already; at their defaults they are not part of a network's
            description.

    Returns:
        The decorator.
    """

    def decorate(builder: Callable[..., "nn.Module"]) -> Callable[..., "nn.Module"]:
        REGISTRY.add(builder.__name__, Entry(builder.__name__, builder, divisor, later), builder)
        return builder

    return decorate


def halvings(channels: Sequence[int], **_: Any) -> int:
    """Return the divisor of a network that halves the resolution between its levels.

    Args:
        channels: channels of each level.

    Returns:
        A power of two.
    """
    return 2 ** (len(channels) - 1)
