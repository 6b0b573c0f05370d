"""The registry of metrics: facts about each one stand beside it; tables read direction and unit from here."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from metrics import _parameters
from registry import Registry, availability
from registry.registry import file_of

MetricFunction = Callable[..., float]  # of a Pair; parameters of the metric are keywords


class Undefined(Exception):
    """Raised by a metric that has no value for a pair; the message is the reason recorded beside the NaN."""


@dataclass(frozen=True)
class Entry:
    """What the suite knows about a metric.

    Attributes:
        slug: name in code and tables.
        title: name to print.
        unit: of the value; "" for a ratio or a count.
        higher_is_better: direction; None where the best value lies inside the range.
        version: raised whenever the definition changes, so that tables do not mix two.
        dims: spatial dimensions in which it is defined.
        compute: from a pair of binary masks to the value.
        file: where it is defined.
        requires: import names of the optional packages that it needs.
    """

    slug: str
    title: str
    unit: str
    higher_is_better: bool | None
    version: int
    dims: tuple[int, ...]
    compute: MetricFunction
    file: str
    requires: tuple[str, ...] = ()

    def available(self) -> tuple[bool, str]:
        """Return whether the metric can run here, and why not."""
        return availability(self.requires)


_REGISTRY: Registry[Entry] = Registry("metric")


def register(
    slug: str,
    *,
    title: str,
    unit: str = "",
    higher_is_better: bool | None,
    version: int = 1,
    dims: tuple[int, ...] = (2, 3),
    requires: tuple[str, ...] = (),
) -> Callable[[MetricFunction], MetricFunction]:
    """Register a metric; the arguments are those of `Entry`.

    Args:
        slug: lower case with underscores; unique.
        title: name to print.
        unit: of the value.
        higher_is_better: direction.
        version: of the definition.
        dims: spatial dimensions in which it is defined.
        requires: import names of optional packages.

    Returns:
        A decorator that returns the function unchanged.

    Raises:
        ValueError: the slug is taken (the message names both files).
    """

    def put(function: MetricFunction) -> MetricFunction:
        entry = Entry(slug, title, unit, higher_is_better, version, dims, function, file_of(function), requires)
        _REGISTRY.add(slug, entry, function)
        return function

    return put


def names() -> list[str]:
    """Return the slugs of all metrics, by name."""
    return _REGISTRY.names()


def entry(name: str) -> Entry:
    """Return the registry's entry for a metric.

    Args:
        name: slug, or slug and parameters such as `nsd,tolerance=2`.

    Returns:
        Its entry; with parameters, `slug` is the full name, `title` mentions them and `compute` has them set.

    Raises:
        ValueError: no such metric; the message names the nearest one. No such parameter, or an invalid value.
    """
    slug, _, settings = str(name).partition(",")
    found = _REGISTRY.entry(slug)
    if not settings:
        return found
    title = f"{found.title} ({settings.replace(',', ', ').replace('=', ' ')})"
    return replace(found, slug=name, title=title, compute=_parameters.bind(slug, found.compute, settings))
