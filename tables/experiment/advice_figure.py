"""The figure of which loss is for which structure: a square for each loss and dataset."""

import math
import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle

from pictures import style
from tables.experiment.advice import AT_A_PRICE, OPEN, RECOMMENDED, TOO_FEW, WORSE_ONLY, Advice, Balance, by_loss

_COLOURS = {
    RECOMMENDED: style.OKABE_ITO[0],
    AT_A_PRICE: style.OKABE_ITO[3],
    OPEN: "#E6E6E6",
    WORSE_ONLY: style.OKABE_ITO[1],
    TOO_FEW: "#FFFFFF",
}
_BRIGHT = {RECOMMENDED, WORSE_ONLY}  # dark squares, which want bright text


def draw(found: Sequence[Advice], banner: str = "") -> Figure:
    """Draw the verdict on each loss on each dataset, with its mean standardised effect on the topology.

    Args:
        found: the datasets, at least one.
        banner: what the reader must know first.

    Returns:
        The figure, its losses in the order of the table of all structures.
    """
    losses = by_loss(found)
    figure = Figure(
        figsize=(0.62 * len(found) + 6, 0.26 * len(losses) + 3.6), layout=ConstrainedLayoutEngine(w_pad=0.15)
    )
    axes = figure.subplots()
    for row, balances in enumerate(losses.values()):
        for column, advice in enumerate(found):
            if advice.block in balances:
                _square(axes, row, column, balances[advice.block])
    axes.set_yticks(range(len(losses)), list(losses))
    axes.set_xticks(range(len(found)), [each.title for each in found], rotation=40, ha="left")
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    axes.set(xlim=(-0.5, len(found) - 0.5), ylim=(len(losses) - 0.5, -0.5))
    # from the right: few datasets make the axes narrower than the text
    what = "number: mean standardised effect on clDice and the Betti errors, above 0 where it is better"
    axes.set_xlabel(what, loc="right")
    axes.spines[:].set_visible(False)
    style.heading(figure, "Each loss against Dice&CE: topology, and what it costs in Dice", textwrap.fill(banner, 100))
    style.legend(figure, [(colour, kind) for kind, colour in _COLOURS.items()], columns=3)
    return figure


def _square(axes: Axes, row: int, column: int, balance: Balance) -> None:
    """Draw the verdict as a colour and the effect as a number."""
    corner = (column - 0.48, row - 0.46)
    axes.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=_COLOURS[balance.kind], edgecolor="#BBBBBB", linewidth=0.4))
    if not math.isnan(balance.effect):
        colour = "white" if balance.kind in _BRIGHT else "black"
        axes.text(column, row, f"{balance.effect:+z.1f}", ha="center", va="center", fontsize=7, color=colour)
