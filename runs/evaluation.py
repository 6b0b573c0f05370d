"""metrics.csv and evaluation.json: the numbers of a run, and their description."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runs import files
from runs.card import DataCard
from runs.numbers import CutError, Numbers
from runs.paths import Run
from runs.schema import from_json

METRICS, NAME = "metrics.csv", "evaluation.json"
COLUMNS = ("case", "metric", "version", "postprocessed", "adjacency", "region", "value", "reason")


@dataclass(frozen=True)
class MetricDefinition:
    """A metric as it was measured: printed name, unit, direction (None: neither is better) and version."""

    title: str
    unit: str | None = ""
    higher_is_better: bool | None = None
    version: int = 1


@dataclass(frozen=True)
class PretrainingUsed:
    """The pretraining whose components the post-processing kept: run, hash, and digest of its predictions."""

    run: Run
    hash: str = ""
    predictions: str = ""


@dataclass(frozen=True)
class Request:
    """What was to be measured, in the parameters of notebooks/evaluate.ipynb.

    Args:
        metrics: slugs; empty: all.
        adjacency: of the foreground; 0: as in the dataset's card.
        elsewhere: metrics measured in other regions: slug to its region's options.
        region: options of the region of all others; empty for whole images.
        fov: inside the field of view only, if the dataset has one.
    """

    metrics: list[str] = field(default_factory=list)
    adjacency: int = 0
    elsewhere: dict[str, Any] = field(default_factory=dict)
    region: dict[str, Any] = field(default_factory=dict)
    fov: bool = True


@dataclass(frozen=True)
class EvaluationRecord:
    """The content of evaluation.json.

    Args:
        metrics: slug to definition.
        options: how most metrics were measured: adjacency, classes, region, and `fov` if the data have fields of view.
        elsewhere: slug to the region in words, of metrics measured in other regions.
        run_hash: of the run that was evaluated.
        pretrain: the pretraining whose components post-processing kept; None: no post-processing.
        without_ground_truth: predicted cases that could not be measured.
        data: groups of the test set, and whether files are missing; for readers without the dataset.
        asked: what was to be measured; missing in files of older versions, like the following.
        sources: hash of the source files that determine the numbers.
        predictions: digest of the predictions that were measured.
        metrics_sha256: of metrics.csv.
        cases: the measured cases.
    """

    metrics: dict[str, MetricDefinition] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    run_hash: str = ""
    pretrain: PretrainingUsed | None = None
    without_ground_truth: list[str] = field(default_factory=list)
    data: DataCard | None = None
    asked: Request | None = None
    sources: str = ""
    predictions: str = ""
    metrics_sha256: str = ""
    cases: list[str] = field(default_factory=list)


def write_evaluation(folder: str | Path, rows: Sequence[Mapping[str, Any]], record: EvaluationRecord) -> Path:
    """Write metrics.csv, then evaluation.json with its checksum, so that the second never describes other numbers.

    Args:
        folder: the run's folder.
        rows: with the columns `COLUMNS`.
        record: their description; checksum and cases are filled in.

    Returns:
        Path of metrics.csv.
    """
    path = files.write_csv(Path(folder) / METRICS, COLUMNS, rows)
    content = asdict(record)
    content["metrics_sha256"] = files.sha256(path)
    content["cases"] = list(dict.fromkeys(row["case"] for row in rows))
    files.write_json(Path(folder) / NAME, content)
    return path


def clear_evaluation(folder: str | Path) -> None:
    """Delete metrics.csv and evaluation.json, whose predictions no longer exist."""
    for name in (NAME, METRICS):
        (Path(folder) / name).unlink(missing_ok=True)


def read_evaluation(folder: str | Path) -> EvaluationRecord | None:
    """Read a run's evaluation.json.

    Args:
        folder: the run's folder.

    Returns:
        The record; None if there is none, or no metrics.csv beside it.

    Raises:
        ValueError: it is unreadable.
    """
    path = Path(folder) / NAME
    if not path.is_file() or not (Path(folder) / METRICS).is_file():
        return None
    return from_json(EvaluationRecord, files.read_json(path), str(path))


def options_of(folder: str | Path) -> Mapping[str, Any]:
    """Return how a run was evaluated; empty if it has not been."""
    found = read_evaluation(folder)
    return found.options if found else {}


def read_metrics(folder: str | Path, record: EvaluationRecord) -> tuple[Numbers, list[str]]:
    """Read the whole metrics.csv, and report which values are missing without a reason.

    Args:
        folder: the run's folder.
        record: its evaluation.json.

    Returns:
        The numbers, and remarks.

    Raises:
        ValueError: it is unreadable, truncated, or not the file that evaluation.json describes.
    """
    path = Path(folder) / METRICS
    try:
        numbers = Numbers.parse(path.read_bytes())
    except CutError as error:
        raise ValueError(f"{path} is truncated: {evaluate_again(folder)} ({error})") from error
    except ValueError as error:
        raise ValueError(f"{path} cannot be read ({error}): {evaluate_again(folder)}") from error
    missing = set(record.cases) - set(numbers.cases)
    if missing:
        lacking = ", ".join(sorted(missing))
        raise ValueError(f"{path} is truncated: {evaluate_again(folder)} (it lacks {lacking})")
    if record.metrics_sha256 and numbers.sha256 != record.metrics_sha256:
        raise ValueError(f"{path} is not the file that {NAME} describes: {evaluate_again(folder)}")
    bare = numbers.without_reason()
    slugs = ", ".join(sorted(bare))
    return numbers, [f"{path}: {sum(bare.values())} values are missing without a reason ({slugs})"] if bare else []


def evaluate_again(folder: str | Path) -> str:
    """Return the command that evaluates a run again."""
    return f"papermill notebooks/evaluate.ipynb {folder}/evaluate.ipynb -p run {folder}"
