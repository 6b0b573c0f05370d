"""What has become of a planned run: its files, or why they do not answer for it."""

import dataclasses
from pathlib import Path

import pandas as pd

from runs.results import DONE, FAILED, MISSING, RunResult, read_run
from tables.papers import nnunet
from tables.papers.planned_runs import PlannedRun

# what a training has anew wherever it runs
_MACHINE = ("data", "results", "init_from", "checkpoint_every", "threads", "device", "smoke")


def find_run(folder: Path, planned: PlannedRun) -> RunResult:
    """Return what a run's folder holds; a broken run, or another one than was planned, counts as failed."""
    try:
        found = read_run(folder)
    except (ValueError, KeyError, OSError) as error:
        return RunResult(folder, planned.run, planned.run.loss, FAILED, f"{folder}: {error}")
    if found.state == DONE and (problem := _broken(found.metrics)):
        reason = f"{folder / 'metrics.csv'} {problem}: evaluate the run again"
        return dataclasses.replace(found, state=FAILED, reason=reason)
    used = found.record.get("parameters", {})
    differing = [
        name
        for name, value in planned.parameters.items()
        if name in used and name not in _MACHINE and used[name] != value
    ]
    if found.state != MISSING and nnunet.trains(used) != nnunet.trains(planned.parameters):
        differing.append("engine")
    if found.state == MISSING or not differing:
        return found
    reason = f"{folder} was made with other parameters ({', '.join(differing)}): delete it, or run it again"
    return dataclasses.replace(found, state=FAILED, reason=reason)


def _broken(metrics: pd.DataFrame) -> str:
    """Return what a metrics.csv lacks that was cut off or edited; "" where it is whole."""
    keys = ["case", "metric", "postprocessed"]
    missing = [name for name in (*keys, "value") if name not in metrics.columns]
    if missing:
        return f"lacks the columns {', '.join(missing)}"
    if metrics.empty or metrics[keys].isna().any(axis=None) or not pd.api.types.is_numeric_dtype(metrics["value"]):
        return "is cut off, or holds something that is no number"
    counts = metrics.groupby(["metric", "postprocessed"])["case"].nunique()
    return "" if counts.nunique() == 1 else "has more cases of one metric than of another"
