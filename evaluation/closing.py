"""SCNP's comparison with post-processing: the best of several binary closings of a run's predictions (table E.3)."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import binary_closing

import metrics
from evaluation import cases

KERNELS = (3, 5, 7)


def best(folder: str | Path, metric: str) -> pd.Series:
    """Measure a run after the binary closing that is best on average.

    Args:
        folder: the run's folder.
        metric: slug.

    Returns:
        Value by case of the kernel with the best mean: of 3, 5 and 7 pixels. A closing changes nothing when it is
        repeated, so once is the paper's "until nothing changes".
    """
    names = cases.with_truth(folder)
    loaded = {name: cases.load(folder, name) for name in names}
    sign = -1 if metrics.entry(metric).higher_is_better else 1
    tables = [
        pd.Series(
            {
                name: metrics.evaluate(closed(case.prediction, size), case.truth, [metric])[metric]
                for name, case in loaded.items()
            },
            dtype=float,
        )
        for size in KERNELS
    ]
    return min(tables, key=lambda values: sign * values.mean())


def closed(prediction: npt.NDArray[np.integer], size: int) -> npt.NDArray[np.integer]:
    """Close each foreground class with a square (cube); what was another class stays.

    Args:
        prediction: class indices, any shape.
        size: side of the square, odd.

    Returns:
        The closed prediction, same shape and dtype.
    """
    result = prediction.copy()
    kernel = np.ones((size,) * prediction.ndim, bool)
    for index in sorted(set(np.unique(prediction).tolist()) - {0}):
        padded = np.pad(prediction == index, size)  # so that the erosion does not eat what touches the border
        inner = tuple(slice(size, -size) for _ in range(prediction.ndim))
        result[binary_closing(padded, kernel)[inner] & (prediction == 0)] = index
    return result
