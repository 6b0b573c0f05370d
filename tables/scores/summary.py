"""Numbers over the cases: mean, spread and interval of each metric, and the comparison of two sets of predictions."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tables import intervals, statistics
from tables.scores.results import MEAN, Measure, Scores


@dataclass(frozen=True)
class Cell:
    """A metric of one method over its cases.

    Attributes:
        mean: over the cases where it is defined.
        std: sample standard deviation.
        low: lower limit of the 95 % interval of the mean (`tables.intervals`).
        high: its upper limit.
        n: number of cases.
        undefined: number of those without a value.
    """

    mean: float
    std: float
    low: float
    high: float
    n: int
    undefined: int


@dataclass(frozen=True)
class Comparison:
    """The first method against another one on a metric, case by case.

    Attributes:
        measure: the metric.
        other: name of the other method.
        difference: mean of first minus other.
        low: lower limit of its 95 % interval.
        high: its upper limit.
        effect: Cohen's dz, mean over standard deviation of the differences.
        wins: share of cases in which the first is better, ties by half; NaN where neither direction is.
        p: of the paired permutation test, two tails.
        adjusted: the same after Holm's correction over all comparisons of the table.
        n: number of cases in which both are defined.
    """

    measure: Measure
    other: str
    difference: float
    low: float
    high: float
    effect: float
    wins: float
    p: float
    adjusted: float
    n: int


def cell(scores: Scores, method: str, label: str, name: str = MEAN) -> Cell:
    """Summarise a metric of a method.

    Args:
        scores: the scores.
        method: whose predictions.
        label: of the metric.
        name: of the class; the mean over them by default.

    Returns:
        Its numbers.
    """
    values = scores.of(method, label, name).to_numpy(float)
    defined = values[~np.isnan(values)]
    if not len(defined):
        return Cell(math.nan, math.nan, math.nan, math.nan, len(values), len(values))
    low, high = intervals.studentized_interval(defined)
    std = float(defined.std(ddof=1)) if len(defined) > 1 else math.nan
    return Cell(float(defined.mean()), std, low, high, len(values), len(values) - len(defined))


def comparisons(scores: Scores) -> list[Comparison]:
    """Compare the first method with every other one on every metric.

    Args:
        scores: the scores.

    Returns:
        The comparisons, by metric and then by method; p-values corrected over all of them.
    """
    first, *others = scores.methods
    pairs = [(measure, other) for measure in scores.measures for other in others]
    found = [_compare(scores, measure, first, other) for measure, other in pairs]
    adjusted = statistics.holm([each.p for each in found])
    return [replace(each, adjusted=p) for each, p in zip(found, adjusted, strict=True)]


def frame(scores: Scores) -> pd.DataFrame:
    """Return the summary as a table of plain numbers: a row for each method, class and metric."""
    rows = []
    for method in scores.methods:
        for name in [MEAN, *scores.classes]:
            for measure in scores.measures:
                numbers = cell(scores, method, measure.label, name)
                if numbers.n:
                    rows.append({"method": method, "class": name, **_facts(measure), **numbers.__dict__})
    return pd.DataFrame(rows)


def comparison_frame(scores: Scores) -> pd.DataFrame:
    """Return the comparisons as a table of plain numbers."""
    rows = []
    for found in comparisons(scores):
        numbers = {key: value for key, value in found.__dict__.items() if key not in ("measure", "other")}
        rows.append({"first": scores.methods[0], "other": found.other, **_facts(found.measure), **numbers})
    return pd.DataFrame(rows)


def undefined(scores: Scores) -> pd.DataFrame:
    """Return the values that are undefined or replaced, with the reasons."""
    chosen = scores.values[scores.values["reason"] != ""]
    return chosen[["method", "case", "class", "metric", "value", "reason"]].reset_index(drop=True)


def _facts(measure: Measure) -> dict[str, str | int]:
    return {
        "metric": measure.label,
        "version": measure.version,
        "adjacency": measure.adjacency,
        "region": measure.region,
    }


def _compare(scores: Scores, measure: Measure, first: str, other: str) -> Comparison:
    """Compare two methods on a metric, p not yet corrected."""
    both = pd.concat([scores.of(method, measure.label) for method in (first, other)], axis=1, join="inner").dropna()
    differences = (both.iloc[:, 0] - both.iloc[:, 1]).to_numpy(float)
    low, high = intervals.studentized_interval(differences)
    p = statistics.paired_permutation(differences)
    return Comparison(
        measure=measure,
        other=other,
        difference=float(differences.mean()) if len(differences) else math.nan,
        low=low,
        high=high,
        effect=statistics.cohens_dz(differences),
        wins=_wins(differences, measure.higher_is_better),
        p=p,
        adjusted=p,
        n=len(differences),
    )


def _wins(differences: statistics.Numbers, higher_is_better: bool | None) -> float:
    if higher_is_better is None or not len(differences):
        return math.nan
    better = differences > 0 if higher_is_better else differences < 0
    return float(better.mean() + (differences == 0).mean() / 2)
