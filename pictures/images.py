"""Images and masks on a figure's axes; a volume as its maximum projection."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from pictures import style

CLASS_COLOURS = ("#000000", "#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#0072B2")


def show_image(axes: Axes, image: np.ndarray) -> None:
    """Draw an image: grey or RGB, a volume as its maximum projection.

    Args:
        axes: where.
        image: (channels, *spatial), any range of values.
    """
    picture = image.max(axis=1) if image.ndim == 4 else image
    low, high = np.percentile(picture, (0.5, 99.5))
    scaled = np.clip((picture - low) / max(high - low, 1e-9), 0, 1)
    axes.imshow(np.moveaxis(scaled, 0, -1) if len(scaled) == 3 else scaled[0], cmap="gray", vmin=0, vmax=1)
    style.no_ticks(axes)


def show_classes(axes: Axes, mask: np.ndarray, classes: int) -> None:
    """Draw a mask: one class in white on black, several in colours; a volume as its maximum projection.

    Args:
        axes: where.
        mask: class indices.
        classes: number of foreground classes.
    """
    picture = mask.max(axis=0) if mask.ndim == 3 else mask
    colours = ListedColormap(["#000000", "#FFFFFF"]) if classes == 1 else ListedColormap(CLASS_COLOURS)
    axes.imshow(picture, cmap=colours, vmin=0, vmax=colours.N - 1, interpolation="nearest")
    style.no_ticks(axes)
