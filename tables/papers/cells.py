"""The cells of a paper's tables: what is published, and what the runs that are there say beside it.

No number comes from anywhere else: a cell whose runs are missing has none and says so.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

import metrics
from runs import measured as measurements
from runs.results import DONE, FAILED, MISSING, RunResult
from tables import averages, statistics
from tables.papers.planning import Plan
from tables.papers.required_runs import Need, of_table
from tables.papers.spec import Table, matches

COLUMNS = (
    "table", "row", "column", "metric", "unit", "direction", "published", "published_std", "published_best", "measured",
    "measured_std", "ci_low", "ci_high", "n", "p", "stars", "best", "status", "note",
)  # fmt: skip
MEASURED, PARTIAL, ABSENT, BROKEN, QUOTED = "measured", "partial", "missing", "failed", "published only"
STEP = "setting "  # begins the note of what the training-step benchmark measured
_UNITS = {"thousand": 1e-3, "million": 1e-6}


@dataclass(frozen=True)
class Measurement:
    """What was measured for one cell, in the unit of the published number.

    Args:
        status: "measured", "partial", "missing", "failed" or "published only".
        note: why, or what the reader has to know.
        values: by case, folds and seeds averaged; empty where there are no cases.
        mean: of the cell.
        std: as the paper has it, over runs or over cases.
    """

    status: str
    note: str = ""
    values: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    mean: float = math.nan
    std: float = math.nan


def cells(plan: Plan, benchmark: str | Path = "", counts: str | Path = "") -> pd.DataFrame:
    """Make all cells of a paper's tables.

    Args:
        plan: the runs, and what is there of them.
        benchmark: JSON file of the training-step benchmark, a list of {setting, loss, seconds, peak_bytes, device};
            "" or no such file: the cells of time and memory are missing.
        counts: JSON file of the networks' parameters, {key: number}; likewise.

    Returns:
        One row for each published number, in the printed order, with the columns `COLUMNS`; `p` is Holm's over the
        table's comparisons with its baseline, NaN where there is nothing to compare.

    Raises:
        ValueError: a JSON file that is there and cannot be read.
    """
    steps, numbers = _json(benchmark, list), _json(counts, dict)
    frames = [_table_cells(plan, table, steps, numbers) for table in plan.spec.tables.values()]
    return pd.concat(frames, ignore_index=True)


def _table_cells(plan: Plan, table: Table, steps: list[dict[str, Any]], numbers: dict[str, Any]) -> pd.DataFrame:
    needs = of_table(plan.spec, table)
    found = [_measure(plan, table, need, steps, numbers) for need in needs]
    tested = _tests(table, needs, found)
    best = _best(table, needs, found)
    rows = [
        _row(need, measured, p, is_best) for need, measured, p, is_best in zip(needs, found, tested, best, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(need: Need, measured: Measurement, p: float, is_best: bool) -> dict[str, Any]:
    defined = measured.values.dropna()
    low, high = statistics.bootstrap_interval(defined.to_numpy())
    published = need.published
    return {
        "table": need.table,
        "row": need.row,
        "column": need.column,
        "metric": need.metric,
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
        "note": "; ".join(filter(None, (need.note, measured.note))),
    }


def _measure(plan: Plan, table: Table, need: Need, steps: list[dict[str, Any]], numbers: dict[str, Any]) -> Measurement:
    """Find the measured value of one cell."""
    if need.quoted:
        return Measurement(QUOTED, need.quoted)
    if need.cannot:
        return Measurement(ABSENT, need.cannot)
    if need.benchmark:
        return _step(need, steps)
    if need.count:
        return _count(need, numbers)
    runs = [_current(plan, need, plan.found[folder]) for folder in plan.of_need[(need.table, need.row, need.column)]]
    done = [run for run in runs if run.state == DONE]
    if not done:
        broken = [run for run in runs if run.state != MISSING]
        reason = (
            broken[0].reason or broken[0].state
            if broken
            else f"none of its {len(runs)} runs of {runs[0].folder.parts[-5]}"
        )
        return Measurement(BROKEN if broken else ABSENT, reason)
    try:
        return _averaged(plan, table, need, done, len(runs))
    except (ValueError, OSError, KeyError) as error:  # predictions or data that an ensemble or a closing needs
        return Measurement(BROKEN, " ".join(str(error).split()))


def _averaged(plan: Plan, table: Table, need: Need, done: Sequence[RunResult], planned: int) -> Measurement:
    """Average over cases and runs; folds and seeds within each case first, or the folds' networks vote."""
    together = plan.spec.groups[need.group].ensemble and len(done) > 1
    each = [_voted(plan, need, done)] if together else [_values(need, run) for run in done]
    values = pd.concat(each).groupby(level=0).mean() * _factor(need)
    defined = values.dropna()
    if defined.empty:
        why = "is undefined in every case" if len(values) else "was not measured: evaluate the runs again"
        return Measurement(BROKEN, f"{need.metric} {why}")
    means = pd.Series([run.mean() * _factor(need) for run in each]).dropna()
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
    """Say how many values are undefined where runs differ in that."""
    single = pd.concat(each)
    missing = single.isna()
    known = single.dropna().index
    if not missing.to_numpy()[single.index.isin(known)].any():
        return []
    return [f"{int(missing.sum())} of {len(single)} values undefined, the others alone are averaged"]


