"""Average runs case by case: the case is the unit, folds and seeds are averaged within each case first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from runs.results import DONE, RunResult
from tables.intervals import studentized_interval


@dataclass(frozen=True)
class Average:
    """A metric of a loss over the cases.

    Args:
        mean: over the cases where it is defined, NaN when there is none.
        std: sample standard deviation over these cases, NaN below two.
        defined: number of these cases.
        cases: number of all cases.
        low: lower limit of the 95 % interval of the mean (`tables.intervals`), NaN below two cases.
        high: its upper limit.
        p: of the paired permutation test against the baseline, corrected by Holm over the table; NaN if there is no
            test.
        values: number of all values, one for each case of each run.
        undefined: number of those that are in no average.
        is_uneven: for some case, the value of one run is undefined and that of another is not.
    """

    mean: float = math.nan
    std: float = math.nan
    defined: int = 0
    cases: int = 0
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    values: int = 0
    undefined: int = 0
    is_uneven: bool = False


def per_case(runs: list[RunResult], metric: str, postprocessed: bool) -> pd.Series:
    """Average folds and seeds within each case.

    Args:
        runs: runs that differ only by fold and seed.
        metric: slug.
        postprocessed: with or without post-processing.

    Returns:
        Value by case; NaN where it is undefined in every run.
    """
    return by_run(runs, metric, postprocessed).mean(axis=1)


def by_run(runs: Sequence[RunResult], metric: str, postprocessed: bool) -> pd.DataFrame:
    """Return the values of a loss run by run.

    Args:
        runs: runs that differ only by fold and seed.
        metric: slug.
        postprocessed: with or without post-processing.

    Returns:
        A row for each case in the order of their names, a column for each finished run with values, named by fold and
        seed.
    """
    found = {}
    for result in runs:
        cases, values = result.numbers.of(metric, postprocessed) if result.state == DONE else ([], [])
        if len(cases):
            name = f"fold{result.run.fold}-seed{result.run.seed}"
            found[name] = pd.Series(values, pd.Index(cases, name="case"))
    return pd.DataFrame(found, dtype=float).sort_index()


def differences(one: pd.DataFrame, other: pd.DataFrame) -> pd.Series:
    """Return the differences between two losses, averaged within each case over the runs that both have.

    Runs of one fold and seed start from the same weights and see the same patches, so that their difference is the
    losses'. A run that only one of them has (it failed, or the other has fewer seeds) would bring its own luck in.

    Args:
        one: values of a loss, see `by_run`.
        other: values of the loss that is subtracted.

    Returns:
        Difference by case, NaN where no run of both has a value; of the means over runs where they share no run.
    """
    shared = [name for name in one if name in other]
    if not shared:
        return one.mean(axis=1) - other.mean(axis=1)
    return (one[shared] - other[shared]).mean(axis=1)


def all_values(runs: Sequence[RunResult], metric: str, postprocessed: bool) -> pd.Series:
    """Return the values of all finished runs, several for each case if there are several runs.

    Args:
        runs: runs that differ only by fold and seed.
        metric: slug.
        postprocessed: with or without post-processing.

    Returns:
        Values by case; NaN where a run has none.
    """
    found = [result.numbers.of(metric, postprocessed) for result in runs if result.state == DONE]
    if not found:
        return pd.Series(dtype=float)
    cases = [case for names, _ in found for case in names]
    return pd.Series(np.concatenate([values for _, values in found]), pd.Index(cases, name="case"), name="value")


def average(runs: list[RunResult], metric: str, postprocessed: bool) -> Average:
    """Average a metric over the cases.

    Args:
        runs: runs that differ only by fold and seed.
        metric: slug.
        postprocessed: with or without post-processing.

    Returns:
        Mean, standard deviation, counts and interval.
    """
    single = all_values(runs, metric, postprocessed)
    values = single.groupby(level=0).mean()
    defined = values.dropna()
    missing = single.isna()
    empty = Average(cases=len(values), values=len(single), undefined=int(missing.sum()))
    if defined.empty:
        return empty
    low, high = studentized_interval(defined.to_numpy())
    uneven = bool(missing.to_numpy()[single.index.isin(defined.index)].any())
    mean, std = float(defined.mean()), float(defined.std(ddof=1))
    return replace(empty, mean=mean, std=std, low=low, high=high, defined=len(defined), is_uneven=uneven)


def overview(result: RunResult) -> pd.DataFrame:
    """Summarise a run: each metric without and with post-processing.

    Args:
        result: an evaluated run.

    Returns:
        Mean, standard deviation and counts by metric and post-processing.
    """
    values = result.metrics.groupby(["metric", "postprocessed"], sort=False)["value"]
    table = values.agg(mean="mean", std="std", defined="count", cases="size").reset_index()
    for name in ("title", "unit", "version"):
        table[name] = [getattr(result.definitions[slug], name) for slug in table["metric"]]
    return table.set_index(["title", "postprocessed"]).drop(columns="metric")


def undefined(result: RunResult) -> pd.DataFrame:
    """Return the undefined values of a run with their reasons.

    Args:
        result: an evaluated run.

    Returns:
        A row for each; none if all values are defined.
    """
    table = result.metrics[result.metrics["value"].isna()]
    return table[["case", "metric", "postprocessed", "reason"]].reset_index(drop=True)
