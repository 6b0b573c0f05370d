"""The cells of a paper's tables: the published numbers beside the results of the existing runs.

No number comes from anywhere else: a cell whose runs are missing has none and says so.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import metrics
from runs import measured as measurements
from runs.results import DONE, FAILED, MISSING, RunResult
from tables import averages, intervals, statistics
from tables.papers import costs
from tables.papers.competition import against_baseline, best_of_column
from tables.papers.measurement import ABSENT, BROKEN, CLOSED, MEASURED, PARTIAL, QUOTED, Measurement
from tables.papers.planning import PaperPlan
from tables.papers.required_runs import Requirement, table_requirements
from tables.papers.spec_parts import PaperTable

COLUMNS = (
    "table", "row", "column", "metric", "unit", "direction", "published", "published_std", "published_best", "measured",
    "measured_std", "ci_low", "ci_high", "n", "p", "stars", "best", "status", "note", "timed", "scale",
)  # fmt: skip


def all_cells(plan: PaperPlan, benchmark: str | Path = "", counts: str | Path = "") -> pd.DataFrame:
    """Make all cells of a paper's tables.

    Args:
        plan: the runs, and which of them exist.
        benchmark: JSON file of the training-step benchmark, a list of {setting, loss, seconds, peak_bytes, device};
            "" or no such file: the cells of time and memory are missing.
        counts: JSON file of the networks' parameters, {key: number}; likewise.

    Returns:
        One row for each published number, in the printed order, with the columns `COLUMNS`; `p` is Holm's over the
        table's comparisons with its baseline, NaN if there is nothing to compare.

    Raises:
        ValueError: an existing JSON file cannot be read.
    """
    steps, numbers = costs.read_json(benchmark, list), costs.read_json(counts, dict)
    frames = [_table_cells(plan, table, steps, numbers) for table in plan.spec.tables.values()]
    return pd.concat(frames, ignore_index=True)


def _table_cells(
    plan: PaperPlan, table: PaperTable, steps: list[dict[str, Any]], numbers: dict[str, Any]
) -> pd.DataFrame:
    required = table_requirements(plan.spec, table)
    found = [_measure(plan, table, requirement, steps, numbers) for requirement in required]
    tested = against_baseline(table, required, found)
    best = best_of_column(table, required, found, plan.scale)
    rows = [
        _row(requirement, measured, p, is_best) | {"scale": plan.scale}
        for requirement, measured, p, is_best in zip(required, found, tested, best, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(requirement: Requirement, measured: Measurement, p: float, is_best: bool) -> dict[str, Any]:
    defined = measured.values.dropna()
    low, high = intervals.studentized_interval(defined.to_numpy())
    published = requirement.published
    return {
        "table": requirement.table,
        "row": requirement.row,
        "column": requirement.column,
        "metric": requirement.metric,
        "unit": published["unit"],
        "direction": published["direction"],
        "published": published["value"],
        "published_std": published["std"],
        "published_best": bool(published["best"]),
        "measured": measured.mean,
        "measured_std": measured.std,
        "ci_low": low,
        "ci_high": high,
        "n": len(defined) or math.nan,
        "p": p,
        "stars": statistics.stars(p),
        "best": is_best,
        "status": measured.status,
        "note": "; ".join(filter(None, (requirement.note, measured.note))),
        "timed": measured.timed,
    }


def _measure(
    plan: PaperPlan, table: PaperTable, requirement: Requirement, steps: list[dict[str, Any]], numbers: dict[str, Any]
) -> Measurement:
    """Find the measured value of one cell."""
    if requirement.quoted:
        return Measurement(QUOTED, requirement.quoted)
    if requirement.cannot:
        return Measurement(CLOSED, requirement.cannot)
    if requirement.benchmark:
        return costs.training_step(requirement, steps)
    if requirement.count:
        return costs.parameter_count(requirement, numbers)
    runs = [
        _current(plan, requirement, plan.found[folder])
        for folder in plan.answering[(requirement.table, requirement.row, requirement.column)]
    ]
    done = [run for run in runs if run.state == DONE]
    if not done:
        return _without_runs(plan, requirement, runs)
    try:
        return _averaged(plan, table, requirement, done, len(runs))
    except (ValueError, OSError, KeyError) as error:  # predictions or data that an ensemble or a closing needs
        return Measurement(BROKEN, " ".join(str(error).split()))


def _without_runs(plan: PaperPlan, requirement: Requirement, runs: Sequence[RunResult]) -> Measurement:
    """Return why a cell has no measured value if none of its runs is done."""
    broken = [run for run in runs if run.state != MISSING]
    if broken:
        return Measurement(BROKEN, broken[0].reason or broken[0].state)
    if closed := plan.spec.datasets[requirement.dataset].closed:
        return Measurement(CLOSED, closed)
    return Measurement(ABSENT, f"none of its {len(runs)} runs of {runs[0].folder.parts[-5]}")


def _averaged(
    plan: PaperPlan, table: PaperTable, requirement: Requirement, done: Sequence[RunResult], planned: int
) -> Measurement:
    """Average over cases and runs; folds and seeds within each case first, or the folds' networks vote."""
    together = plan.spec.groups[requirement.group].ensemble and len(done) > 1
    each = [_voted(plan, requirement, done)] if together else [_values(requirement, run) for run in done]
    values = pd.concat(each).groupby(level=0).mean() * _factor(requirement)
    defined = values.dropna()
    if defined.empty:
        why = "is undefined in every case" if len(values) else "was not measured: evaluate the runs again"
        return Measurement(BROKEN, f"{requirement.metric} {why}")
    means = pd.Series([run.mean() * _factor(requirement) for run in each]).dropna()
    over_runs = table.std == "runs"
    notes = [f"ensemble of {len(done)} folds"] if together else []
    notes += [] if len(done) == planned else [f"{len(done)} of {planned} runs"]
    notes += [] if len(defined) == len(values) else [f"defined in {len(defined)} of {len(values)} cases"]
    notes += _uneven(each)
    spread = means if over_runs else defined
    return Measurement(
        MEASURED if len(done) == planned else PARTIAL,
        "; ".join(notes),
        values,
        float(means.mean() if over_runs else defined.mean()),
        float(spread.std(ddof=1)) if len(spread) > 1 else math.nan,
    )