def _values(need: Need, run: RunResult) -> pd.Series:
    """Return a run's values by case."""
    if need.closing:
        return _best_closing(run, need.metric)
    return averages.per_case([run], need.metric, need.postprocessed)


def _best_closing(run: RunResult, metric: str) -> pd.Series:
    """Return the values by case after the binary closing that is best on average."""
    found = measurements.read_measured(run.folder / measurements.CLOSING, measurements.run_mark(run.record))
    if found is None or metric not in set(found["metric"]):
        raise ValueError(f"the closings of {run.folder} have not been measured: {_command(run)}")
    sign = -1 if metrics.entry(metric).higher_is_better else 1
    by_kernel = found[found["metric"] == metric].groupby("kernel", sort=False)
    values = [rows.set_index("case")["value"] for _, rows in by_kernel]
    return min(values, key=lambda each: sign * each.mean())


def _command(run: RunResult) -> str:
    return f"python -m evaluation {run.folder.parents[3]}"


def _voted(plan: Plan, need: Need, done: Sequence[RunResult]) -> pd.Series:
    """Return the values by case of the ensemble of the folds."""
    runs = {plan.folder(each): each for each in plan.runs}
    planned = [runs[run.folder] for run in done]
    own = need.stage == "pretrain"  # whose post-processing compares it with itself
    starts = [plan.start(each) for each in planned if each.after] if not own else [run.folder for run in done]
    mark = measurements.ensemble_mark(done, starts, planned[0].elsewhere)
    found = measurements.read_measured(measurements.ensemble_folder(done), mark)
    if found is None:
        raise ValueError(f"the ensemble of {len(done)} folds has not been measured: {_command(done[0])}")
    found = found[(found["metric"] == need.metric) & (found["postprocessed"].astype(int) == int(need.postprocessed))]
    return found.set_index("case")["value"]


def _current(plan: Plan, need: Need, run: RunResult) -> RunResult:
    """Take a run measured with an older version of the metric for one that has to be evaluated again."""
    versions = [
        other.definitions[need.metric].version for other in plan.found.values() if need.metric in other.definitions
    ]
    mine = run.definitions[need.metric].version if need.metric in run.definitions else None
    if mine is None or mine == max(versions):
        return run
    reason = f"{run.folder}: version {mine} of {need.metric}, others have {max(versions)}; evaluate it again"
    return run.without_numbers(FAILED, reason)


def _factor(need: Need) -> float:
    """Convert from the metric's unit into the published one."""
    percent = need.published["unit"] == "percent" and metrics.entry(need.metric).unit != "%"
    return 100.0 if percent else 1.0


