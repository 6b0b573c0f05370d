"""Metrics of a run's predictions, as they are and after post-processing. Imports neither torch nor MONAI.

Predictions are kept, so that a new metric needs no training: evaluating again replaces metrics.csv and evaluation.json.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from evaluation.postprocess import keep_touching
from runs import files
from runs.record import read_record
from topology.components import resolve_adjacency
from training import inference

if TYPE_CHECKING:
    from data_prep import Prepared

METRICS = "metrics.csv"
EVALUATION = "evaluation.json"
COLUMNS = ("case", "metric", "version", "postprocessed", "adjacency", "region", "value", "reason")


def evaluate_run(
    run_folder: str | Path,
    pretrain_folder: str | Path | None = None,
    metric_names: Sequence[str] | None = None,
    adjacency: int | None = None,
    data_folder: str | Path | None = None,
    progress: bool = True,
    elsewhere: Mapping[str, Mapping[str, Any]] | None = None,
    fov: bool = True,
    **region: Any,
) -> Path:
    """Evaluate a finished run; write metrics.csv and evaluation.json.

    Args:
        run_folder: the run.
        pretrain_folder: the run that it started from; with it every metric is computed twice, before (`postprocessed`
            0) and after (1) ContextLoss's post-processing.
        metric_names: slugs; None: all that are defined in the data's dimensions. Those defined only in the other
            dimension are left out.
        adjacency: of the foreground, 4 or 8 in 2D, 6 or 26 in 3D (of an experiment with both, 4 means 6 in 3D and 8
            means 26); None: what the dataset's card says, else 8 or 26.
        data_folder: the prepared dataset, where it is no longer where the run found it.
        progress: show a progress bar where the output is a terminal.
        elsewhere: metrics measured somewhere else than the others, as papers do: slug to its own `region` options.
        fov: measure inside the field of view alone, where the dataset has it. Pixels with the ignore label never count.
        **region: where to measure, as `metrics.evaluate` takes it: region ("whole", "sliding", "random"), patch,
            stride, number, seed. Default: whole images.

    Returns:
        Path of metrics.csv, which has one row for each case, metric and post-processing, sorted.

    Raises:
        FileNotFoundError: when run, predictions or data are missing.
        ValueError: when a run is not finished, the data are not those of the run, no case has a ground truth, or the
            adjacency is another number.
    """
    run_folder = Path(run_folder)
    record = _finished(run_folder)
    pretrain = _matching(Path(pretrain_folder), record) if pretrain_folder else None
    data = _open(record, data_folder)
    options = {"adjacency": _adjacency(adjacency, data), "num_classes": len(data.classes), "region": "whole", **region}
    names = _metric_names(metric_names, data.dims)
    places = _places(names, options, elsewhere or {})
    predicted = list(inference.predicted_cases(run_folder))
    cases = [case for case in predicted if data.has_label(case)]
    if not cases:
        raise ValueError(f"none of the {len(predicted)} predicted cases of {run_folder} has a ground truth")
    rows = []
    for case in tqdm(cases, unit="case", desc="evaluation", disable=None if progress else True):
        prediction = inference.read_prediction(run_folder, case, data.dims)
        versions = [prediction]
        if pretrain:
            pretrained = inference.read_prediction(Path(pretrain_folder), case, data.dims)
            versions.append(keep_touching(prediction, pretrained))
        for postprocessed, version in enumerate(versions):
            rows += _rows(case, version, data, places, postprocessed, fov)
    if data.has_ignored:
        options = {**options, "fov": fov}
    definitions = _definitions(places, options, record, pretrain, sorted(set(predicted) - set(cases)))
    # for readers on another machine, where the dataset is not
    definitions["data"] = {"groups": data.card.groups, "partial": data.card.partial}
    files.write_json(run_folder / EVALUATION, definitions)
    return files.write_csv(run_folder / METRICS, COLUMNS, rows)


def _rows(
    case: str,
    prediction: np.ndarray,
    data: "Prepared",
    places: dict[str, dict[str, Any]],
    postprocessed: int,
    fov: bool,
) -> list[dict[str, Any]]:
    import metrics

    target = data.label(case)
    if prediction.shape != target.shape:
        raise ValueError(f"the prediction of {case!r} has size {prediction.shape}, the ground truth {target.shape}")
    ignored = data.ignored(case, field_of_view=fov)
    counted = {} if ignored is None else {"valid": ~ignored}
    inside = ", inside the field of view" if fov and data.field_of_view(case) is not None else ""
    places = {name: options | {"spacing": data.spacing(case)} for name, options in places.items()}
    found: dict[str, metrics.Measured] = {}
    for name, options in places.items():
        if name not in found:  # those measured at the same place share what they compute there
            here = [each for each in places if places[each] == options]
            found |= dict.fromkeys(here, metrics.measure(prediction, target, here, **options, **counted))
    return [
        {
            "case": case,
            "metric": name,
            "version": metrics.entry(name).version,
            "postprocessed": postprocessed,
            "adjacency": options["adjacency"],
            "region": metrics.describe_region(**options) + inside,
            "value": found[name].mean(name),
            "reason": found[name].reason(name),
        }
        for name, options in places.items()
    ]


def _places(
    names: list[str], options: dict[str, Any], elsewhere: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Give each metric the options of the place where it is measured."""
    common = {name: options[name] for name in ("adjacency", "num_classes")}
    return {name: common | dict(elsewhere[name]) if name in elsewhere else options for name in names}


def _finished(folder: Path) -> dict[str, Any]:
    record = read_record(folder)
    if record.get("exit_cause") != "completed":
        raise ValueError(f"the run in {folder} is not finished ({record.get('exit_cause')}); run its training again")
    return record


def _matching(folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Return the pretraining run's record, if that run has seen the same data."""
    pretrain = _finished(folder)
    for name in ("name", "checksum"):
        if pretrain["data"][name] != record["data"][name]:
            raise ValueError(f"the pretraining run in {folder} is of other data than this run: run it again")
    return pretrain


def _open(record: dict[str, Any], folder: str | Path | None) -> "Prepared":
    from data_prep import Prepared

    folder = Path(folder or record["data"]["folder"])
    if not folder.is_dir():
        raise FileNotFoundError(f"the run's dataset is not at {folder}; give `data_folder` if it has moved")
    data = Prepared(folder)
    if data.checksum != record["data"]["checksum"]:
        raise ValueError(f"the dataset in {folder} has changed since the run; run the training again")
    return data


def _adjacency(given: int | None, data: "Prepared") -> int:
    return resolve_adjacency(given or data.card.adjacency, data.dims)


def _metric_names(given: Sequence[str] | None, dims: int) -> list[str]:
    import metrics

    return [name for name in (given or metrics.names()) if dims in metrics.entry(name).dims]


def _definitions(
    places: dict[str, dict[str, Any]],
    options: dict[str, Any],
    record: dict[str, Any],
    pretrain: dict[str, Any] | None,
    without_label: list[str],
) -> dict[str, Any]:
    """Return what evaluation.json holds: how the numbers of metrics.csv are to be read."""
    import metrics

    fields = ("title", "unit", "higher_is_better", "version")
    return {
        "metrics": {name: {field: getattr(metrics.entry(name), field) for field in fields} for name in places},
        "options": options,
        "elsewhere": {name: metrics.describe_region(**place) for name, place in places.items() if place != options},
        "run_hash": record["hash"],
        "pretrain": pretrain and {"run": pretrain["run"], "hash": pretrain["hash"]},
        "without_ground_truth": without_label,
    }
