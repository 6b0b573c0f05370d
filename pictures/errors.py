"""Pictures of predictions: what is found, missed and invented, and where that affects the skeleton."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from scipy.ndimage import maximum_filter

import topology
from pictures import style
from pictures.images import show_classes, show_image

# in the order of the values of `error_map`
CATEGORIES = (
    ("#FFFFFF", "background"),
    ("#C8C8C8", "found (TP)"),
    ("#CC79A7", "wrong class"),
    ("#E69F00", "false positive"),
    ("#56B4E9", "false negative"),
    ("#A02C00", "false skeleton"),
    ("#00367A", "missed skeleton"),
)
# drawing order in a projection: found pixels hide errors at the surface around them, not a missed or false branch
_RANK = np.array([0, 4, 3, 1, 2, 5, 6], np.uint8)
_THICK_ABOVE = 200  # pixels: a skeleton one pixel wide would vanish in a larger picture


@dataclass(frozen=True)
class Case:
    """One case: image (channels, *spatial), ground truth and prediction (*spatial), class indices."""

    name: str
    image: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray


def error_map(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Return the category of every pixel: what the prediction did there.

    The missed skeleton is that of a ground-truth class where the prediction has another; the false skeleton that of a
    predicted class where the ground truth has another.

    Args:
        truth: class indices, (H, W) or (D, H, W).
        prediction: class indices, same shape.

    Returns:
        Index into `CATEGORIES`, uint8, same shape.
    """
    result = np.zeros(truth.shape, np.uint8)
    wrong = truth != prediction
    result[(truth > 0) & ~wrong] = 1
    result[(truth > 0) & (prediction > 0) & wrong] = 2
    result[(truth == 0) & (prediction > 0)] = 3
    result[(truth > 0) & (prediction == 0)] = 4
    result[wrong & _skeletons(prediction)] = 5
    result[wrong & _skeletons(truth)] = 6
    return result


def flat(errors: np.ndarray) -> np.ndarray:
    """Return the picture of an error map: volumes are projected, skeletons drawn on top, thicker in large images.

    Args:
        errors: from `error_map`.

    Returns:
        Two-dimensional index into `CATEGORIES`.
    """
    picture = np.argsort(_RANK).astype(np.uint8)[_RANK[errors].max(axis=0)] if errors.ndim == 3 else errors
    if max(picture.shape) > _THICK_ABOVE:
        skeleton = maximum_filter(np.where(picture >= 5, picture, 0), size=3)
        picture = np.maximum(picture, skeleton)
    return picture


def predictions(rows: Sequence[Case], titles: Sequence[str], title: str, banner: str = "") -> Figure:
    """Draw image, ground truth, prediction and errors of several cases, one per row.

    Args:
        rows: the cases.
        titles: what to write beside each.
        title: of the figure.
        banner: what the reader must know first.

    Returns:
        The figure.
    """
    figure = Figure(figsize=(11, 2.6 * len(rows) + 1.1), layout="constrained")
    grid = figure.subplots(len(rows), 4, squeeze=False)
    for axes, case, text in zip(grid, rows, titles, strict=True):
        classes = max(int(case.truth.max()), int(case.prediction.max()), 1)
        show_image(axes[0], case.image)
        show_classes(axes[1], case.truth, classes)
        show_classes(axes[2], case.prediction, classes)
        show_errors(axes[3], error_map(case.truth, case.prediction))
        axes[0].set_ylabel(text)
    view = ", maximum projections" if rows[0].truth.ndim == 3 else ""
    for axes, text in zip(grid[0], ("image", "ground truth", "prediction", "errors"), strict=True):
        axes.set_title(text)
    style.heading(figure, title + view, banner)
    style.legend(figure, _legend(rows))
    return figure


def side_by_side(cases: Sequence[tuple[str, Case | None]], title: str, banner: str = "", columns: int = 5) -> Figure:
    """Draw the errors of several losses on one case beside its image and ground truth.

    Args:
        cases: printed name of each loss and its case; None for a missing run.
        title: of the figure.
        banner: what the reader must know first.
        columns: pictures in a row.

    Returns:
        The figure.
    """
    first = next(case for _, case in cases if case is not None)
    count = len(cases) + 2
    rows = -(-count // columns)
    height, width = first.truth.shape[-2:]
    figure = Figure(figsize=(2.6 * columns, rows * (2.5 * height / width + 0.3) + 1.0), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    show_image(grid[0], first.image)
    grid[0].set_title("image")
    show_classes(grid[1], first.truth, max(int(first.truth.max()), 1))
    grid[1].set_title("ground truth")
    for axes, (name, case) in zip(grid[2:], cases, strict=False):
        axes.set_title(name)
        if case is None:
            axes.text(0.5, 0.5, "(no run)", ha="center", va="center")
            style.no_ticks(axes)
        else:
            show_errors(axes, error_map(case.truth, case.prediction))
    for axes in grid[count:]:
        axes.set_axis_off()
    view = ", maximum projections" if first.truth.ndim == 3 else ""
    style.heading(figure, title + view, banner)
    style.legend(figure, _legend([case for _, case in cases if case is not None]))
    return figure


def show_errors(axes: Axes, errors: np.ndarray) -> None:
    """Draw an error map.

    Args:
        axes: where.
        errors: from `error_map`.
    """
    colours = ListedColormap([colour for colour, _ in CATEGORIES])
    axes.imshow(flat(errors), cmap=colours, vmin=0, vmax=len(CATEGORIES) - 1, interpolation="nearest")
    style.no_ticks(axes)
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.5, color="#808080")


def _legend(cases: Sequence[Case]) -> list[tuple[str, str]]:
    """Return the categories that can occur: with one foreground class, no pixel can have the wrong class."""
    several = any(max(int(case.truth.max()), int(case.prediction.max())) > 1 for case in cases)
    return [entry for entry in CATEGORIES[1:] if several or entry[1] != "wrong class"]


def _skeletons(mask: np.ndarray) -> np.ndarray:
    """Return the union of the skeletons of each class."""
    result = np.zeros(mask.shape, bool)
    for value in np.unique(mask[mask > 0]):
        result |= np.asarray(topology.skeletonize(mask == value), bool)
    return result
