"""Comparison of a table's measured cells: tests against the baseline, and the best of each column."""

import math
from collections.abc import Sequence

from tables import statistics
from tables.papers.measurement import Measurement
from tables.papers.published import matches
from tables.papers.required_runs import Requirement
from tables.papers.spec_parts import PaperTable

LEAST_CASES, LEAST_SCALE = 5, 0.01


def against_baseline(table: PaperTable, required: Sequence[Requirement], found: Sequence[Measurement]) -> list[float]:
    """Return the p-value of each row against the baseline of its column, with Holm's correction over the table."""
    is_baseline = [bool(table.baseline) and matches(requirement.published, table.baseline) for requirement in required]
    pairs = zip(is_baseline, required, found, strict=True)
    baselines = {_beside(table, requirement): measured for is_one, requirement, measured in pairs if is_one}
    return statistics.holm(
        [
            math.nan if is_one else _p(measured, baselines.get(_beside(table, requirement)))
            for is_one, requirement, measured in zip(is_baseline, required, found, strict=True)
        ]
    )


def _p(measured: Measurement, baseline: Measurement | None) -> float:
    """Return the p-value of two cells, compared case by case; NaN where one of them is missing."""
    if baseline is None or measured.values.empty or baseline.values.empty:
        return math.nan
    differences = (measured.values - baseline.values).dropna().to_numpy()
    return float(statistics.paired_permutation(differences)) if len(differences) > 1 else math.nan


def best_of_column(
    table: PaperTable, required: Sequence[Requirement], found: Sequence[Measurement], scale: float = 1.0
) -> list[bool]:
    """Return for each cell whether it has the best measured value of those that compete: same column, same `within`.

    Means over few cases, or of runs that have hardly trained, are not comparable: below `LEAST_SCALE` no mean over
    cases is the best, and one over fewer than `LEAST_CASES` does not compete.
    """
    competing = [math.isfinite(measured.mean) and _counts(measured, scale) for measured in found]
    rivals: dict[tuple[str, ...], list[float]] = {}
    for requirement, measured, competes in zip(required, found, competing, strict=True):
        if competes:
            rivals.setdefault(_beside(table, requirement), []).append(measured.mean)
    marks = []
    for requirement, measured, competes in zip(required, found, competing, strict=True):
        values, direction = rivals.get(_beside(table, requirement), []), requirement.published["direction"]
        best = {"up": max, "down": min}.get(direction)
        marks.append(competes and best is not None and len(values) > 1 and measured.mean == best(values))
    return marks


def _counts(measured: Measurement, scale: float) -> bool:
    """Return whether a measured value may be the best; costs are not means over cases."""
    return bool(measured.timed) or (scale >= LEAST_SCALE and measured.values.count() >= LEAST_CASES)


def _beside(table: PaperTable, requirement: Requirement) -> tuple[str, ...]:
    """Return what two competing cells have in common."""
    return (requirement.column, *(str(requirement.published[name]) for name in table.within))
