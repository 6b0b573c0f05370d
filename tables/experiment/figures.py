"""Charts of an experiment: learning curves against Dice&CE, metrics of each loss, values case by case."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation import cases
from pictures import style
from pictures.errors import predictions, side_by_side
from runs import history
from runs.banner import SMOKE
from runs.results import DONE, Results, RunResult, read_run
from tables import averages
from tables.experiment import compare
from tables.experiment.compare import Column

_BASELINE = "dice_ce"
_COLUMNS = 4
_FAR = 6  # times the spread of most losses: a loss farther away is left out of the picture
_FEW = 6


def learning_curves(results: Results, dataset: str) -> Figure:
    """Draw the training loss of each loss against that of Dice&CE.

    Each loss has its own scale, so only the course compares, not the height.

    Args:
        results: the runs.
        dataset: on which.

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
        _curve(axes, result, style.OKABE_ITO[0], "this loss")
        if baseline is not None and baseline is not result:
            _curve(axes, baseline, style.BASELINE, "Dice&CE", "--")
        axes.set_xlabel("iteration" if index >= len(others) - columns else "")
        axes.set_ylabel("" if index % columns else "training loss")
        axes.tick_params(labelbottom=index >= len(others) - columns)
    for axes in grid[len(others) :]:
        axes.set_axis_off()
    style.heading(figure, f"Training loss on {dataset}: running median, each loss on its own scale", results.banner)
    style.legend(figure, [(style.OKABE_ITO[0], "the loss of the title")], dashed="Dice&CE")
    return figure


def single_curve(folder: str | Path, baseline: str | Path | None = None) -> Figure:
    """Draw the training loss of one run, against the Dice&CE run's where that is there.

    Args:
        folder: the run's folder.
        baseline: the Dice&CE run's folder; None: the one beside it, same dataset, fold and seed.

    Returns:
        The figure.
    """
    folder = Path(folder)
    baseline = Path(baseline) if baseline else folder.parents[1] / _BASELINE / folder.name
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    results = read_run(folder)
    _curve(axes, results, style.OKABE_ITO[0], results.label)
    if baseline != folder and history.exists(baseline):
        _curve(axes, read_run(baseline), style.BASELINE, "Dice&CE", "--")
    axes.set(xlabel="iteration", ylabel="training loss")
    axes.legend(frameon=False)
    smoke = SMOKE if results.record.smoke else ""
    style.heading(figure, f"{results.label} on {results.run.dataset}", smoke)
    return figure


