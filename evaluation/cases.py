"""Cases of a run, loaded for pictures, and the choice of which to show."""

from pathlib import Path

import numpy as np
import pandas as pd

from data_prep import Prepared
from pictures.errors import Case
from runs.evaluation import options_of
from runs.predictions import predicted_cases, read_prediction
from runs.record import read_record
from runs.results import DONE, Results, RunResult


def load(folder: str | Path, case: str) -> Case:
    """Load image, ground truth and prediction of a case.

    Args:
        folder: the run's folder.
        case: its name.

    Returns:
        The case.
    """
    data = _data(folder)
    truth, prediction = data.label(case), read_prediction(folder, case, data.dims)
    if (ignored := data.ignored(case, field_of_view=options_of(folder).get("fov", True))) is not None:
        truth, prediction = np.where(ignored, 0, truth), np.where(ignored, 0, prediction)
    return Case(case, data.image(case), truth, prediction)


def with_truth(folder: str | Path) -> list[str]:
    """Return the predicted cases that have a ground truth, sorted.

    Args:
        folder: the run's folder.

    Returns:
        Their names.
    """
    data = _data(folder)
    return sorted(case for case in predicted_cases(folder) if data.has_label(case))


def typical(metrics: pd.DataFrame, metric: str = "cldice", higher_is_better: bool = True) -> dict[str, str]:
    """Return the worst, the median and the best case by a metric.

    Args:
        metrics: a run's metrics.csv.
        metric: slug.
        higher_is_better: its direction.

    Returns:
        "worst", "median" and "best" with the case's name; fewer if there are fewer cases, none if all are undefined.
    """
    chosen = metrics[(metrics["metric"] == metric) & (metrics["postprocessed"].astype(int) == 0)]
    values = chosen.set_index("case")["value"].dropna().sort_values(ascending=higher_is_better, kind="stable")
    names = [str(name) for name in values.index]
    picks = {"worst": 0, "median": len(names) // 2, "best": len(names) - 1}
    found: dict[str, str] = {}
    for word, place in picks.items():
        if names and names[place] not in found.values():
            found[word] = names[place]
    return found


def of_all_losses(results: Results, dataset: str) -> tuple[str, list[tuple[str, Case | None]]]:
    """Load one case as every loss predicts it: the median case of the baseline, first fold and seed.

    Args:
        results: the runs.
        dataset: name of the dataset.

    Returns:
        Name of the case, and printed name of each loss with its case, None if there is no run.

    Raises:
        ValueError: no run on the dataset is finished.
    """
    runs = first_of_each(results.of(dataset))
    done = [result for result in runs if result.state == DONE]
    if not done:
        raise ValueError(f"no run on {dataset} is finished: there is nothing to show")
    name = typical(done[0].metrics).get("median") or str(done[0].metrics["case"].iloc[0])
    return name, [(result.label, load(result.folder, name) if result.state == DONE else None) for result in runs]


def _data(folder: str | Path) -> Prepared:
    """Open a run's dataset; the run has verified it."""
    return Prepared(read_record(folder).data.folder, verify=False)


def first_of_each(runs: list[RunResult]) -> list[RunResult]:
    """Return the first fold and seed of each loss with its parameters."""
    first: dict[tuple[str, str], RunResult] = {}
    for result in runs:
        first.setdefault(result.row, result)
    return list(first.values())