def _step(need: Need, steps: list[dict[str, Any]]) -> Measurement:
    """Take a value from the training-step benchmark: of the first setting that has all losses that it needs."""
    asked = need.benchmark
    quantity, wanted = asked.get("quantity", "seconds"), asked["setting"]
    settings = wanted if isinstance(wanted, list) else [wanted]
    losses = [asked.get("loss", need.loss), *([asked["minus"]] if "minus" in asked else [])]
    for setting in settings:
        found = [_entry(steps, setting, loss, quantity) for loss in losses]
        entries = [entry for entry in found if entry is not None]
        if len(entries) < len(losses):
            continue
        devices = [str(entry.get("device", "")) for entry in entries]
        if len(set(devices)) > 1:
            return Measurement(BROKEN, f"{' and '.join(losses)} were timed on different devices: {', '.join(devices)}")
        values = [float(entry[quantity]) for entry in entries]
        # measured in turns with the loss, where the benchmark did so, and not minutes apart
        others = [float(entries[0].get(f"{quantity}_{asked['minus']}", values[1]))] if "minus" in asked else []
        total = (values[0] - sum(others)) * asked.get("factor", 1)
        share = entries[0].get("share", 1)
        smaller = f"{share:g} of each side" if share != 1 else ""
        note = ", ".join(filter(None, (f"{STEP}{setting}", smaller, devices[0])))
        return Measurement(MEASURED, note, mean=total)
    where = " or ".join(map(str, settings))
    return Measurement(ABSENT, f"the training-step benchmark has no {quantity} of {' and '.join(losses)} in {where}")


def _entry(steps: list[dict[str, Any]], setting: str, loss: str, quantity: str) -> dict[str, Any] | None:
    """Return the benchmark's entry of a loss that has the quantity."""
    of_loss = [step for step in steps if (step.get("setting"), step.get("loss")) == (setting, loss)]
    return next((step for step in of_loss if isinstance(step.get(quantity), int | float)), None)


def _count(need: Need, numbers: Mapping[str, Any]) -> Measurement:
    """Take a network's number of parameters."""
    if need.count not in numbers:
        return Measurement(ABSENT, f"no parameter count of {need.count}")
    return Measurement(MEASURED, mean=float(numbers[need.count]) * _UNITS.get(need.published["unit"], 1.0))


def _tests(table: Table, needs: Sequence[Need], found: Sequence[Measurement]) -> list[float]:
    """Test each row against the baseline of its column, and adjust over the table."""
    is_baseline = [bool(table.baseline) and matches(need.published, table.baseline) for need in needs]
    pairs = zip(is_baseline, needs, found, strict=True)
    baselines = {_beside(table, need): measured for is_one, need, measured in pairs if is_one}
    return statistics.holm(
        [
            math.nan if is_one else _p(measured, baselines.get(_beside(table, need)))
            for is_one, need, measured in zip(is_baseline, needs, found, strict=True)
        ]
    )


def _p(measured: Measurement, baseline: Measurement | None) -> float:
    """Compare two cells case by case; NaN where one of them is not there."""
    if baseline is None or measured.values.empty or baseline.values.empty:
        return math.nan
    differences = (measured.values - baseline.values).dropna().to_numpy()
    return float(statistics.paired_permutation(differences)) if len(differences) > 1 else math.nan


def _best(table: Table, needs: Sequence[Need], found: Sequence[Measurement]) -> list[bool]:
    """Mark the best measured value among those that compete: same column, same `within`."""
    rivals: dict[tuple[str, ...], list[float]] = {}
    for need, measured in zip(needs, found, strict=True):
        if math.isfinite(measured.mean):
            rivals.setdefault(_beside(table, need), []).append(measured.mean)
    marks = []
    for need, measured in zip(needs, found, strict=True):
        values, direction = rivals.get(_beside(table, need), []), need.published["direction"]
        best = {"up": max, "down": min}.get(direction)
        marks.append(best is not None and len(values) > 1 and measured.mean == best(values))
    return marks


def _beside(table: Table, need: Need) -> tuple[str, ...]:
    """Return what two cells share that compete with each other."""
    return (need.column, *(str(need.published[name]) for name in table.within))


def _json(path: str | Path, kind: type) -> Any:
    """Read a JSON file; empty where there is none."""
    if not str(path) or not Path(path).is_file():
        return kind()
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not readable as JSON ({error})") from error
    if type(content) is not kind:
        raise ValueError(f"{path} must hold a {kind.__name__}, got {type(content).__name__}")
    return content
