"""The table of networks: a builder and a divisor by name, one decorator each."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Entry:
    """One network: how to build it, and by what a patch's sides must be divisible."""

    name: str
    builder: Callable[..., "nn.Module"]
    divisor: Callable[..., int]

    def parameters(self) -> dict[str, Any]:
        """Return its parameters with their defaults."""
        found = inspect.signature(self.builder).parameters.values()
        return {each.name: each.default for each in found if each.kind is inspect.Parameter.KEYWORD_ONLY}


ENTRIES: dict[str, Entry] = {}


def register(divisor: Callable[..., int]) -> Callable[[Callable[..., "nn.Module"]], Callable[..., "nn.Module"]]:
    """Put a builder into the table under its own name.

    Args:
        divisor: gives, from the network's parameters, the number that each side of a patch must be a multiple of.

    Returns:
        The decorator.
    """

    def decorate(builder: Callable[..., "nn.Module"]) -> Callable[..., "nn.Module"]:
        ENTRIES[builder.__name__] = Entry(builder.__name__, builder, divisor)
        return builder

    return decorate
