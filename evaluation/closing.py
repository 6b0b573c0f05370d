"""SCNP's comparison with post-processing: binary closings of a run's predictions (table E.3)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_closing

import metrics
from evaluation import cases
from runs import measured
from runs.lock import alone

KERNELS = (3, 5, 7)
COLUMNS = ("case", "metric", "version", "kernel", "value")


def measure(folder: str | Path, names: Sequence[str]) -> Path:
    """Measure a run after binary closings, unless that has been done with these metrics.

    Repeating a closing changes nothing, so a single one is the paper's "until nothing changes".

    Args:
        folder: the run's folder.
        names: slugs of the metrics.

    Returns:
        Path of its metrics.csv: value by case, metric and kernel of 3, 5 and 7 pixels.
    """
    place, mark = Path(folder) / measured.CLOSING, measured.mark_of(folder)
    with alone(place):
        known = measured.read_measured(place, mark)
        if known is None or set(names) - set(known["metric"]):
            measured.write_measured(place, COLUMNS, _rows(folder, names), mark)
    return place / measured.METRICS


def _rows(folder: str | Path, names: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for name in cases.with_truth(folder):
        case = cases.load(folder, name)
        for size in KERNELS:
            values = metrics.evaluate(closed(case.prediction, size), case.truth, list(names))
            rows += [
                dict(zip(COLUMNS, (name, slug, metrics.entry(slug).version, size, values[slug]), strict=True))
                for slug in names
            ]
    return rows


def closed(prediction: npt.NDArray[np.integer], size: int) -> npt.NDArray[np.integer]:
    """Close each foreground class with a square (cube); pixels of other classes stay unchanged.

    Args:
        prediction: class indices, any shape.
        size: side of the square, odd.

    Returns:
        The closed prediction, same shape and dtype.
    """
    result = prediction.copy()
    kernel = np.ones((size,) * prediction.ndim, bool)
    for index in sorted(set(np.unique(prediction).tolist()) - {0}):
        padded = np.pad(prediction == index, size)  # so that the erosion does not remove pixels at the border
        inner = tuple(slice(size, -size) for _ in range(prediction.ndim))
        result[binary_closing(padded, kernel)[inner] & (prediction == 0)] = index
    return result
