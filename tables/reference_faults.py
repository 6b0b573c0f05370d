"""Errors of the published codes themselves, each shown on a small example, with a number.

The faults are reimplemented in a few lines from their description; none of the code is that of the references.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import ndimage

import topology
from pictures import style

Mask = npt.NDArray[np.bool_]
_FULL_2D = np.ones((3, 3))


@dataclass(frozen=True)
class Fault:
    """A fault on an example.

    Attributes:
        title: what is wrong.
        where: the published code, and the results that rest on it.
        quantity: what the two numbers are.
        published: as in the published code.
        right: as it should be.
        draw: draws the example into two axes.
    """

    title: str
    where: str
    quantity: str
    published: float
    right: float
    draw: Callable[[Axes, Axes], None]

    @property
    def sentence(self) -> str:
        """Return the numbers in words."""
        return f"{self.quantity}: {self.published:g} in the published code, {self.right:g} would be right"


def all_faults() -> list[Fault]:
    """Compute every fault.

    Returns:
        The faults, each with the number that this function computed.
    """
    return [
        scrambled_axes(),
        reversed_targets(),
        zero_baseline(),
        no_betti_number(),
        empty_volume(),
        removed_components(),
    ]


def figure(faults: Sequence[Fault]) -> Figure:
    """Draw faults, one below another.

    Args:
        faults: from `all_faults`.

    Returns:
        Two pictures for each, side by side.
    """
    drawn = Figure(figsize=(9, 3.0 * len(faults)), layout="constrained")
    parts = np.atleast_1d(np.asarray(drawn.subfigures(len(faults), 1), dtype=object))
    for fault, part in zip(faults, parts, strict=True):
        first, second = part.subplots(1, 2)
        fault.draw(first, second)
        part.suptitle(f"{fault.title}\n{fault.sentence}", fontsize=10)
    return drawn


def frame(faults: Sequence[Fault]) -> pd.DataFrame:
    """Return the faults as a table.

    Args:
        faults: from `all_faults`.

    Returns:
        One row each.
    """
    columns = ("title", "where", "quantity", "published", "right")
    return pd.DataFrame([{name: getattr(fault, name) for name in columns} for fault in faults])


def scrambled_axes() -> Fault:
    """Persistence on mixed-up axes: the pixels are passed row by row and read column by column."""
    image = np.ones((7, 19))
    image[1:6, 9] = np.linspace(0.1, 0.2, 5)
    mixed = image.ravel().reshape(image.shape, order="F")

    def draw(first: Axes, second: Axes) -> None:
        _show(first, image < 1, "a bar in a 7 x 19 patch")
        _show(second, mixed < 1, "as the published code lets GUDHI see it")

    return Fault(
        "Persistence on mixed-up axes",
        "TopoLoss, PHPM and TopoMortar's TopoLoss on all patches but squares and cubes; HPM's in 3D are 72 x 128 x 128",
        "finite components of a bar",
        len(topology.persistence_pairs(mixed, (0,))),
        len(topology.persistence_pairs(image, (0,))),
        draw,
    )


def reversed_targets() -> Fault:
    """TopoLoss's targets of a feature to be kept: 0 at its birth and 1 at its death, reversed from the paper."""
    p = np.array([0.05, 0.9, 0.6, 0.5, 0.3, 0.5, 0.6, 0.8, 0.05])
    pairs = topology.persistence_pairs(1 - p[np.newaxis], (0,))
    birth, death = int(pairs.birth_cell[0, 1]), int(pairs.death_cell[0, 1])
    targets = {"published": {birth: 0.0, death: 1.0}, "right": {birth: 1.0, death: 0.0}}

    def draw(first: Axes, second: Axes) -> None:
        for axes, kind, title in ((first, "right", "paper: raise the peak"), (second, "published", "code: lower it")):
            axes.plot(p, "o-", color=style.OKABE_ITO[0], label="prediction")
            for pixel, target in targets[kind].items():
                arrow = {"arrowstyle": "->", "color": style.OKABE_ITO[3], "lw": 2}
                axes.annotate("", (pixel, target), (pixel, p[pixel]), arrowprops=arrow)
            axes.set(title=title, xlabel="pixel", ylabel="probability", ylim=(-0.1, 1.1))

    return Fault(
        "Targets the wrong way round",
        "TopoLoss (and HPM's port of it): both components of the truth are to be kept",
        "target at the second component's peak of 0.8",
        targets["published"][birth],
        targets["right"][birth],
        draw,
    )


