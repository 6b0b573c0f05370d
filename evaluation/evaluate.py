"""Metrics of a run's predictions, without and with post-processing. Imports neither torch nor MONAI.

Predictions are stored, so a new metric needs no training: evaluating again replaces metrics.csv and evaluation.json.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from evaluation.postprocess import keep_touching
from runs import predictions, sources
from runs.belonging import digest
from runs.card import DataCard
from runs.evaluation import EvaluationRecord, MetricDefinition, PretrainingUsed, Request, write_evaluation
from runs.lock import alone
from runs.paths import Run, plain
from runs.record import COMPLETED, RunRecord, read_record
from topology.components import resolve_adjacency

if TYPE_CHECKING:
    from data_prep import Prepared

# the options of `metrics.evaluate` for a metric
Options = dict[str, Any]


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
        pretrain_folder: the run that it started from; if given, every metric is computed twice, before (`postprocessed`
            0) and after (1) ContextLoss's post-processing.
        metric_names: slugs; None: all that are defined in the data's dimensions. Those defined only in the other
            dimension are left out.
        adjacency: of the foreground, 4 or 8 in 2D, 6 or 26 in 3D (in an experiment with both, 4 means 6 in 3D and 8
            means 26); None: as in the dataset's card, else 8 or 26.
        data_folder: the prepared dataset, if it has moved since the run.
        progress: show a progress bar where the output is a terminal.
        elsewhere: metrics measured in other regions than the rest, as papers do: slug to its own `region` options.
        fov: measure only inside the field of view, if the dataset has one. Pixels with the ignore label never count.
        **region: where to measure, as `metrics.evaluate` takes it: region ("whole", "sliding", "random"), patch,
            stride, number, seed. Default: whole images.

    Returns:
        Path of metrics.csv, which has one row for each case, metric and post-processing, sorted.

    Raises:
        FileNotFoundError: run, predictions or data are missing.
        ValueError: a run is not finished, the data are not those of the run, no case has a ground truth, or the
            adjacency is invalid.
    """
    run_folder = Path(run_folder)
    _finished(run_folder)
    asked = Request(list(metric_names or []), adjacency or 0, plain(elsewhere or {}), plain(region), fov)
    with alone(run_folder):
        record = _finished(run_folder)
        pretrain = _matching(Path(pretrain_folder), record) if pretrain_folder else None
        _refuse_damaged(run_folder, record)
        if pretrain_folder and pretrain:
            _refuse_damaged(Path(pretrain_folder), pretrain)
        data = _open(record, data_folder)
        options: Options = {
            "adjacency": _adjacency(adjacency, data), "num_classes": len(data.classes), "region": "whole", **region
        }  # fmt: skip
        places = _places(_metric_names(metric_names, data.dims), options, elsewhere or {})
        predicted = list(predictions.predicted_cases(run_folder))
        cases = [case for case in predicted if data.has_label(case)]
        if not cases:
            raise ValueError(f"none of the {len(predicted)} predicted cases of {run_folder} has a ground truth")
        rows = []
        for case in tqdm(cases, unit="case", desc="evaluation", disable=None if progress else True):
            for postprocessed, version in enumerate(_versions(case, run_folder, pretrain_folder, data)):
                rows += _rows(case, version, data, places, postprocessed, fov)
        if data.has_fields_of_view:
            options = {**options, "fov": fov}
        without_label = sorted(set(predicted) - set(cases))
        described = _describe(places, options, record, pretrain, without_label, data)
        return write_evaluation(run_folder, rows, replace(described, asked=asked))


def sources_of_numbers() -> str:
    """Hash the code that determines the numbers: all metrics, and the post-processing."""
    return sources.digest([*sources.modules_of("metrics"), "evaluation.postprocess"])


def _versions(case: str, folder: Path, pretrain: str | Path | None, data: "Prepared") -> list[np.ndarray]:
    """Return a prediction unchanged and, if there is a pretraining to compare with, after post-processing."""
    prediction = predictions.read_prediction(folder, case, data.dims)
    if pretrain is None:
        return [prediction]
    return [prediction, keep_touching(prediction, predictions.read_prediction(pretrain, case, data.dims))]


