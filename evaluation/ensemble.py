"""The ensemble of a run's folds on a common test set: the majority vote of their predictions, measured once and stored.

ContextLoss predicts with the mean of five networks' probabilities; runs store class indices, so here each network has
one vote, which is this project's substitute.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import metrics
from data_prep import Prepared
from evaluation.postprocess import keep_touching
from runs import measured
from runs.lock import alone
from runs.predictions import predicted_cases, read_prediction
from runs.results import RunResult

COLUMNS = ("case", "metric", "postprocessed", "value")


def measure(runs: Sequence[RunResult], starts: Sequence[Path], elsewhere: Mapping[str, Mapping[str, Any]]) -> Path:
    """Measure the ensemble of several runs, unless that of exactly these runs has been measured.

    Args:
        runs: evaluated runs that differ by their fold only.
        starts: folders of their pretraining runs, with whose ensemble the post-processing compares; none: no
            post-processing.
        elsewhere: metrics measured on patches: slug to the options of `metrics.evaluate`.

    Returns:
        Path of its metrics.csv: value by case, metric and post-processing.
    """
    folder, mark = measured.ensemble_folder(runs), measured.ensemble_mark(runs, starts, elsewhere)
    with alone(folder):
        if measured.read_measured(folder, mark) is None:
            rows = _rows(runs, starts, measured.common_metrics(runs), elsewhere)
            measured.write_measured(folder, COLUMNS, rows, mark)
    return folder / measured.METRICS


def vote(predictions: Sequence[npt.NDArray[np.integer]]) -> npt.NDArray[np.integer]:
    """Return the class that most networks chose at each pixel; with equal votes the lowest, so background first.

    Args:
        predictions: class indices of each network, all of one shape.

    Returns:
        Class indices, same shape and type.
    """
    classes = sorted(set().union(*(np.unique(each).tolist() for each in predictions)))
    counts = np.stack([sum((each == index).astype(np.int16) for each in predictions) for index in classes])
    return np.asarray(classes, predictions[0].dtype)[counts.argmax(axis=0)]


def _rows(
    runs: Sequence[RunResult],
    starts: Sequence[Path],
    names: Sequence[str],
    elsewhere: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    data = Prepared(runs[0].record.data.folder, verify=False)
    folders = [run.folder for run in runs]
    cases = [case for case in predicted_cases(folders[0]) if data.has_label(case)]
    options = {name: runs[0].options.get(name) for name in ("adjacency", "num_classes")}
    rows = []
    for case in cases:
        versions = [vote([read_prediction(folder, case, data.dims) for folder in folders])]
        if starts:
            pretrained = vote([read_prediction(folder, case, data.dims) for folder in starts])
            versions.append(keep_touching(versions[0], pretrained))
        for flag, prediction in enumerate(versions):
            values: dict[str, float] = {}
            for place in [{}, *_places(names, elsewhere)]:
                here = [name for name in names if dict(elsewhere.get(name, {})) == place]
                given = {**options, **place, "spacing": data.spacing(case)}
                if (ignored := data.ignored(case, field_of_view=runs[0].options.get("fov", True))) is not None:
                    given["valid"] = ~ignored
                values |= metrics.evaluate(prediction, data.label(case), here, **given) if here else {}
            rows += [dict(zip(COLUMNS, (case, name, flag, values[name]), strict=True)) for name in names]
    return rows


def _places(names: Sequence[str], elsewhere: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the different places where metrics are measured."""
    found: list[dict[str, Any]] = []
    for name in names:
        place = dict(elsewhere.get(name, {}))
        if place and place not in found:
            found.append(place)
    return found
