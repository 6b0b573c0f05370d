"""The figure of how stable the order of the losses is: rank intervals, and who is better than whom."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pictures import style
from tables.experiment.stability import OVER_ALL, Order

_ACROSS = 3
_NUMBERED = 14  # losses up to which the shares are written into the squares


def draw(orders: Sequence[Order], banner: str = "") -> Figure:
    """Draw the rank intervals of a metric on each dataset, and the wins over all of them, or on the only one.

    Args:
        orders: of one metric, at least one.
        banner: what the reader must know first.

    Returns:
        The figure; the losses of all panels are in the order of the first.
    """
    names = list(dict.fromkeys(name for order in orders for name in order.losses))
    across = min(_ACROSS, len(orders))
    down = -(-len(orders) // across)
    tall = 0.22 * len(names) + 0.9
    square = max(3.6, 0.34 * len(orders[0].losses) + 1.5)
    figure = Figure(figsize=(max(3.3 * across + 2, square + 3, 8.5), down * tall + square + 1.4), layout="constrained")
    (above,), (below,) = figure.subfigures(2, 1, squeeze=False, height_ratios=[down * tall + 0.6, square])
    grid = np.ravel(above.subplots(down, across, squeeze=False, sharex=True, sharey=True))
    for axes, order in zip(grid, orders, strict=False):
        _intervals(axes, order, names)
    for axes in grid[len(orders) :]:
        axes.set_axis_off()
    for place in range(max(0, len(orders) - across), len(orders)):
        grid[place].set_xlabel("rank (1 is best)")
        grid[place].tick_params(labelbottom=True)
    grid[0].set_yticks(range(len(names)), names)
    grid[0].set_ylim(len(names) - 0.5, -0.5)
    _wins(below.subplots(), orders[0])
    title = f"{orders[0].column.title}: rank with its 95 % interval, and share of resamples (%) with the best mean"
    style.heading(figure, title, textwrap.shorten(banner, 150, placeholder=" ..."))
    return figure


def _intervals(axes: Axes, order: Order, names: Sequence[str]) -> None:
    """Draw the rank interval of each loss, and beside it how often it is first."""
    colour = style.OKABE_ITO[1] if order.block == OVER_ALL else style.OKABE_ITO[0]
    numbers = order.numbers
    for place, name in enumerate(order.losses):
        y = names.index(name)
        axes.plot([numbers.low[place], numbers.high[place]], [y, y], color=colour, linewidth=4, alpha=0.4)
        axes.plot(numbers.rank[place], y, "o", color=colour, markersize=4)
        axes.annotate(
            f"{100 * numbers.best[place]:.0f}",
            (1.01, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=7,
            color="#555555",
        )
    axes.set_xlim(0.5, len(names) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    heading = f"{order.block}, {order.cases} cases, {order.runs} run{'s' * (order.runs != 1)}. {order.winner}"
    axes.set_title(textwrap.fill(heading, 44), fontsize=8)
    axes.grid(axis="both", color="#E6E6E6")
    axes.set_axisbelow(True)


def _wins(axes: Axes, order: Order) -> None:
    """Draw how often the row's mean is better than the column's."""
    count = len(order.losses)
    shares = 100 * order.numbers.wins
    np.fill_diagonal(shares, np.nan)
    picture = axes.imshow(shares, cmap="cividis", vmin=0, vmax=100)
    numbers = range(1, count + 1)
    axes.set_yticks(range(count), [f"{n} {name}" for n, name in zip(numbers, order.losses, strict=True)])
    axes.set_xticks(range(count), [str(n) for n in numbers])
    axes.set_title(f"{order.block}:\nhow often the row's mean is better than the column's", fontsize=9)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if count <= _NUMBERED:
        for row, column in zip(*np.nonzero(~np.isnan(shares)), strict=True):
            share = shares[row, column]
            axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=7, color="wk"[int(share > 50)])
    axes.figure.colorbar(picture, ax=axes, label="share of resamples (%)", shrink=0.8)
