"""One case: read both files and take every measure, by class and averaged."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import metrics
from evaluation.scoring.classes import Classes
from evaluation.scoring.folders import Case
from evaluation.scoring.masks import read
from evaluation.scoring.plan import Measure, label

MEAN = "mean"
Labels = npt.NDArray[Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """What a worker needs to know, the same for all cases.

    Attributes:
        plan: the measures.
        classes: what the label values mean.
        spacing: of all images, overriding the files'; None: the files'.
        by_class: write each class, not only their mean.
    """

    plan: tuple[Measure, ...]
    classes: Classes
    spacing: tuple[float, ...] | None = None
    by_class: bool = False


def measure_case(case: Case, task: Task) -> list[Row]:
    """Measure a case.

    Args:
        case: its files, which have passed `checks`.
        task: what is measured.

    Returns:
        A row for each measure and class, and one for its mean over the classes: class, metric, value, reason.
    """
    images = [read(path) for path in (case.prediction, case.truth)]
    b, y = (image.values for image in images)
    # the ground truth's geometry is used: predictions are often saved without one
    spacing = task.spacing or images[1].spacing or images[0].spacing or (1.0,) * y.ndim
    rows: dict[Measure, list[Row]] = {}
    for measures in _places(task.plan):
        classes = task.classes.merged() if measures[0].merged else task.classes
        names = list(dict.fromkeys(each.metric for each in measures))
        options = measures[0].options() | {"spacing": spacing}
        found = list(_views(*classes.prepare(b, y), classes, names, options))
        rows |= {each: _rows(each, found, task.by_class and not each.merged) for each in measures}
    return [row for each in task.plan for row in rows[each]]


def _places(plan: tuple[Measure, ...]) -> list[list[Measure]]:
    """Return the measures grouped by what is computed in one pass."""
    groups: dict[tuple[Any, ...], list[Measure]] = {}
    for measure in plan:
        groups.setdefault(measure.place, []).append(measure)
    return list(groups.values())


def _views(
    b: Labels, y: Labels, classes: Classes, names: list[str], options: metrics.Options
) -> Iterator[tuple[metrics.Measured, dict[int, str]]]:
    """Measure label images: all classes at once, or each region separately. Yield values and class names."""
    if not classes.regions:
        measured = metrics.measure(b, y, names, **(options | {"num_classes": classes.count}))
        yield measured, {number: classes.name(number) for number in measured.labels}
        return
    for name, values in classes.regions.items():
        yield metrics.measure(np.isin(b, values), np.isin(y, values), names, **options), {1: name}


def _rows(measure: Measure, found: list[tuple[metrics.Measured, dict[int, str]]], by_class: bool) -> list[Row]:
    """Return the mean over the classes, then each class if wanted."""
    rows: list[Row] = []
    for measured, classes in found:
        for number, name in classes.items():
            value, reason = measured.mean(measure.metric, number), measured.reason(measure.metric, number)
            if math.isnan(value) and measure.undefined is not None:
                value, reason = measure.undefined, f"{reason}; counted as {measure.undefined:g}"
            rows.append({"class": name, "metric": label(measure), "value": value, "reason": reason})
    if len(found) == 1 and measure.undefined is None:
        measured = found[0][0]  # on patches, the mean over classes and patches at once, as in `metrics.evaluate`
        value, reason = measured.mean(measure.metric), measured.reason(measure.metric)
    else:
        defined = [row["value"] for row in rows if not math.isnan(row["value"])]
        value = float(np.mean(defined)) if defined else math.nan
        reason = "; ".join(sorted({row["reason"] for row in rows if row["reason"]}))
    mean = {"class": MEAN, "metric": label(measure), "value": value, "reason": reason}
    return [mean, *rows] if by_class else [mean]