def zero_baseline() -> Fault:
    """HPM's clDice baseline: the sums leave out channel 0, and its networks have one channel."""
    truth = _tube()
    predictions = {
        "perfect": truth,
        "broken": truth & (np.arange(truth.shape[1]) % 9 > 2),
        "empty": np.zeros_like(truth),
    }
    right = {name: _cldice_loss(prediction[np.newaxis], truth[np.newaxis]) for name, prediction in predictions.items()}
    published = {
        name: _cldice_loss(prediction[np.newaxis][1:], truth[np.newaxis][1:])
        for name, prediction in predictions.items()
    }

    def draw(first: Axes, second: Axes) -> None:
        _show(first, predictions["broken"], "a broken prediction")
        places = np.arange(len(right))
        second.bar(places - 0.2, list(right.values()), 0.38, color=style.OKABE_ITO[0], label="clDice loss")
        second.bar(places + 0.2, list(published.values()), 0.38, color=style.OKABE_ITO[3], label="published code")
        second.set_xticks(places, list(right))
        second.set(title="the loss of three predictions", ylabel="1 - clDice")
        second.legend()

    return Fault(
        "A clDice baseline that is always 0",
        "HPM, table 1, rows U-Net + clDice: trained without any clDice",
        "clDice loss of a broken prediction",
        published["broken"],
        right["broken"],
        draw,
    )


def no_betti_number() -> Fault:
    """HPM's second Betti error: background components with the full adjacency for both, not framed."""
    diamond = np.zeros((15, 15), bool)
    steps = np.abs(np.add.outer(np.arange(15) - 7, np.zeros(15, int))) + np.abs(np.arange(15) - 7)
    diamond |= steps == 5

    def draw(first: Axes, second: Axes) -> None:
        _show(first, diamond, "a ring of diagonal steps")
        _show(second, ndimage.label(~diamond, _FULL_2D)[0], "its background by full adjacency: one piece")

    return Fault(
        "A Betti error that is of no Betti number",
        "HPM, table 1: both foreground and background are joined over corners, so this ring has no inside",
        "loops of a ring of diagonal steps, against an empty image",
        float(_background_pieces(diamond) - _background_pieces(np.zeros_like(diamond))),
        float(topology.betti_numbers(diamond)[1]),
        draw,
    )


def empty_volume() -> Fault:
    """Return the same in 3D, where pieces of the background are cavities: a ring has none."""
    ring = np.zeros((5, 11, 11), bool)
    ring[2, 2:9, 2:9] = True
    ring[2, 4:7, 4:7] = False

    def draw(first: Axes, second: Axes) -> None:
        _show(first, ring.max(axis=0), "a ring in a volume (projection)")
        _show(second, np.zeros((11, 11)), "an empty volume")

    return Fault(
        "In 3D the loops are not counted at all",
        "HPM, table 1, ICAS-d: the second Betti error is 0.000 in every row",
        "second Betti error of an empty volume against a ring",
        float(abs(_background_pieces(ring) - _background_pieces(np.zeros_like(ring)))),
        float(topology.betti_numbers(ring)[1]),
        draw,
    )


def removed_components() -> Fault:
    """HPM's evaluation removes components below 100 pixels (and holes below 10) from prediction and truth first."""
    truth = _tube()
    prediction = truth.copy()
    prediction[2:44:6, 2:94:8] = True
    cleaned = {"prediction": _without_small(prediction), "truth": _without_small(truth)}

    def draw(first: Axes, second: Axes) -> None:
        _show(first, prediction, "a prediction with specks")
        _show(second, cleaned["prediction"], "what the published code evaluates")

    count = topology.count_components
    return Fault(
        "Components are removed before they are counted",
        "HPM, table 1: the paper does not mention it",
        "error in the number of components",
        float(abs(count(cleaned["prediction"]) - count(cleaned["truth"]))),
        float(abs(count(prediction) - count(truth))),
        draw,
    )


def _tube() -> Mask:
    rows, columns = np.mgrid[:48, :96]
    return np.abs(rows - 24 - 10 * np.sin(columns / 12)) <= 2


def _cldice_loss(prediction: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    """1 - clDice of channels (C, H, W), with the published smoothing of 1; without any channel, both ratios are 1."""

    def covered(of: npt.NDArray[np.bool_], by: npt.NDArray[np.bool_]) -> float:
        skeletons = np.array([topology.skeletonize(channel) for channel in of], dtype=bool).reshape(of.shape)
        return (float((skeletons & by).sum()) + 1) / (float(skeletons.sum()) + 1)

    precision, sensitivity = covered(prediction, truth), covered(truth, prediction)
    return 1 - 2 * precision * sensitivity / (precision + sensitivity)


def _background_pieces(mask: Mask) -> int:
    return int(ndimage.label(~mask, np.ones((3,) * mask.ndim))[1])


def _without_small(mask: Mask) -> Mask:
    labels, _ = ndimage.label(mask, _FULL_2D)
    large = np.bincount(labels.ravel()) >= 100
    large[0] = False
    holes, _ = ndimage.label(~large[labels])
    small = np.bincount(holes.ravel()) < 10
    small[0] = False
    return large[labels] | small[holes]


def _show(axes: Axes, image: npt.NDArray[np.generic], title: str) -> None:
    axes.imshow(image, cmap="gray", interpolation="nearest")
    axes.set_title(title)
    axes.set_axis_off()
