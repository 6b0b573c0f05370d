"""The figures of the summary: metric against cost, critical differences, small multiples, worst and typical cases."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from evaluation import cases
from pictures import style
from pictures.errors import CATEGORIES, error_map, show_errors
from pictures.labels import label_points
from runs.results import RunResult
from tables import intervals, legends, statistics
from tables.experiment.summary import LEADING, Summary, complete_cases

_PER_ROW = 3
# losses drawn in a picture of predictions
_MOST_ROWS = 14
_LINE = 0.14  # height of a legend's line in inches


def against_cost(summary: Summary, metrics: tuple[str, ...] = (LEADING, "betti1_error")) -> Figure:
    """Draw the average rank of each loss against its cost; above and to the left is better.

    Args:
        summary: the runs.
        metrics: slugs, a picture each.

    Returns:
        The figure.
    """
    cost = summary.seconds()
    figure = Figure(figsize=(11, max(4.6, 0.8 + _LINE * len(cost))), layout="constrained")
    numbers = pd.Series(range(1, len(cost) + 1), index=cost.index)
    drawn = []
    for axes, metric in zip(np.ravel([figure.subplots(1, len(metrics))]), metrics, strict=True):
        column = summary.column(metric)
        values = complete_cases(summary.values(column.slug))
        ranks = statistics.average_ranks(values, higher_is_better=bool(column.higher_is_better))
        both = pd.DataFrame({"cost": cost, "rank": ranks}).dropna()
        axes.plot(both["cost"], both["rank"], "o", color=style.OKABE_ITO[0], markersize=5)
        axes.axvline(1, color=style.BASELINE, linewidth=0.8, linestyle="--")
        axes.set(xlabel="seconds per iteration, over Dice&CE's", ylabel="average rank (1 is best)")
        axes.set_title(f"{column.heading}, {len(values)} cases")
        axes.invert_yaxis()
        axes.margins(x=0.15, y=0.12)
        drawn.append((axes, both))
    names = "\n".join(f"{number} {label}" for label, number in numbers.items())
    figure.legend([Line2D([], [], linestyle="")], [names], loc="outside right center", handlelength=0, fontsize=8)
    style.heading(figure, "Rank against cost: right is dearer, up is better", summary.banner)
    # the layout must be final before labels are placed
    for axes, both in drawn:
        label_points(axes, list(both["cost"]), list(both["rank"]), [f"{n:g}" for n in numbers.reindex(both.index)])
    return figure


def critical_differences(summary: Summary, metric: str = LEADING) -> Figure:
    """Draw average ranks with Nemenyi's critical difference (Demsar 2006): joined losses do not differ significantly.

    Args:
        summary: the runs.
        metric: slug.

    Returns:
        The figure.
    """
    column = summary.column(metric)
    values = complete_cases(summary.values(column.slug))
    ranks = statistics.average_ranks(values, higher_is_better=bool(column.higher_is_better)).sort_values()
    difference = statistics.critical_difference(max(len(ranks), 2), max(len(values), 1))
    figure = Figure(figsize=(9, 0.32 * len(ranks) + 1.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(ranks, range(len(ranks)), "o", color=style.OKABE_ITO[0])
    for first, last in _joined(ranks, difference):
        at = first - 0.3
        axes.plot([ranks.iloc[first], ranks.iloc[last]], [at, at], color=style.OKABE_ITO[1], linewidth=3, alpha=0.6)
    axes.set_yticks(range(len(ranks)), list(ranks.index))
    axes.set_xlabel("average rank (1 is best)")
    axes.grid(axis="x", color="#E6E6E6")
    axes.invert_yaxis()
    p = statistics.friedman(values)
    style.heading(
        figure,
        f"{column.title}: ranks on {len(values)} cases, critical difference {difference:.2f}, Friedman's p = {p:.2g}",
        textwrap.shorten(summary.banner, 110, placeholder=" ..."),
    )
    return figure


def _joined(ranks: pd.Series, difference: float) -> list[tuple[int, int]]:
    """Return the longest runs of neighbours whose ranks differ by less than the critical difference."""
    values = ranks.to_numpy()
    runs: list[tuple[int, int]] = []
    for first in range(len(values)):
        last = int(np.flatnonzero(values - values[first] < difference).max())
        if last > first and not (runs and runs[-1][1] >= last):
            runs.append((first, last))
    return runs


def small_multiples(summary: Summary, metric: str = "betti1_error") -> Figure:
    """Draw a metric of each loss on each dataset: mean over cases with its 95 % interval.

    Args:
        summary: the runs.
        metric: slug.

    Returns:
        The figure.
    """
    column = summary.column(metric)
    blocks = list(summary.blocks)
    across = min(_PER_ROW, len(blocks))
    rows = -(-len(blocks) // across)
    losses = list(dict.fromkeys(label for block in blocks for label in summary.by_loss(block)))
    figure = Figure(figsize=(4 * across + 1, rows * (0.24 * len(losses) + 0.7) + 1.0), layout="constrained")
    grid = np.ravel(figure.subplots(rows, across, squeeze=False, sharey=True))
    for axes, block in zip(grid, blocks, strict=False):
        values = summary.values(column.slug, block)
        for place, label in enumerate(losses):
            found = values[label].dropna() if label in values else pd.Series(dtype=float)
            if found.empty:
                continue
            low, high = intervals.studentized_interval(found.to_numpy())
            whiskers = [[found.mean() - low], [high - found.mean()]] if len(found) > 1 else None
            axes.errorbar(
                found.mean(),
                place,
                xerr=whiskers,
                fmt="o",
                color=style.OKABE_ITO[0],
                markersize=4,
                capsize=2,
                linewidth=1,
            )
        if (values >= 0).all(axis=None) and values.mean().max() > 20 * max(values.mean().min(), 1e-9):
            axes.set_xscale("symlog", linthresh=max(float(values.mean().median()), 1e-3))
        axes.set_title(f"{textwrap.fill(block, 44)}\n{len(values)} cases{intervals.mark(len(values))}", fontsize=8)
        axes.grid(axis="y", color="#E6E6E6")
        axes.set_axisbelow(True)
    for axes in grid[len(blocks) :]:
        axes.set_axis_off()
    grid[0].set_yticks(range(len(losses)), losses)
    grid[0].invert_yaxis()
    figure.supxlabel(f"{legends.FIGURE}; {legends.ROUGH_FIGURE}", fontsize=8)
    banner = textwrap.shorten(summary.banner, 110, placeholder=" ...")
    style.heading(figure, f"{column.heading}: mean over test cases, 95 % interval", banner)
    return figure


def worst_and_typical(summary: Summary, block: str = "", metric: str = "cldice") -> Figure:
    """Draw each loss's worst and typical case of a dataset: what it missed and what it invented.

    Args:
        summary: the runs.
        block: one of `summary.blocks`; "": the first.
        metric: by which cases are chosen.

    Returns:
        The figure: two pictures per loss.
    """
    name = block or next(iter(summary.blocks))
    column = summary.column(metric)
    firsts: dict[str, RunResult] = {label: runs[0] for label, runs in summary.by_loss(name).items()}
    pictures = []
    for label, run in list(firsts.items())[:_MOST_ROWS]:
        chosen = cases.typical(run.metrics, column.slug, bool(column.higher_is_better))
        for word, shown in (("worst", "worst"), ("median", "typical")):
            if word in chosen:
                title = f"{textwrap.fill(label, 26)}\n{shown}: {chosen[word]}"
                pictures.append((title, cases.load(run.folder, chosen[word])))
    columns = 6
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(12, 2.3 * rows + 1.0), layout="constrained")
    grid = np.ravel(figure.subplots(rows, columns, squeeze=False))
    for axes, (title, case) in zip(grid, pictures, strict=False):
        show_errors(axes, error_map(case.truth, case.prediction))
        axes.set_title(title, fontsize=7)
    for axes in grid[len(pictures) :]:
        axes.set_axis_off()
    style.legend(figure, CATEGORIES[1:])
    style.heading(figure, f"{name}: worst and typical case of each loss by {column.title}", summary.banner)
    return figure
