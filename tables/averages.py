"""Average runs case by case: the case is the unit, folds and seeds are averaged within each case first."""

import math
from dataclasses import dataclass

import pandas as pd

from runs.results import DONE, RunResult
from tables.statistics import bootstrap_interval


@dataclass(frozen=True)
class Cell:
    """A metric of a loss over the cases.

    Args:
        mean: over the cases where it is defined, NaN when there is none.
        std: sample standard deviation over these cases, NaN below two.
        defined: number of these cases.
        cases: number of all cases.
        low: lower limit of the 95 % bootstrap interval of the mean, NaN below two cases.
        high: its upper limit.
        p: of the paired permutation test against the baseline, Holm over the table; NaN where there is no test.
    """

    mean: float = math.nan
    std: float = math.nan
    defined: int = 0
    cases: int = 0
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan


def per_case(runs: list[RunResult], metric: str, postprocessed: bool) -> pd.Series:
    """Average folds and seeds within each case.

    Args:
        runs: runs that differ only by fold and seed.
        metric: slug.
        postprocessed: with or without post-processing.

    Returns:
        Value by case; NaN where it is undefined in every run.
    """
    done = [result.metrics for result in runs if result.state == DONE]
    if not done:
        return pd.Series(dtype=float)
    table = pd.concat(done)
    chosen = table[(table["metric"] == metric) & (table["postprocessed"].astype(int) == int(postprocessed))]
    return chosen.groupby("case")["value"].mean()


def cell(runs: list[RunResult], metric: str, postprocessed: bool) -> Cell:
    """Average a metric over the cases.

    Args:
        runs: runs that differ only by fold and seed.
        metric: slug.
        postprocessed: with or without post-processing.

    Returns:
        Mean, standard deviation, counts and interval.
    """
    values = per_case(runs, metric, postprocessed)
    defined = values.dropna()
    if defined.empty:
        return Cell(cases=len(values))
    low, high = bootstrap_interval(defined.to_numpy())
    return Cell(float(defined.mean()), float(defined.std(ddof=1)), len(defined), len(values), low, high)


def overview(result: RunResult) -> pd.DataFrame:
    """Sum up a run: each metric without and with post-processing.

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
    """List the undefined values of a run with their reasons.

    Args:
        result: an evaluated run.

    Returns:
        A row for each; none when all values are defined.
    """
    table = result.metrics[result.metrics["value"].isna()]
    return table[["case", "metric", "postprocessed", "reason"]].reset_index(drop=True)
