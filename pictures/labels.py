"""Labels of points that overlap neither each other nor the points."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes

_DIRECTIONS = ((1, 0), (1, 1), (1, -1), (0, 1), (0, -1), (-1, 0), (-1, 1), (-1, -1))
_STEPS = (1.0, 1.8, 2.8, 4.0, 5.5)


def label_points(axes: Axes, x: Sequence[float], y: Sequence[float], texts: Sequence[str], size: float = 8) -> None:
    """Write a text beside each point, in the nearest free place, with a thin line to the point if it is not adjacent.

    Args:
        axes: with its limits and scales set, and on a figure of its final size.
        x: of the points.
        y: of the points.
        texts: short ones.
        size: of the font in points.

    Raises:
        ValueError: axes without a figure.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ValueError("labels need axes that belong to a figure")
    figure.draw_without_rendering()
    pixels = axes.transData.transform(np.column_stack([x, y]))
    unit = size * figure.dpi / 72
    taken = [_box(point, 0.7 * unit, 0.7 * unit) for point in pixels]
    for point, spot, text in sorted(zip(pixels.tolist(), zip(x, y, strict=True), texts, strict=True)):
        width, height = 0.62 * unit * len(text) + 2, 1.15 * unit
        places = list(_places(np.array(point), unit, width))
        free = (place for place in places if not any(_overlap(_box(place, width, height), box) for box in taken))
        place = next(free, places[0])
        taken.append(_box(place, width, height))
        far = np.hypot(*(place - point)) > 1.6 * unit + width / 2
        offset = (place - point) * 72 / figure.dpi
        line = {"arrowstyle": "-", "color": "#A0A0A0", "linewidth": 0.6} if far else None
        label = axes.annotate(text, spot, offset, textcoords="offset points", ha="center", va="center", fontsize=size,
                              arrowprops=line, annotation_clip=False)  # fmt: skip
        label.set_in_layout(False)


def _places(point: np.ndarray, unit: float, width: float) -> Iterator[np.ndarray]:
    """Yield centres for a label around a point, the nearest first."""
    for step in _STEPS:
        for across, up in _DIRECTIONS:
            yield point + np.array([across * (0.6 * unit * step + width / 2), up * unit * step])


def _box(centre: Sequence[float] | np.ndarray, width: float, height: float) -> tuple[float, float, float, float]:
    return centre[0] - width / 2, centre[1] - height / 2, centre[0] + width / 2, centre[1] + height / 2


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
