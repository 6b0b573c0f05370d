"""Published beside measured values of a paper's table, as dots."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pictures import style

_PUBLISHED, _MEASURED = style.OKABE_ITO[1], style.OKABE_ITO[0]
_ABSENT = "#A0A0A0"
_PANELS = 4  # in a row
_WIDE = 30.0  # largest over smallest value from which an axis is logarithmic
_SIGNS = {"up": " ↑", "down": " ↓"}


def dots(cells: pd.DataFrame, title: str, banner: str = "") -> Figure:
    """Draw one panel for each column of a table: published and measured value of each row.

    Args:
        cells: of one table, from `tables.papers.cells.cells`.
        title: what it shows.
        banner: what the reader must know first; "" for nothing.

    Returns:
        The figure: hollow diamonds are published, filled dots measured with the 95 % interval of the mean; a row
        without a measured value has a grey cross at the border. Values that span more than a factor of 30 lie on a
        logarithmic axis.
    """
    columns = list(dict.fromkeys(cells["column"]))
    rows = list(dict.fromkeys(cells["row"]))
    across = min(_PANELS, len(columns))
    down = -(-len(columns) // across)
    label = max(map(len, rows)) * 0.062
    size = (label + 2.7 * across + 0.3, down * (0.19 * len(rows) + 0.75) + 1.1)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for axes, column in zip(grid, columns, strict=False):
        _panel(axes, cells[cells["column"] == column], rows)
    for axes in grid[len(columns) :]:
        axes.set_axis_off()
    grid[0].set_yticks(range(len(rows)), rows)
    grid[0].set_ylim(len(rows) - 0.5, -0.5)
    style.heading(figure, title, banner)
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def _legend() -> list[Line2D]:
    """Return the marks of the panels for the legend."""
    return [
        Line2D(
            [], [], marker="D", markersize=5, markerfacecolor="none", color=_PUBLISHED, label="published", linestyle=""
        ),
        Line2D(
            [], [], marker="o", markersize=5, color=_MEASURED, label="measured, 95 % interval of the mean", linestyle=""
        ),
        Line2D([], [], marker="x", markersize=5, color=_ABSENT, label="not measured", linestyle=""),
    ]


def _panel(axes: Axes, cells: pd.DataFrame, rows: list[str]) -> None:
    """Draw one column of the table."""
    places = [rows.index(row) for row in cells["row"]]
    cells = cells.assign(place=places)
    _scale(axes, cells)
    for place in range(0, len(rows), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="#F4F4F4", zorder=0, linewidth=0)
    printed = cells[cells["published"].notna()]
    spots = axes.scatter(printed["published"], printed["place"] - 0.12, marker="D", s=20, linewidths=1.2, zorder=3)
    spots.set(facecolor="none", edgecolor=_PUBLISHED)
    measured = cells[cells["measured"].notna()]
    reach = [
        np.nan_to_num((measured["measured"] - measured["ci_low"]).clip(lower=0).to_numpy(float)),
        np.nan_to_num((measured["ci_high"] - measured["measured"]).clip(lower=0).to_numpy(float)),
    ]
    where = measured["place"] + 0.12
    axes.errorbar(
        measured["measured"], where, xerr=reach, fmt="none", color=_MEASURED, capsize=2, linewidth=1, zorder=3
    )
    axes.scatter(measured["measured"], where, s=18, color=_MEASURED, zorder=4)
    absent = cells[cells["measured"].isna()]
    border = np.full(len(absent), 0.02)
    axes.scatter(border, absent["place"] + 0.12, marker="x", s=14, color=_ABSENT, transform=axes.get_yaxis_transform())
    first = cells.iloc[0]
    axes.set_title(f"{first['column']}{_SIGNS.get(first['direction'], '')}", fontsize=9)
    axes.grid(axis="x", color="#E0E0E0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.08)
    axes.tick_params(axis="y", length=0)


def _scale(axes: Axes, cells: pd.DataFrame) -> None:
    """Make an axis logarithmic if values span a factor of 30, linear below 1 if they reach 0; not for shares."""
    values = pd.concat([cells["published"], cells["measured"]]).dropna()
    if values.empty or values.min() < 0 or cells["unit"].iloc[0] in ("percent", "fraction"):
        return
    smallest = float(values[values > 0].min()) if (values > 0).any() else 1.0
    if float(values.max()) / max(smallest, 1.0 if values.min() == 0 else 0.0) <= _WIDE:
        return
    if values.min() > 0:
        axes.set_xscale("log")
    else:
        axes.set_xscale("symlog", linthresh=1)
