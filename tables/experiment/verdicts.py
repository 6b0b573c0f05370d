"""Each loss against Dice&CE, dataset by dataset: the differences case by case, and the verdict in words."""

import math
import textwrap
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pictures import style
from tables import averages, intervals, legends, statistics
from tables.experiment.compare import BASELINE, MetricColumn
from tables.experiment.summary import LEADING, Summary

_LEVEL = 0.05
_FEW = 5  # number of cases below which there is no verdict
_SPREAD = 0.28  # of the points of one loss, up and down
BETTER, WORSE, OPEN, TOO_FEW = "better", "worse", "no difference shown", "too few cases"


@dataclass(frozen=True)
class Verdict:
    """The verdict of a dataset's cases on a loss.

    Attributes:
        block: the dataset, or part of its test set.
        loss: printed name.
        differences: by case, positive where the loss is better than Dice&CE.
        effect: their mean.
        low: lower limit of the 95 % interval of the mean (`tables.intervals`).
        high: its upper limit.
        p: of the paired permutation test, Holm over the losses of the dataset.
    """

    block: str
    loss: str
    differences: pd.Series
    effect: float
    low: float
    high: float
    p: float

    @property
    def kind(self) -> str:
        """Return the kind: better, worse, no difference shown, or too few cases."""
        if len(self.differences) < _FEW:
            return TOO_FEW
        if not self.p < _LEVEL:
            return OPEN
        return BETTER if self.effect > 0 else WORSE

    def words(self, column: MetricColumn) -> str:
        """Return the verdict in words, such as "better by 0.012 [0.004, 0.020], p = 0.003, n 20"."""
        count = f"n {len(self.differences)}"
        if self.kind == TOO_FEW:
            return f"{TOO_FEW}, {count}"
        digits = column.digits
        low, high = (-self.high, -self.low) if self.kind == WORSE else (self.low, self.high)
        interval = f"[{low:z.{digits}f}, {high:z.{digits}f}]{intervals.mark(len(self.differences))}"
        p = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.2g}"
        size = f"{self.effect:+z.{digits}f}" if self.kind == OPEN else f"by {abs(self.effect):.{digits}f}"
        return f"{self.kind}{':' if self.kind == OPEN else ''} {size} {interval}, {p}, {count}"


def verdicts(summary: Summary, block: str, metric: str = LEADING) -> list[Verdict]:
    """Compare every loss with Dice&CE on one dataset.

    Args:
        summary: the runs.
        block: one of `summary.blocks`.
        metric: slug.

    Returns:
        One verdict for each other loss, in the experiment's order; none without Dice&CE.
    """
    column = summary.column(metric)
    base = next((name for name, runs in summary.by_loss(block).items() if runs[0].row[1] == BASELINE), None)
    if base is None:
        return []
    sign = 1 if column.higher_is_better else -1
    runs = summary.by_run(column.slug, block)
    against, found = runs.pop(base), []
    for name, values in runs.items():
        differences = (sign * averages.differences(values, against)).dropna()
        low, high = intervals.studentized_interval(differences)
        p = statistics.paired_permutation(differences) if len(differences) >= _FEW else math.nan
        found.append(Verdict(block, name, differences, float(differences.mean()), low, high, p))
    corrected = statistics.holm([verdict.p for verdict in found])
    return [replace(verdict, p=p) for verdict, p in zip(found, corrected, strict=True)]


def table(summary: Summary, metric: str = LEADING) -> pd.DataFrame:
    """Return the verdicts in words: a row for each loss, a column for each dataset."""
    column = summary.column(metric)
    found = [verdict for block in summary.blocks for verdict in verdicts(summary, block, metric)]
    words = pd.DataFrame([(each.loss, each.block, each.words(column)) for each in found], columns=["", "on", "words"])
    return words.pivot(index="", columns="on", values="words").reindex(
        index=list(dict.fromkeys(each.loss for each in found)), columns=list(summary.blocks)
    )


def paired_differences(summary: Summary, metric: str = LEADING) -> Figure:
    """Draw the differences of each loss from Dice&CE, case by case, with the verdict in words; right is better.

    Args:
        summary: the runs.
        metric: slug.

    Returns:
        The figure: a panel for each dataset; each point a case, the bar the 95 % interval of the mean.
    """
    column = summary.column(metric)
    found = {block: verdicts(summary, block, metric) for block in summary.blocks}
    found = {block: listed for block, listed in found.items() if listed}
    rows = [len(listed) for listed in found.values()] or [1]
    figure = Figure(figsize=(11, sum(0.3 * count + 0.75 for count in rows) + 0.9), layout="constrained")
    grid = figure.subplots(len(rows), 1, squeeze=False, height_ratios=[count + 1.5 for count in rows]).ravel()
    for axes, (block, listed) in zip(grid, found.items(), strict=False):
        _panel(axes, block, listed, column)
    note = f"each point a case; bar: {legends.FIGURE}, {legends.ROUGH_FIGURE};"
    note += "\np: paired permutation test, Holm over the dataset"
    grid[-1].set_xlabel(f"{column.title}: difference from Dice&CE, right is better\n({note})")
    banner = textwrap.shorten(summary.banner, 150, placeholder=" ...")
    style.heading(figure, f"{column.title} against Dice&CE, case by case", banner)
    return figure


def _panel(axes: Axes, block: str, listed: list[Verdict], column: MetricColumn) -> None:
    colours = {BETTER: style.OKABE_ITO[2], WORSE: style.OKABE_ITO[1], OPEN: "#707070", TOO_FEW: "#A0A0A0"}
    for place, verdict in enumerate(listed):
        colour = colours[verdict.kind]
        spread = np.random.default_rng(place).uniform(-_SPREAD, _SPREAD, len(verdict.differences))
        axes.scatter(verdict.differences, place + spread, s=9, color=colour, alpha=0.7, linewidths=0, zorder=3)
        if math.isfinite(verdict.low):
            axes.plot(
                [verdict.low, verdict.high],
                [place, place],
                color=colour,
                linewidth=5,
                alpha=0.35,
                solid_capstyle="butt",
            )
        axes.plot(verdict.effect, place, "|", color="black", markersize=11, markeredgewidth=1.5)
        axes.annotate(
            verdict.words(column),
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
            color=colour,
        )
    axes.axvline(0, color=style.BASELINE, linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(listed)), [verdict.loss for verdict in listed])
    axes.set_ylim(len(listed) - 0.4, -0.6)
    axes.set_title(block, fontsize=9, loc="left")
    _focus(axes, listed)


def _focus(axes: Axes, listed: list[Verdict]) -> None:
    """Set limits that leave out single outlying cases, which would compress all others."""
    values = np.concatenate([verdict.differences.to_numpy() for verdict in listed])
    ends = [limit for verdict in listed for limit in (verdict.low, verdict.high) if math.isfinite(limit)]
    if len(values) < 2 or not ends:
        return
    low, high = np.quantile(values, [0.02, 0.98])
    low, high = min(low, *ends, 0.0), max(high, *ends, 0.0)
    margin = 0.05 * (high - low) or 1e-3
    axes.set_xlim(low - margin, high + margin)
