"""Reading the numbers to be audited, and the files beside them."""

from pathlib import Path

import numpy as np
import pandas as pd

import metrics
from tables.audits import metric_names
from tables.audits.findings import Context

COLUMNS = (
    "paper", "table", "dataset", "network", "method", "method_in_paper", "parameter", "parameter_value", "setting",
    "metric", "unit", "direction", "value", "best",
)  # fmt: skip
_NEEDED = ("table", "dataset", "method", "metric", "value")


def read(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read a CSV of numbers.

    Args:
        path: the file.

    Returns:
        The numbers, without dashes and empty values: their printed form in the column `printed`, the suite's metric in
        `slug`, "" if it has none. And what cannot be read or checked: a value that is not a number, with its line, and
        an unknown metric.

    Raises:
        ValueError: unreadable as CSV, or a column is missing.
        OSError: no such file.
    """
    frame = _with_all_columns(path)
    lines = _line_numbers(path)
    numeric = pd.to_numeric(frame["value"].replace(("", "-", "–"), "nan"), errors="coerce")
    empty = frame["value"].isin(("", "-", "–", "nan"))
    problems = [
        f"{path}, line {lines[row]}: {frame['value'][row]!r} is no number"
        for row in frame.index[~np.isfinite(numeric) & ~empty]
    ]
    problems += [f"{path}: {said}" for name in frame["metric"].unique() if (said := metric_names.remark(name))]
    frame["best"] = (frame["best"] == "1").astype(int)
    frame["slug"] = frame["metric"].map(metric_names.slug_of)
    frame["direction"] = [given or _direction(s) for given, s in zip(frame["direction"], frame["slug"], strict=True)]
    return frame[np.isfinite(numeric)].rename(columns={"value": "printed"}).reset_index(drop=True), problems


def context_beside(folder: Path) -> Context:
    """Return the content of samples.csv and statements.csv beside a file, where they exist."""
    found = {}
    for name in ("samples", "statements"):
        path = folder / f"{name}.csv"
        found[name] = pd.read_csv(path, dtype={"printed": str}) if path.is_file() else pd.DataFrame()
    samples = found["samples"].dropna(subset=["dataset", "metric"]) if len(found["samples"]) else found["samples"]
    return Context(samples, found["statements"])


def _with_all_columns(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, comment="#")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read as CSV ({' '.join(str(error).split())})") from error
    missing = [name for name in _NEEDED if name not in frame]
    if missing:
        raise ValueError(f"{path}: lacks the columns {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    for name in COLUMNS:
        if name not in frame:
            frame[name] = path.stem if name == "paper" else ""
    return frame


def _line_numbers(path: Path) -> list[int]:
    """Return the line of each row; comments and empty lines have none, and the first holds the columns' names."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")][1:]


def _direction(slug: str) -> str:
    """Return the better direction of a metric, "up" or "down"; "" if it is unknown."""
    higher_is_better = metrics.entry(slug).higher_is_better if slug else None
    return {True: "up", False: "down", None: ""}[higher_is_better]
