"""The register of metrics: facts about each stand beside it, and tables read direction and unit from here."""

import difflib
import importlib.util
import inspect
from collections.abc import Callable
from dataclasses import dataclass

from metrics._pair import Pair

MetricFunction = Callable[[Pair], float]
_ENTRIES: dict[str, "Entry"] = {}


class Undefined(Exception):
    """Raised by a metric that has no value for a pair; the text is the reason that stands beside the NaN."""


@dataclass(frozen=True)
class Entry:
    """What the suite knows of a metric.

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
        """Tell whether the metric can run here, and why not."""
        missing = [name for name in self.requires if importlib.util.find_spec(name) is None]
        return (False, f"needs {', '.join(missing)}: pip install {' '.join(missing)}") if missing else (True, "")


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
    """Put a metric into the register; the arguments are those of `Entry`.

    Args:
        slug: lower case with underscores; unique.
        title: name to print.
        unit: of the value.
        higher_is_better: direction.
        version: of the definition.
        dims: spatial dimensions in which it is defined.
        requires: import names of optional packages.

    Returns:
        A decorator that leaves the function as it is.

    Raises:
        ValueError: the slug is taken (the message names both files).
    """

    def put(function: MetricFunction) -> MetricFunction:
        file = inspect.getfile(function)
        if slug in _ENTRIES:
            raise ValueError(f"metric {slug!r} is registered twice: in {_ENTRIES[slug].file} and in {file}")
        _ENTRIES[slug] = Entry(slug, title, unit, higher_is_better, version, dims, function, file, requires)
        return function

    return put


def names() -> list[str]:
    """List the slugs of all metrics, by name."""
    return sorted(_ENTRIES)


def entry(name: str) -> Entry:
    """Look up what is known of a metric.

    Args:
        name: slug.

    Returns:
        Its entry.

    Raises:
        ValueError: no such metric; the message names the nearest one.
    """
    if name in _ENTRIES:
        return _ENTRIES[name]
    near = difflib.get_close_matches(str(name), names(), n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown metric {name!r}{hint} Known: {', '.join(names())}")
