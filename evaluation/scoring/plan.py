"""What is measured: metrics, each with adjacency, region, classes, and a substitute for undefined values."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import metrics
import topology
from evaluation.scoring.problems import ScoringError

CORE = {
    2: ("dice", "iou", "cldice", "betti0_error", "betti1_error", "betti_matching_error", "nsd", "hd95"),
    3: ("dice", "iou", "cldice", "betti0_error", "betti1_error", "betti2_error", "nsd", "hd95"),
}


@dataclass(frozen=True)
class Measure:
    """One column of the tables.

    Attributes:
        metric: slug with parameters.
        merged: all classes as one, instead of each separately.
        adjacency: of the foreground; None for 8 and 26.
        region: "whole", "sliding" or "random", with the next four as in `metrics.Options`.
        patch: side of the patches.
        stride: of sliding patches.
        number: of random patches.
        seed: of random patches.
        undefined: value that replaces a class's undefined one; None: it is left out.
        title: printed name; "" for the metric's own.
    """

    metric: str
    merged: bool = False
    adjacency: int | None = None
    region: str = "whole"
    patch: int | tuple[int, ...] | None = None
    stride: int | tuple[int, ...] | None = None
    number: int = 10
    seed: int = 0
    undefined: float | None = None
    title: str = ""

    @property
    def where(self) -> str:
        """Return the name of the region, with all that is needed to repeat it."""
        return metrics.describe_region(self.region, self.patch, self.stride, self.number, self.seed)

    @property
    def place(self) -> tuple[Any, ...]:
        """Return what all measures of one pass must have in common."""
        return (self.merged, self.adjacency, self.region, self.patch, self.stride, self.number, self.seed)

    def options(self) -> metrics.Options:
        """Return the options of `metrics.measure`, without spacing and classes."""
        return {
            "adjacency": self.adjacency,
            "region": self.region,
            "patch": self.patch,
            "stride": self.stride,
            "number": self.number,
            "seed": self.seed,
        }

    def facts(self, dims: int) -> dict[str, Any]:
        """Return what a table must know about it, which a cached value must match."""
        entry = metrics.entry(self.metric)
        of = " (classes merged)" if self.merged else ""
        return asdict(self) | {
            "title": self.title or f"{entry.title}{of}",
            "unit": entry.unit,
            "higher_is_better": entry.higher_is_better,
            "version": entry.version,
            "adjacency": topology.resolve_adjacency(self.adjacency, dims),
            "region": self.where,
            "label": label(self),
        }


def label(measure: Measure) -> str:
    """Return a measure's name in metrics.csv: its metric, and whether the classes were merged."""
    return f"{measure.metric} merged" if measure.merged else measure.metric


def make(names: tuple[str, ...], adjacency: int | None, dims: int) -> tuple[Measure, ...]:
    """Return the plan for a list of metrics.

    Args:
        names: slugs with parameters; none for the core set; "all" for every metric of the registry.
        adjacency: of the foreground.
        dims: of the images.

    Returns:
        A measure for each.

    Raises:
        ScoringError: no such metric, a duplicate, or an invalid adjacency.
    """
    wanted = names or CORE[dims]
    if wanted == ("all",):
        every = (metrics.entry(name) for name in metrics.names())
        wanted = tuple(found.slug for found in every if dims in found.dims and found.available()[0])
    return check(tuple(Measure(name, adjacency=adjacency) for name in wanted), dims)


def check(plan: tuple[Measure, ...], dims: int) -> tuple[Measure, ...]:
    """Reject what cannot be measured.

    Args:
        plan: the measures.
        dims: of the images.

    Returns:
        The measures; those on patches with one side for each of the images' axes.

    Raises:
        ScoringError: all problems with them.
    """
    problems = []
    for measure in plan:
        try:
            entry = metrics.entry(measure.metric)
            topology.resolve_adjacency(measure.adjacency, dims)
            usable, reason = entry.available()
            if dims not in entry.dims:
                problems.append(f"metric {measure.metric!r} is not defined in {dims}D; leave it out")
            elif not usable:
                problems.append(f"metric {measure.metric!r} {reason}")
        except ValueError as error:
            problems.append(str(error))
    names = [(label(measure), measure.adjacency, measure.where) for measure in plan]
    problems += [f"metric {name!r} is requested twice" for name in sorted({n[0] for n in names if names.count(n) > 1})]
    if problems:
        raise ScoringError(problems)
    return plan


def with_adjacency(plan: tuple[Measure, ...], adjacency: int) -> tuple[Measure, ...]:
    """Return the plan with another adjacency for all."""
    return tuple(replace(measure, adjacency=adjacency) for measure in plan)
