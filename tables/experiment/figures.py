"""Charts of an experiment: learning curves against Dice&CE, metrics of each loss, values case by case."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation import cases
from pictures import style
from pictures.errors import side_by_side
from runs.results import DONE, Results, RunResult
from tables import averages, intervals, legends
from tables.experiment import compare
from tables.experiment.compare import BASELINE, MetricColumn, any_postprocessed
from tables.experiment.run_figures import draw_curve

_COLUMNS = 4
_FAR = 6  # times the spread of most losses: a loss further away is left out of the picture
_FEW = 6
# flag of post-processing, colour and offset of the points without and with it
_SERIES = ((False, style.OKABE_ITO[0], -0.13), (True, style.OKABE_ITO[3], 0.13))


def learning_curves(results: Results, dataset: str) -> Figure:
    """Draw the training loss of each loss against that of Dice&CE.

    Each loss has its own scale, so compare the shapes, not the heights.

    Args:
        results: the runs.
        dataset: name of the dataset.

    Returns:
        The figure; the first fold and seed of each loss.
    """
    runs = [group[0] for group in _groups(results.of(dataset)) if group[0].run.stage == "finetune"]
    baseline = next((result for result in runs if _is_baseline(result)), None)
    others = [result for result in runs if not _is_baseline(result)] or runs
    columns = min(5, len(others))
    rows = -(-len(others) // columns)
    figure = Figure(figsize=(13, 2.3 * rows + 1.2), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for index, (axes, result) in enumerate(zip(grid, others, strict=False)):
        axes.set_title(result.label)
        draw_curve(axes, result, style.OKABE_ITO[0], "this loss")
        if baseline is not None and baseline is not result:
            draw_curve(axes, baseline, style.BASELINE, "Dice&CE", "--")
        axes.set_xlabel("iteration" if index >= len(others) - columns else "")
        axes.set_ylabel("" if index % columns else "training loss")
        axes.tick_params(labelbottom=index >= len(others) - columns)
    for axes in grid[len(others) :]:
        axes.set_axis_off()
    style.heading(figure, f"Training loss on {dataset}: running median, each loss on its own scale", results.banner)
    style.legend(figure, [(style.OKABE_ITO[0], "the loss of the title")], dashed="Dice&CE")
    return figure


def metrics(results: Results, dataset: str, part: str = "") -> Figure:
    """Draw each metric of each loss: mean over cases with its 95 % interval, post-processed beside.

    Args:
        results: the runs.
        dataset: name of the dataset.
        part: of the test set, see `Results.parts`.

    Returns:
        The figure; a line marks Dice&CE.
    """
    runs = results.parts(dataset)[part]
    groups = _groups(runs)
    columns = compare.columns_of(runs)
    postprocessed = any_postprocessed(runs)
    rows = max(1, -(-len(columns) // _COLUMNS))
    per_row = max(1, -(-len(columns) // rows))
    figure = Figure(figsize=(12, rows * (0.28 * len(groups) + 0.9) + 1.3), layout="constrained")
    grid = figure.subplots(rows, per_row, squeeze=False, sharey=True).ravel()
    for axes, column in zip(grid, columns, strict=False):
        points: list[tuple[averages.Average, float]] = []
        for flag, colour, offset in _SERIES if postprocessed else _SERIES[:1]:
            points += _points(axes, groups, column, flag, colour, offset)
        _focus(axes, points)
        axes.set_title(column.heading)
        axes.grid(axis="y", color="#E6E6E6")
        axes.set_axisbelow(True)
    for axes in grid[len(columns) :]:
        axes.set_axis_off()
    grid[0].set_yticks(range(len(groups)), [group[0].label for group in groups])
    grid[0].invert_yaxis()
    where = f"{dataset} ({part})" if part else dataset
    style.heading(figure, f"Metrics on {where}: mean over test cases, {legends.FIGURE}{_rough(runs)}", results.banner)
    entries = [(style.OKABE_ITO[0], "without post-processing"), (style.OKABE_ITO[3], "with post-processing")]
    entries = entries if postprocessed else entries[:1]
    style.legend(figure, entries, dashed="Dice&CE without post-processing")
    return figure


def all_losses(results: Results, dataset: str) -> Figure:
    """Draw one case as every loss predicts it.

    Args:
        results: the runs.
        dataset: name of the dataset.

    Returns:
        The figure.
    """
    name, found = cases.of_all_losses(results, dataset)
    return side_by_side(found, f"{dataset}, test case {name}: the median of the pretraining", results.banner)


def _rough(runs: list[RunResult]) -> str:
    """Return a remark if the intervals are of few cases."""
    cases = max((len(result.numbers.cases) for result in runs if result.state == DONE), default=0)
    return f"; {cases} cases: rough" if intervals.mark(cases) else ""


def _groups(runs: list[RunResult]) -> list[list[RunResult]]:
    grouped: dict[tuple[str, str], list[RunResult]] = {}
    for result in runs:
        grouped.setdefault(result.row, []).append(result)
    return list(grouped.values())


def _is_baseline(result: RunResult) -> bool:
    return result.run.loss == BASELINE and not result.run.loss_parameters and result.run.stage == "finetune"


def _points(
    axes: Axes, groups: list[list[RunResult]], column: MetricColumn, flag: bool, colour: str, offset: float
) -> list[tuple[averages.Average, float]]:
    """Draw one metric of all losses, and return what was drawn at which height."""
    drawn = []
    for place, group in enumerate(groups):
        done = [result for result in group if result.state == DONE]
        cell = averages.average(done, column.slug, flag)
        if not cell.defined:
            continue
        drawn.append((cell, place + offset))
        axes.errorbar(
            cell.mean, place + offset, xerr=_whiskers(cell), fmt="o", color=colour, markersize=4, capsize=2, linewidth=1
        )
        if not flag and _is_baseline(group[0]):
            axes.axvline(cell.mean, color=style.BASELINE, linewidth=0.8, linestyle="--")
    return drawn


def _focus(axes: Axes, points: list[tuple[averages.Average, float]]) -> None:
    """Move values that would compress all others out of the picture, and write them at the edge."""
    means = np.array([cell.mean for cell, _ in points])
    if len(means) < _FEW:
        return
    low, high = np.quantile(means, [0.2, 0.8])
    reach = _FAR * max(high - low, 1e-3 * float(np.abs(means).max()))
    near = [cell for cell, _ in points if low - reach <= cell.mean <= high + reach]
    left = min(min(cell.mean, cell.low) if math.isfinite(cell.low) else cell.mean for cell in near)
    right = max(max(cell.mean, cell.high) if math.isfinite(cell.high) else cell.mean for cell in near)
    if len(near) == len(points) or means.max() - means.min() < 2 * (right - left):
        return
    margin = 0.1 * (right - left)
    axes.set_xlim(left - margin, right + 2 * margin)
    for cell, y in points:
        if not left - margin <= cell.mean <= right + 2 * margin:
            beyond = cell.mean > right
            text, at = (f"{cell.mean:.3g} →", 0.99) if beyond else (f"← {cell.mean:.3g}", 0.01)
            place, side = ("axes fraction", "data"), "right" if beyond else "left"
            axes.annotate(text, (at, y), xycoords=place, ha=side, va="center", fontsize=7)


def _whiskers(cell: averages.Average) -> list[list[float]] | None:
    """Return how far the 95 % interval of the mean reaches to both sides; None below two cases."""
    return [[cell.mean - cell.low], [cell.high - cell.mean]] if math.isfinite(cell.low) else None
