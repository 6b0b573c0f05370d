"""Charts and pictures of one run: its training loss, its metrics case by case, its predictions."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation import cases
from pictures import style
from pictures.errors import predictions
from runs import history
from runs.banner import SMOKE
from runs.results import RunResult, read_run
from tables import averages
from tables.experiment import compare
from tables.experiment.compare import BASELINE, MetricColumn

_ACROSS = 6  # panels in a row


def single_curve(folder: str | Path, baseline: str | Path | None = None) -> Figure:
    """Draw the training loss of one run, against that of the Dice&CE run if it exists.

    Args:
        folder: the run's folder.
        baseline: the Dice&CE run's folder; None: the one beside it, same dataset, fold and seed.

    Returns:
        The figure.
    """
    folder = Path(folder)
    baseline = Path(baseline) if baseline else folder.parents[1] / BASELINE / folder.name
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    results = read_run(folder)
    draw_curve(axes, results, style.OKABE_ITO[0], results.label)
    if baseline != folder and history.exists(baseline):
        draw_curve(axes, read_run(baseline), style.BASELINE, "Dice&CE", "--")
    axes.set(xlabel="iteration", ylabel="training loss")
    axes.legend(frameon=False)
    smoke = SMOKE if results.record.smoke else ""
    style.heading(figure, f"{results.label} on {results.run.dataset}", smoke)
    return figure


def distribution(folder: str | Path) -> Figure:
    """Draw a run's metrics case by case, without and with post-processing.

    Args:
        folder: the run's folder.

    Returns:
        The figure: a panel for each metric; without a pretraining nothing was post-processed, and each panel has one
        column.
    """
    result = read_run(folder)
    columns = compare.columns_of([result])
    flags = (False, True) if compare.any_postprocessed([result]) else (False,)
    across = min(_ACROSS, max(1, len(columns)))
    down = max(1, -(-len(columns) // across))
    figure = Figure(figsize=(max(4.0, 1.75 * across), 1.95 * down + 0.9), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False).ravel()
    for axes, column in zip(grid, columns, strict=False):
        _cases(axes, result, column, flags)
    for axes in grid[len(columns) :]:
        axes.set_axis_off()
    kinds = ", without and with post-processing" if len(flags) == 2 else ""
    smoke = SMOKE if result.record.smoke else ""
    style.heading(figure, f"{result.label} on {result.run.dataset}: each point one case{kinds}", smoke)
    return figure


def _cases(axes: Axes, result: RunResult, column: MetricColumn, flags: tuple[bool, ...]) -> None:
    """Draw one metric of a run: each case a point, its values joined, and a bar at the mean."""
    values = [averages.per_case([result], column.slug, flag) for flag in flags]
    both = pd.concat(values, axis=1, keys=range(len(flags)))
    axes.plot(range(len(flags)), both.T.to_numpy(), color="#B0B0B0", linewidth=0.7, zorder=1)
    colours = (style.OKABE_ITO[0], style.OKABE_ITO[3])
    for place, (colour, found) in enumerate(zip(colours, values, strict=False)):
        axes.scatter(np.full(len(found), place), found, color=colour, s=14, zorder=2)
        if found.notna().any():
            axes.plot([place - 0.2, place + 0.2], [found.mean()] * 2, color=style.BASELINE, linewidth=1.5, zorder=3)
    undefined = int(both[0].isna().sum())
    heading = column.short + (f"\n{len(both) - undefined} of {len(both)} cases" if undefined else "")
    axes.set_title(heading, fontsize=9)
    axes.set(xticks=range(len(flags)), xticklabels=["without", "with"][: len(flags)], xlim=(-0.5, len(flags) - 0.5))
    if len(flags) == 1:
        axes.set_xticks([])


def worst_to_best(folder: str | Path, metric: str = "cldice") -> Figure:
    """Draw the worst, the median and the best case of a run.

    Args:
        folder: the run's folder.
        metric: by which they are chosen.

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


def draw_curve(axes: Axes, result: RunResult, colour: str, label: str, line: str = "-") -> None:
    """Draw a run's loss: every iteration faint, the running median strong."""
    course = history.read_history(result.folder)
    if course is None:
        axes.text(0.5, 0.5, f"({result.state})", ha="center", transform=axes.transAxes)
        return
    window = max(3, len(course) // 15)
    smooth = course["loss"].rolling(window, center=True, min_periods=1).median()
    axes.plot(course["iteration"], course["loss"], color=colour, alpha=0.2, linewidth=0.8)
    axes.plot(course["iteration"], smooth, color=colour, linewidth=1.5, linestyle=line, label=label)