def _uneven(each: Sequence[pd.Series]) -> list[str]:
    """Return how many values are undefined if runs differ in that."""
    single = pd.concat(each)
    missing = single.isna()
    known = single.dropna().index
    if not missing.to_numpy()[single.index.isin(known)].any():
        return []
    return [f"{int(missing.sum())} of {len(single)} values undefined, the others alone are averaged"]


def _values(requirement: Requirement, run: RunResult) -> pd.Series:
    """Return a run's values by case."""
    if requirement.closing:
        values = _best_closing(run, requirement.metric)
    else:
        values = averages.per_case([run], requirement.metric, requirement.postprocessed)
    return _restricted(requirement, run, values)


def _restricted(requirement: Requirement, run: RunResult, values: pd.Series) -> pd.Series:
    """Keep the cases of the groups over which a number is averaged."""
    if not requirement.test:
        return values
    wanted = {case for name in requirement.test for case in run.groups.get(name, ())}
    found = values[values.index.isin(wanted)]
    if found.empty:
        raise ValueError(f"{run.folder} has predicted no test case of {', '.join(requirement.test)}")
    return found


def _best_closing(run: RunResult, metric: str) -> pd.Series:
    """Return the values by case after the binary closing that is best on average."""
    found = measurements.read_measured(
        run.folder / measurements.CLOSING, measurements.run_mark(run.record, run.options)
    )
    if found is None or metric not in set(found["metric"]):
        raise ValueError(f"the closings of {run.folder} have not been measured: {_command(run)}")
    sign = -1 if metrics.entry(metric).higher_is_better else 1
    by_kernel = found[found["metric"] == metric].groupby("kernel", sort=False)
    values = [rows.set_index("case")["value"] for _, rows in by_kernel]
    return min(values, key=lambda each: sign * each.mean())


def _command(run: RunResult) -> str:
    return f"python -m evaluation {run.folder.parents[3]}"


def _voted(plan: PaperPlan, requirement: Requirement, done: Sequence[RunResult]) -> pd.Series:
    """Return the values by case of the ensemble of the folds."""
    runs = {plan.folder(each): each for each in plan.runs}
    planned = [runs[run.folder] for run in done]
    own = requirement.stage == "pretrain"  # its post-processing compares it with itself
    starts = [plan.start(each) for each in planned if each.after] if not own else [run.folder for run in done]
    mark = measurements.ensemble_mark(done, starts, planned[0].elsewhere)
    found = measurements.read_measured(measurements.ensemble_folder(done), mark)
    if found is None:
        raise ValueError(f"the ensemble of {len(done)} folds has not been measured: {_command(done[0])}")
    found = found[
        (found["metric"] == requirement.metric) & (found["postprocessed"].astype(int) == int(requirement.postprocessed))
    ]
    return found.set_index("case")["value"]


def _current(plan: PaperPlan, requirement: Requirement, run: RunResult) -> RunResult:
    """Treat a run measured with an older version of the metric as one that must be evaluated again."""
    versions = [
        other.definitions[requirement.metric].version
        for other in plan.found.values()
        if requirement.metric in other.definitions
    ]
    mine = run.definitions[requirement.metric].version if requirement.metric in run.definitions else None
    if mine is None or mine == max(versions):
        return run
    reason = f"{run.folder}: version {mine} of {requirement.metric}, others have {max(versions)}; evaluate it again"
    return run.without_numbers(FAILED, reason)


def _factor(requirement: Requirement) -> float:
    """Convert from the metric's unit into the published one."""
    percent = requirement.published["unit"] == "percent" and metrics.entry(requirement.metric).unit != "%"
    return 100.0 if percent else 1.0