def metrics(results: Results, dataset: str, part: str = "") -> Figure:
    """Draw each metric of each loss: mean over cases with its 95 % bootstrap interval, post-processed beside.

    Args:
        results: the runs.
        dataset: on which.
        part: of the test set, see `Results.parts`.

    Returns:
        The figure; a line marks Dice&CE.
    """
    runs = results.parts(dataset)[part]
    groups = _groups(runs)
    columns = compare.columns_of(runs)
    rows = max(1, -(-len(columns) // _COLUMNS))
    per_row = max(1, -(-len(columns) // rows))
    figure = Figure(figsize=(12, rows * (0.28 * len(groups) + 0.9) + 1.3), layout="constrained")
    grid = figure.subplots(rows, per_row, squeeze=False, sharey=True).ravel()
    for axes, column in zip(grid, columns, strict=False):
        points: list[tuple[averages.Cell, float]] = []
        for flag, colour, offset in ((False, style.OKABE_ITO[0], -0.13), (True, style.OKABE_ITO[3], 0.13)):
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
    style.heading(figure, f"Metrics on {where}: mean over test cases, 95 % confidence interval", results.banner)
    entries = [(style.OKABE_ITO[0], "without post-processing"), (style.OKABE_ITO[3], "with post-processing")]
    style.legend(figure, entries, dashed="Dice&CE without post-processing")
    return figure


def distribution(folder: str | Path) -> Figure:
    """Draw a run's metrics case by case, without and with post-processing.

    Args:
        folder: the run's folder.

    Returns:
        The figure.
    """
    result = read_run(folder)
    columns = compare.columns_of([result])
    figure = Figure(figsize=(max(7, 1.7 * len(columns)), 3.6), layout="constrained")
    grid = figure.subplots(1, max(len(columns), 1), squeeze=False).ravel()
    for axes, column in zip(grid, columns, strict=False):
        pair = [averages.per_case([result], column.slug, flag) for flag in (False, True)]
        both = pd.concat(pair, axis=1, keys=["without", "with"])
        axes.plot([0, 1], both.T.to_numpy(), color="#B0B0B0", linewidth=0.7, zorder=1)
        for place, (colour, values) in enumerate(zip((style.OKABE_ITO[0], style.OKABE_ITO[3]), pair, strict=True)):
            axes.scatter(np.full(len(values), place), values, color=colour, s=16, zorder=2)
        axes.set_title(f"{column.title}\n{column.heading.removeprefix(column.title).strip()}")
        axes.set(xticks=[0, 1], xticklabels=["without", "with"], xlim=(-0.5, 1.5))
    smoke = SMOKE if result.record.smoke else ""
    title = f"{result.label} on {result.run.dataset}: each point one case, without and with post-processing"
    style.heading(figure, title, smoke)
    return figure


def worst_to_best(folder: str | Path, metric: str = "cldice") -> Figure:
    """Draw the worst, the median and the best case of a run.

    Args:
        folder: the run's folder.
        metric: what they are chosen by.

    Returns:
        The figure.
    """
    result = read_run(folder)
    column = next((each for each in compare.columns_of([result]) if each.slug == metric), None)
    column = column or compare.columns_of([result])[0]
    chosen = cases.typical(result.metrics, column.slug, column.higher_is_better is not False)
    values = averages.per_case([result], column.slug, False)
    titles = [f"{word}: {name}\n{column.title} {values[name]:.{column.digits}f}" for word, name in chosen.items()]
    smoke = SMOKE if result.record.smoke else ""
    title = f"{result.label} on {result.run.dataset}: cases by {column.title}"
    return predictions([cases.load(folder, name) for name in chosen.values()], titles, title, smoke)


def first_predictions(folder: str | Path, count: int = 3) -> Figure:
    """Draw the first test cases of a run.

    Args:
        folder: the run's folder.
        count: how many.

    Returns:
        The figure.
    """
    result = read_run(folder)
    names = cases.with_truth(folder)[:count]
    smoke = SMOKE if result.record.smoke else ""
    title = f"{result.label} on {result.run.dataset}: predictions"
    return predictions([cases.load(folder, name) for name in names], names, title, smoke)


def all_losses(results: Results, dataset: str) -> Figure:
    """Draw one case as every loss predicts it.

    Args:
        results: the runs.
        dataset: on which.

    Returns:
        The figure.
    """
    name, found = cases.of_all_losses(results, dataset)
    return side_by_side(found, f"{dataset}, test case {name}: the median of the pretraining", results.banner)


def _groups(runs: list[RunResult]) -> list[list[RunResult]]:
    grouped: dict[tuple[str, str], list[RunResult]] = {}
    for result in runs:
        grouped.setdefault(result.row, []).append(result)
    return list(grouped.values())


def _is_baseline(result: RunResult) -> bool:
    return result.run.loss == _BASELINE and not result.run.loss_parameters and result.run.stage == "finetune"


def _curve(axes: Axes, result: RunResult, colour: str, label: str, line: str = "-") -> None:
    """Draw a run's loss: every iteration faint, the running median strong."""
    course = history.read_history(result.folder)
    if course is None:
        axes.text(0.5, 0.5, f"({result.state})", ha="center", transform=axes.transAxes)
        return
    window = max(3, len(course) // 15)
    smooth = course["loss"].rolling(window, center=True, min_periods=1).median()
    axes.plot(course["iteration"], course["loss"], color=colour, alpha=0.2, linewidth=0.8)
    axes.plot(course["iteration"], smooth, color=colour, linewidth=1.5, linestyle=line, label=label)


def _points(
    axes: Axes, groups: list[list[RunResult]], column: Column, flag: bool, colour: str, offset: float
) -> list[tuple[averages.Cell, float]]:
    """Draw one metric of all losses, and give what was drawn at which height."""
    drawn = []
    for place, group in enumerate(groups):
        done = [result for result in group if result.state == DONE]
        cell = averages.cell(done, column.slug, flag)
        if not cell.defined:
            continue
        drawn.append((cell, place + offset))
        axes.errorbar(
            cell.mean, place + offset, xerr=_whiskers(cell), fmt="o", color=colour, markersize=4, capsize=2, linewidth=1
        )
        if not flag and _is_baseline(group[0]):
            axes.axvline(cell.mean, color=style.BASELINE, linewidth=0.8, linestyle="--")
    return drawn


def _focus(axes: Axes, points: list[tuple[averages.Cell, float]]) -> None:
    """Leave out of the picture what would squeeze all others together, and write its value at the edge."""
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


def _whiskers(cell: averages.Cell) -> list[list[float]] | None:
    """Return how far the 95 % interval of the mean reaches to both sides; None below two cases."""
    return [[cell.mean - cell.low], [cell.high - cell.mean]] if math.isfinite(cell.low) else None
