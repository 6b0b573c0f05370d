"""The figure of scored predictions: every case of every metric, with means and intervals."""

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pictures import style
from tables import intervals, legends
from tables.scores import summary
from tables.scores.results import Measure, Scores

_COLUMNS = 4
_SPREAD = 0.16  # half the height over which the dots of a method are spread


def draw(scores: Scores) -> Figure:
    """Draw each metric: a dot for each case, the mean with its 95 % interval above, a row for each method.

    Args:
        scores: the scores.

    Returns:
        The figure.
    """
    count = len(scores.measures)
    rows = -(-count // _COLUMNS)
    per_row = -(-count // rows)
    height = 0.55 * len(scores.methods) + 1.0
    figure = Figure(figsize=(max(3.1 * per_row, 6), rows * height + 0.9), layout="constrained")
    grid = figure.subplots(rows, per_row, squeeze=False, sharey=True).ravel()
    for axes, measure in zip(grid, scores.measures, strict=False):
        _panel(axes, scores, measure)
    for axes in grid[count:]:
        axes.set_axis_off()
    grid[0].set_yticks(range(len(scores.methods)), scores.methods)
    grid[0].set_ylim(len(scores.methods) - 0.5, -0.5)
    partial = " ".join(note for note in scores.notes if note.startswith("Partial"))
    figure.supxlabel(f"{legends.FIGURE}{_rough(scores)}", fontsize=8)
    style.heading(figure, "Every case, mean and its 95 % interval", partial)
    return figure


def save(scores: Scores) -> Path:
    """Save the figure beside metrics.csv.

    Args:
        scores: the scores.

    Returns:
        Path of the PNG file.
    """
    return style.save(draw(scores), scores.folder / "scores.png")


def _rough(scores: Scores) -> str:
    """Return a remark if the intervals are of few cases."""
    cases = max(method.cases for method in scores.record.methods)
    return f"; {cases} cases: rough" if intervals.mark(cases) else ""


def _panel(axes: Axes, scores: Scores, measure: Measure) -> None:
    generator = np.random.default_rng(0)
    for place, method in enumerate(scores.methods):
        colour, _ = style.series(place)
        values = scores.of(method, measure.label).dropna().to_numpy(float)
        heights = place + 0.14 + generator.uniform(-_SPREAD, _SPREAD, len(values))
        axes.plot(values, heights, "o", color=colour, alpha=0.35, markersize=3, markeredgewidth=0)
        found = summary.cell(scores, method, measure.label)
        if math.isnan(found.mean):
            axes.text(0.5, place, "undefined", transform=axes.get_yaxis_transform(), ha="center", va="center")
            continue
        if math.isfinite(found.low):
            axes.plot([found.low, found.high], [place - 0.25] * 2, color=colour, linewidth=2.5, solid_capstyle="butt")
        axes.plot(found.mean, place - 0.25, "D", color=colour, markersize=5)
    axes.set_title(measure.heading)
    axes.grid(axis="x", color="#E6E6E6")
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
