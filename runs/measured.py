"""Further measurements of evaluated runs: ensembles of folds, closings, other adjacencies.

Each measurement has a folder with `metrics.csv` and `mark.json`, which records of which runs it was made; numbers of
other runs are never returned.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from runs import files
from runs.belonging import digest
from runs.evaluation import options_of
from runs.record import RunRecord, fingerprint, read_record
from runs.results import RunResult

METRICS, MARK = "metrics.csv", "mark.json"
CLOSING, ADJACENCY = "closing", "adjacency"  # folders of a run


def ensemble_folder(runs: Sequence[RunResult]) -> Path:
    """Return the folder of the ensemble of runs that differ by their fold."""
    return runs[0].folder.parent / f"ensemble-seed{runs[0].run.seed}"


def ensemble_mark(runs: Sequence[RunResult], starts: Sequence[Path], elsewhere: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the mark of an ensemble.

    Args:
        runs: evaluated runs that differ by their fold only.
        starts: folders of their pretraining runs; none: no post-processing.
        elsewhere: metrics measured on patches: slug to options.

    Returns:
        64 hexadecimal digits.
    """
    content: dict[str, Any] = {
        "runs": [run.record.hash for run in runs],
        "starts": [path.parts[-3:] for path in starts],
        "versions": {name: runs[0].definitions[name].version for name in common_metrics(runs)},
        "elsewhere": {name: dict(place) for name, place in elsewhere.items()},
        **_whole_images(runs[0].options),
    }
    predictions = [digest(run.record) for run in runs]
    return fingerprint(content | ({"predictions": predictions} if all(predictions) else {}))


def common_metrics(runs: Sequence[RunResult]) -> list[str]:
    """Return the metrics that all of the runs have, in their order."""
    return [name for name in runs[0].definitions if all(name in run.definitions for run in runs)]


def run_mark(record: RunRecord, options: Mapping[str, Any]) -> str:
    """Return the mark of a measurement of a single run.

    Args:
        record: the run.
        options: of its evaluation; the same field of view is measured.

    Returns:
        64 hexadecimal digits.
    """
    return fingerprint({"run": record.hash, "predictions": digest(record), **_whole_images(options)})


def mark_of(folder: str | Path) -> str:
    """Return `run_mark` of the run in a folder, by its files."""
    return run_mark(read_record(folder), options_of(folder))


def _whole_images(options: Mapping[str, Any]) -> dict[str, bool]:
    """Return what a mark says of images that were measured outside their field of view too: nothing for others."""
    return {} if options.get("fov", True) else {"fov": False}


def write_measured(folder: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], mark: str) -> Path:
    """Write a measurement, its mark last.

    Args:
        folder: of the measurement.
        columns: of the table.
        rows: with these columns.
        mark: of the runs of which it was made.

    Returns:
        Path of its metrics.csv.
    """
    (folder / MARK).unlink(missing_ok=True)
    path = files.write_csv(folder / METRICS, columns, rows)
    files.write_json(folder / MARK, mark)
    return path


def read_measured(folder: Path, mark: str) -> pd.DataFrame | None:
    """Read a measurement.

    Args:
        folder: of the measurement.
        mark: of the runs of which it must have been made.

    Returns:
        Its rows; None if there is none, or one of other runs.

    Raises:
        ValueError: it is unreadable, with its path.
    """
    path = folder / METRICS
    if not path.is_file() or not (folder / MARK).is_file() or files.read_json(folder / MARK) != mark:
        return None
    try:
        return pd.read_csv(path, dtype={"case": str})
    except ValueError as error:
        raise ValueError(f"{path} cannot be read ({error}); delete it and measure again") from error
