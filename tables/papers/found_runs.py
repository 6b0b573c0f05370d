"""The state of a planned run: its files, or why they do not count."""

import dataclasses
from pathlib import Path

import pandas as pd

from runs.results import DONE, FAILED, RunResult, check, read_run
from tables.papers.planned_runs import PlannedRun, job


def find_run(folder: Path, planned: PlannedRun, results: Path, others: dict[Path, RunResult]) -> RunResult:
    """Return the content of a run's folder; a broken run, or one other than planned, counts as failed.

    Args:
        folder: the run's folder.
        planned: the planned run.
        results: folder that holds the experiments.
        others: runs that were read before, among them the pretraining that it starts from.

    Returns:
        The run, without numbers if they are not those of the planned run.
    """
    try:
        found = read_run(folder)
    except (ValueError, KeyError, OSError) as error:
        return RunResult(folder, planned.run, planned.run.loss, FAILED, f"{folder}: {error}")
    if found.state == DONE and (problem := _broken(found.metrics)):
        reason = f"{folder / 'metrics.csv'} {problem}: evaluate the run again"
        return dataclasses.replace(found, state=FAILED, reason=reason)
    return check(found, job(planned, results), "", others, results)


def _broken(metrics: pd.DataFrame) -> str:
    """Return what a truncated or edited metrics.csv lacks; "" if it is complete."""
    keys = ["case", "metric", "postprocessed"]
    missing = [name for name in (*keys, "value") if name not in metrics.columns]
    if missing:
        return f"lacks the columns {', '.join(missing)}"
    if metrics.empty or metrics[keys].isna().any(axis=None) or not pd.api.types.is_numeric_dtype(metrics["value"]):
        return "is cut off, or holds something that is no number"
    counts = metrics.groupby(["metric", "postprocessed"])["case"].nunique()
    return "" if counts.nunique() == 1 else "has more cases of one metric than of another"
