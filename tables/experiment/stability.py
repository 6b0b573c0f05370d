"""How stable the order of an experiment's losses is, on each dataset and over all: as numbers and in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tables import stability
from tables.experiment.compare import MetricColumn
from tables.experiment.summary import LEADING, Summary, complete_cases
from tables.stability import Stability

METRICS = (LEADING, "betti0_error", "betti1_error", "dice")
OVER_ALL = "over all datasets"
# datasets that are averaged: each needs as many cases
_LEAST = stability.FEW


@dataclass(frozen=True)
class Order:
    """The order of the losses by a metric on one dataset, or over all.

    Attributes:
        block: the dataset or part of its test set, or `OVER_ALL`.
        column: the metric.
        losses: names, the best first.
        numbers: of these losses, in the same order.
        cases: number of cases.
        runs: number of runs (folds and seeds) that all losses have; the least of the datasets.
        notes: losses and cases that are left out.
    """

    block: str
    column: MetricColumn
    losses: list[str]
    numbers: Stability
    cases: int
    runs: int
    notes: list[str]

    @property
    def title(self) -> str:
        """Return metric, dataset and the size of the evidence."""
        return (
            f"{self.column.heading}, {self.block}: {self.cases} cases, {self.runs} run{'s' * (self.runs != 1)} of each"
        )

    @property
    def winner(self) -> str:
        """Return in words which loss wins."""
        place = self.numbers.winner
        return f"Winner: {self.losses[place]}." if place is not None else "No winner."


@dataclass(frozen=True)
class _Values:
    """A metric on one dataset: losses x cases x runs, and what was left out."""

    names: list[str]
    array: stability.Numbers
    notes: list[str]


def orders(summary: Summary, metrics: Sequence[str] = METRICS) -> list[Order]:
    """Return the order of the losses by each metric: over all datasets, where there are several, and on each.

    Args:
        summary: the runs.
        metrics: slugs; those that were not measured are left out, and if none was, the first measured one counts.

    Returns:
        The orders; none of a dataset on which fewer than two losses can be compared.
    """
    known = [column for slug in metrics for column in summary.columns if column.slug == slug]
    known = known or [column for column in summary.columns if column.higher_is_better is not None][:1]
    return [order for column in known for order in _by_column(summary, column)]


def by_metric(found: Sequence[Order]) -> dict[str, list[Order]]:
    """Return orders by the slug of their metric."""
    slugs = dict.fromkeys(order.column.slug for order in found)
    return {slug: [order for order in found if order.column.slug == slug] for slug in slugs}


def _by_column(summary: Summary, column: MetricColumn) -> list[Order]:
    """Return the order of the losses by one metric, over all datasets first."""
    found = {block: _values(summary.by_run(column.slug, block)) for block in summary.blocks}
    found = {block: values for block, values in found.items() if len(values.names) > 1 and values.array.size}
    listed = [_order(block, column, values.names, [values.array], values.notes) for block, values in found.items()]
    leading = {block: values for block, values in found.items() if block in summary.leading}
    return [*_over_all(column, leading), *listed]


def _over_all(column: MetricColumn, found: dict[str, _Values]) -> list[Order]:
    """Return the order over several datasets, of the losses that all of them have."""
    enough = {block: values for block, values in found.items() if values.array.shape[1] >= _LEAST}
    if len(enough) < 2:
        return []
    names = [name for name in next(iter(enough.values())).names if all(name in each.names for each in enough.values())]
    if len(names) < 2:
        return []
    arrays = [values.array[[values.names.index(name) for name in names]] for values in enough.values()]
    few = [f"{block}: fewer than {_LEAST} cases, left out" for block in found if block not in enough]
    every = dict.fromkeys(name for values in enough.values() for name in values.names)
    lost = [f"{name}: not on every dataset, left out" for name in every if name not in names]
    return [_order(OVER_ALL, column, names, arrays, few + lost)]


def _order(
    block: str, column: MetricColumn, names: list[str], arrays: list[stability.Numbers], notes: list[str]
) -> Order:
    found = stability.stability(arrays, higher_is_better=bool(column.higher_is_better))
    places = sorted(range(len(names)), key=lambda place: (found.rank[place], -found.best[place]))
    ordered = Stability(
        found.rank[places], found.low[places], found.high[places], found.best[places], found.wins[places][:, places]
    )
    cases = sum(array.shape[1] for array in arrays)
    runs = min(array.shape[2] for array in arrays)
    return Order(block, column, [names[place] for place in places], ordered, cases, runs, notes)


def _values(by_run: dict[str, pd.DataFrame]) -> _Values:
    """Return a metric's values where every loss has one: of the cases, and of the folds and seeds."""
    frames = {name: frame for name, frame in by_run.items() if frame.size}
    means = pd.DataFrame({name: frame.mean(axis=1) for name, frame in frames.items()})
    kept = [str(name) for name in complete_cases(means)] if len(means) else []
    notes = [f"{name}: has too few values, left out" for name in by_run if name not in kept]
    if not kept:
        return _Values([], np.empty((0, 0, 0)), notes)
    shared = [run for run in frames[kept[0]] if all(run in frames[name] for name in kept)]
    values = pd.concat({name: frames[name][shared] for name in kept}, axis=1)
    complete = values.dropna()
    if len(complete) < len(values):
        notes.append(f"{len(values) - len(complete)} of {len(values)} cases lack a value of some run, left out")
    array = complete.to_numpy().reshape(len(complete), len(kept), len(shared)).transpose(1, 0, 2)
    return _Values(kept, array, notes)
