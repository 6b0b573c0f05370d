"""Betti errors of a run with both adjacencies of the foreground, measured again on its predictions."""

from pathlib import Path
from typing import Any

import metrics
from evaluation import cases
from runs import measured
from runs.lock import alone

ERRORS = ("betti0_error", "betti1_error")
ADJACENCIES = {2: (8, 4), 3: (26, 6)}
MOST = 20  # number of cases that are measured, the first by name
COLUMNS = ("case", "metric", "version", "adjacency", "value")


def measure(folder: str | Path) -> Path:
    """Measure a run with both adjacencies, unless that has been done.

    Args:
        folder: the run's folder.

    Returns:
        Path of its metrics.csv: value by case, metric and adjacency, without post-processing.
    """
    place, mark = Path(folder) / measured.ADJACENCY, measured.mark_of(folder)
    with alone(place):
        if measured.read_measured(place, mark) is None:
            measured.write_measured(place, COLUMNS, _rows(folder), mark)
    return place / measured.METRICS


def _rows(folder: str | Path) -> list[dict[str, Any]]:
    loaded = [cases.load(folder, case) for case in cases.with_truth(folder)[:MOST]]
    rows = []
    for adjacency in ADJACENCIES[loaded[0].truth.ndim] if loaded else ():
        for case in loaded:
            values = metrics.evaluate(case.prediction, case.truth, ERRORS, adjacency=adjacency)
            rows += [
                dict(zip(COLUMNS, (case.name, slug, metrics.entry(slug).version, adjacency, values[slug]), strict=True))
                for slug in ERRORS
            ]
    return rows
