"""How all figures look: colours that colour-blind readers tell apart (Okabe and Ito), sizes, saving."""

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation

from runs.files import atomic

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#F0E442")
BASELINE = "#4D4D4D"  # Dice&CE in every figure
SMOKE_COLOUR = "#D55E00"
DPI = 130
_LETTERS_PER_INCH = 13  # of a banner

mpl.rcParams.update({"font.size": 9, "axes.titlesize": 10, "axes.spines.top": False, "axes.spines.right": False})
mpl.rcParams["pdf.fonttype"] = 42  # text stays text


def heading(figure: Figure, title: str, banner: str = "") -> None:
    """Put a title on a figure, and below it what the reader must know first.

    Args:
        figure: the figure.
        title: what it shows.
        banner: for example that a run is only a smoke run; "" for nothing.
    """
    banner = textwrap.fill(banner, int(_LETTERS_PER_INCH * figure.get_figwidth()))
    empty = "\n" * len(banner.splitlines())
    text = figure.suptitle(f"{title}{empty}", fontsize=12, fontweight="bold")
    if banner:  # on the empty lines, for which the layout leaves room
        place: dict[str, Any] = {
            "xy": (0.5, 0),
            "xycoords": text,
            "ha": "center",
            "va": "bottom",
            "annotation_clip": False,
        }
        figure.add_artist(Annotation(banner, color=SMOKE_COLOUR, fontsize=9, in_layout=False, **place))


def legend(figure: Figure, entries: Iterable[tuple[str, str]], columns: int = 6, dashed: str = "") -> None:
    """Put a legend of coloured patches below a figure.

    Args:
        figure: the figure.
        entries: colour and text of each.
        columns: entries in a row.
        dashed: text of a dashed line in the baseline's colour; "" for none.
    """
    handles: list[Patch | Line2D] = [
        Patch(facecolor=colour, edgecolor="#808080", linewidth=0.5, label=text) for colour, text in entries
    ]
    handles += [Line2D([], [], color=BASELINE, linestyle="--", label=dashed)] if dashed else []
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)


def series(place: int) -> tuple[str, int]:
    """Return how one of many series is told from the others.

    Args:
        place: of the series, from 0.

    Returns:
        Its colour; and how many earlier series have the same one, for marker or line to tell apart.
    """
    again, colour = divmod(place, len(OKABE_ITO))
    return OKABE_ITO[colour], again


def no_ticks(axes: Axes) -> None:
    """Remove ticks and frame from an image's axes."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def save(figure: Figure, path: str | Path) -> Path:
    """Save a figure as PNG, and beside it as PDF for papers; each file is written completely or not at all.

    Args:
        figure: the figure.
        path: of the PNG file; missing folders are created.

    Returns:
        Path of the PNG file.
    """
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=DPI)
    with atomic(Path(path).with_suffix(".pdf")) as temporary:
        # without the date, the same figure gives the same file
        figure.savefig(temporary, dpi=DPI, metadata={"CreationDate": None})
    return Path(path)