def _rows(
    case: str, prediction: np.ndarray, data: "Prepared", places: dict[str, Options], postprocessed: int, fov: bool
) -> list[dict[str, Any]]:
    import metrics

    target = data.label(case)
    if prediction.shape != target.shape:
        raise ValueError(f"the prediction of {case!r} has size {prediction.shape}, the ground truth {target.shape}")
    ignored = data.ignored(case, field_of_view=fov)
    counted: dict[str, Any] = {} if ignored is None else {"valid": ~ignored}
    inside = ", inside the field of view" if fov and data.field_of_view(case) is not None else ""
    places = {name: options | {"spacing": data.spacing(case)} for name, options in places.items()}
    found: dict[str, metrics.Measured] = {}
    for name, options in places.items():
        if name not in found:  # metrics of the same region share intermediate results
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


def _places(names: list[str], options: Options, elsewhere: Mapping[str, Mapping[str, Any]]) -> dict[str, Options]:
    """Return for each metric the options of the region where it is measured."""
    common = {name: options[name] for name in ("adjacency", "num_classes")}
    return {name: common | dict(elsewhere[name]) if name in elsewhere else options for name in names}


def _finished(folder: Path) -> RunRecord:
    record = read_record(folder)
    if record.exit_cause != COMPLETED:
        raise ValueError(f"the run in {folder} is not finished ({record.exit_cause}); run its training again")
    return record


def _refuse_damaged(folder: Path, record: RunRecord) -> None:
    problems = predictions.damages(folder, record.predictions)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ValueError(f"{problems[0]}{more}; run the training in {folder} again, it only predicts")


def _matching(folder: Path, record: RunRecord) -> RunRecord:
    """Return the pretraining run's record; its data must be the same."""
    pretrain = _finished(folder)
    if (pretrain.data.name, pretrain.data.checksum) != (record.data.name, record.data.checksum):
        raise ValueError(f"the pretraining run in {folder} is of other data than this run: run it again")
    return pretrain


def _open(record: RunRecord, folder: str | Path | None) -> "Prepared":
    from data_prep import Prepared

    folder = Path(folder or record.data.folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"the run's dataset is not at {folder}; give `data_folder` if it has moved")
    data = Prepared(folder)
    if data.checksum != record.data.checksum:
        raise ValueError(f"the dataset in {folder} has changed since the run; run the training again")
    return data


def _adjacency(given: int | None, data: "Prepared") -> int:
    return resolve_adjacency(given or data.card.adjacency, data.dims)


def _metric_names(given: Sequence[str] | None, dims: int) -> list[str]:
    import metrics

    return [name for name in (given or metrics.names()) if dims in metrics.entry(name).dims]


def _describe(
    places: dict[str, Options],
    options: Options,
    record: RunRecord,
    pretrain: RunRecord | None,
    without_label: list[str],
    data: "Prepared",
) -> EvaluationRecord:
    """Return the record that describes the numbers of metrics.csv."""
    import metrics

    entries = {name: metrics.entry(name) for name in places}
    return EvaluationRecord(
        metrics={
            name: MetricDefinition(each.title, each.unit, each.higher_is_better, each.version)
            for name, each in entries.items()
        },
        options=options,
        elsewhere={name: metrics.describe_region(**place) for name, place in places.items() if place != options},
        run_hash=record.hash,
        pretrain=PretrainingUsed(_run_of(pretrain), pretrain.hash, digest(pretrain)) if pretrain else None,
        without_ground_truth=without_label,
        # for readers on another machine, without the dataset
        data=DataCard(
            {name: list(cases) for name, cases in data.card.groups.items()}, data.card.partial, dict(data.card.options)
        ),
        sources=sources_of_numbers(),
        predictions=digest(record),
    )


def _run_of(record: RunRecord) -> Run:
    assert record.run is not None  # a record that has been read has one
    return record.run
