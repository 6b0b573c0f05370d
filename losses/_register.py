"""The registry: a decorator on each loss is all that notebooks, tables, tests and benchmarks need to find it."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry import Registry, availability, instead
from registry.registry import file_of

if TYPE_CHECKING:
    import torch

    from losses._base import PixelLoss

# the order of the tables: baseline, the papers' losses, then the others by name
_FIRST = (
    "dice_ce",
    "cldice",
    "compound_cldice",
    "closs",
    "thin_closs",
    "scnp",
    "thpm",
    "phpm",
    "shpm",
    "topoloss",
)


@dataclass(frozen=True)
class Entry:
    """What the suite knows of a loss.

    Attributes:
        slug: name in code, parameters, paths and tables.
        title: name to print.
        dims: spatial dimensions that it supports.
        reference: authors, venue, year.
        cls: the class.
        file: where it is defined.
        requires: import names of the optional packages that it needs.
    """

    slug: str
    title: str
    dims: tuple[int, ...]
    reference: str
    cls: type["PixelLoss"]
    file: str
    requires: tuple[str, ...] = ()

    def available(self) -> tuple[bool, str]:
        """Return whether the loss can run here, and why not."""
        return availability(self.requires)


_REGISTRY: Registry[Entry] = Registry("loss", _FIRST)


def register(
    slug: str, *, title: str, dims: tuple[int, ...] = (2, 3), reference: str, requires: tuple[str, ...] = ()
) -> Callable[[type["PixelLoss"]], type["PixelLoss"]]:
    """Register a loss class.

    Args:
        slug: lower case with underscores; unique.
        title: name to print in tables and figures.
        dims: spatial dimensions that the loss supports.
        reference: authors, venue, year.
        requires: import names of optional packages.

    Returns:
        A decorator that returns the class unchanged.

    Raises:
        ValueError: the slug is taken (the message names both files).
    """

    def put(cls: type["PixelLoss"]) -> type["PixelLoss"]:
        _REGISTRY.add(slug, Entry(slug, title, dims, reference, cls, file_of(cls), requires), cls)
        return cls

    return put


def names() -> list[str]:
    """Return the slugs of all losses: baseline first, then the papers' losses, then the others by name."""
    return _REGISTRY.names()


def entry(name: str) -> Entry:
    """Return the registry's entry for a loss.

    Args:
        name: slug.

    Returns:
        Its entry.

    Raises:
        ValueError: no such loss; the message names the nearest one.
    """
    return _REGISTRY.entry(name)


def parameters(name: str) -> dict[str, Any]:
    """Return the parameters of a loss and their defaults.

    Args:
        name: slug.

    Returns:
        Name to default, in the order of the class.

    Raises:
        ValueError: no such loss.
    """
    fields = dataclasses.fields(entry(name).cls)
    return {f.name: f.default_factory() if callable(f.default_factory) else f.default for f in fields}


def build(name: str, **params: Any) -> "PixelLoss":
    """Build a loss.

    Args:
        name: slug, see `names`.
        **params: its parameters, see `parameters`.

    Returns:
        A module with `forward(input, target)`.

    Raises:
        ValueError: unknown loss or parameter, value out of range, or an optional package is missing.
        TypeError: a value of the wrong type.
    """
    found = entry(name)
    known = parameters(name)
    for param in params:
        if param not in known:
            raise ValueError(f"{name!r} has no parameter {param!r}{instead(param, known)}")
    usable, reason = found.available()
    if not usable:
        raise ValueError(f"loss {name!r} {reason}")
    return found.cls(**params)


def critical_pixels(name: str, input: "torch.Tensor", target: "torch.Tensor", **params: Any) -> "torch.Tensor":
    """Return the pixels that a loss singles out on an input.

    Args:
        name: slug.
        input: logits (B, C, *spatial).
        target: (B, 1, *spatial) class indices or (B, C, *spatial) one-hot.
        **params: parameters of the loss.

    Returns:
        bool (B, C, *spatial); for C > 1 the background channel is False unless `include_background=True`. All True in
        the channels of a loss that treats all pixels alike.

    Raises:
        ValueError: see `build` and `forward`.
        TypeError: see `build` and `forward`.
    """
    return build(name, **params).critical_pixels(input, target)
