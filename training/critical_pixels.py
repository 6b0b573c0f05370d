"""What each loss penalises, as pictures: skeletons, hard pixels, SCNP's logits, CLoss's context, TopoLoss's diagram."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

import losses
import topology
from pictures import style
from pictures.images import show_image
from training.flaws import FlawedPrediction

FOUND, FALSE, MISSED = "#C8C8C8", "#F3D9A0", "#BCDFF4"
CRITICAL, KEEP, REMOVE, ALONE = "#D55E00", "#0072B2", "#D55E00", "#9A9A9A"


def overview(flawed: FlawedPrediction) -> Figure:
    """Draw image, ground truth, probabilities and errors.

    Args:
        flawed: the prediction.

    Returns:
        The figure.
    """
    figure, axes = _row(4, "The example: a prediction with broken and false structures")
    show_image(axes[0], flawed.image)
    axes[1].imshow(_mask(flawed), cmap="gray", interpolation="nearest")
    shown = axes[2].imshow(flawed.p[0, 0], cmap="viridis", vmin=0, vmax=1)
    figure.colorbar(shown, ax=axes[2], shrink=0.7, label="probability p")
    _errors(axes[3], flawed)
    _titles(axes, ("image", "ground truth y", "prediction p", "errors at p > 0.5"))
    style.legend(figure, [(FOUND, "found (TP)"), (FALSE, "false positive"), (MISSED, "false negative")])
    return figure


def soft_skeletons(flawed: FlawedPrediction, iterations: Sequence[int] = (1, 3, 10)) -> Figure:
    """Draw the soft skeleton of p for several numbers of iterations beside the thinned mask.

    Args:
        flawed: the prediction.
        iterations: k, one per picture.

    Returns:
        The figure.
    """
    figure, axes = _row(len(iterations) + 2, "clDice: soft skeletons, through which its gradient goes")
    for place, k in zip(axes, iterations, strict=False):
        shown = place.imshow(topology.soft_skeleton(flawed.p, k)[0, 0], cmap="viridis", vmin=0, vmax=1)
        place.set_title(f"soft skeleton of p, k = {k}")
    figure.colorbar(shown, ax=list(axes[: len(iterations)]), shrink=0.7, label="soft skeleton")
    axes[-2].imshow(topology.soft_skeleton(flawed.target.double(), max(iterations))[0, 0], cmap="gray")
    axes[-2].set_title(f"soft skeleton of y, k = {max(iterations)}")
    axes[-1].imshow(topology.skeletonize(_mask(flawed)), cmap="gray", interpolation="nearest")
    axes[-1].set_title("skeleton of y by thinning")
    return figure


def singled_out(flawed: FlawedPrediction, title: str, variants: dict[str, tuple[str, dict]]) -> Figure:
    """Draw the pixels that losses call critical over the errors of the prediction.

    Args:
        flawed: the prediction.
        title: of the figure.
        variants: printed name to slug and parameters of the loss.

    Returns:
        The figure.
    """
    figure, axes = _row(len(variants), title)
    for place, (name, (slug, parameters)) in zip(axes, variants.items(), strict=True):
        pixels = losses.critical_pixels(slug, flawed.logits, flawed.target, **parameters)[0, 0].numpy()
        _errors(place, flawed)
        _overlay(place, pixels, CRITICAL)
        place.set_title(f"{name}: {pixels.sum()} pixels")
    entries = [(CRITICAL, "critical"), (FOUND, "found (TP)"), (FALSE, "false positive"), (MISSED, "false negative")]
    style.legend(figure, entries)
    return figure


def of_loss(flawed: FlawedPrediction, name: str) -> Figure:
    """Draw what one loss penalises: the errors of the prediction, the critical pixels, and the direction of its push.

    Args:
        flawed: the prediction.
        name: slug of the loss, used with its default parameters.

    Returns:
        The figure.
    """
    figure, axes = _row(3, f"{losses.entry(name).title}: what it penalises", width=3.4)
    pixels = losses.critical_pixels(name, flawed.logits, flawed.target)[0, 0].numpy()
    for place in axes[:2]:
        _errors(place, flawed)
    _overlay(axes[1], pixels, CRITICAL)
    shown = axes[2].imshow(_push(flawed, name, {}), cmap="PuOr_r", vmin=-1, vmax=1)
    figure.colorbar(shown, ax=axes[2], shrink=0.7, label="push on the logit (root of its share)")
    how_many = "all pixels" if pixels.all() else f"{pixels.sum()} critical pixels"
    _titles(axes, ("errors at p > 0.5", how_many, "minus the gradient"))
    entries = [(CRITICAL, "critical"), (FOUND, "found (TP)"), (FALSE, "false positive"), (MISSED, "false negative")]
    style.legend(figure, entries)
    return figure


def scnp_logits(flawed: FlawedPrediction, windows: Sequence[int] = (3, 5, 7)) -> Figure:
    """Draw the logits before and after SCNP.

    Args:
        flawed: the prediction.
        windows: w, one per picture.

    Returns:
        The figure.
    """
    figure, axes = _row(len(windows) + 1, "SCNP: each logit takes the worst of its class in the window")
    limit = float(flawed.logits.abs().max())
    maps = [flawed.logits, *(losses.scnp_logits(flawed.logits, flawed.target, w) for w in windows)]
    for place, z in zip(axes, maps, strict=True):
        shown = place.imshow(z[0, 0], cmap="PuOr_r", vmin=-limit, vmax=limit, interpolation="nearest")
        place.contour(_mask(flawed), [0.5], colors="#009E73", linewidths=0.6)
    figure.colorbar(shown, ax=list(axes), shrink=0.7, label="logit")
    _titles(axes, ("logits z", *(f"SCNP(z), w = {w}" for w in windows)))
    style.legend(figure, [("#009E73", "border of the ground truth")])
    return figure


def persistence(flawed: FlawedPrediction, dims: Sequence[int] = (0, 1), threshold: float = 0.03) -> Figure:
    """Draw the persistence diagram of p with TopoLoss's matching, and the critical pixels in the image.

    Args:
        flawed: the prediction.
        dims: homology dimensions.
        threshold: TopoLoss's persistence threshold.

    Returns:
        The figure.
    """
    figure, axes = _row(2 * len(dims), "TopoLoss: features to keep, to remove, and left alone", width=3.6)
    side = max(flawed.logits.shape)
    for diagram, picture, dim in zip(axes[::2], axes[1::2], dims, strict=True):
        loss = losses.build("topoloss", patch=side, dims=(dim,), persistence_threshold=threshold)
        (problem,) = loss.problems(flawed.logits, flawed.target)
        cells = loss.cells(problem)
        _diagram(diagram, flawed, dim, cells)
        _errors(picture, flawed)
        for pairs, colour in ((cells.remove, REMOVE), (cells.keep, KEEP)):
            _mark(picture, pairs, flawed.logits.shape[-1], colour)
        picture.set_title(f"dimension {dim}: birth ○ and death × pixels")
    style.legend(figure, [(KEEP, "to keep"), (REMOVE, "to remove"), (ALONE, "left alone")])
    return figure


def gradients(flawed: FlawedPrediction, names: Sequence[str], parameters: dict[str, dict] | None = None) -> Figure:
    """Draw for each loss where and in which direction it pushes the logits.

    Args:
        flawed: the prediction.
        names: slugs.
        parameters: of some of them.

    Returns:
        The figure; each picture is scaled to its own largest push.
    """
    columns = 5
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(12, 2.6 * rows + 0.9), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for place in axes:
        place.set_axis_off()
    for place, name in zip(axes, names, strict=False):
        shown = place.imshow(_push(flawed, name, (parameters or {}).get(name, {})), cmap="PuOr_r", vmin=-1, vmax=1)
        place.set_title(losses.entry(name).title)
    figure.colorbar(
        shown, ax=list(axes), shrink=0.5, label="push on the logit, square root of its share of the largest"
    )
    style.heading(figure, "Minus the gradient: orange is pushed up, purple down")
    return figure


def _push(flawed: FlawedPrediction, name: str, parameters: dict) -> np.ndarray:
    """Return minus the gradient of a loss as the square root of its share of the largest, with its sign."""
    z = flawed.logits.clone().requires_grad_()
    losses.build(name, **parameters)(z, flawed.target).backward()
    push = (-z.grad / z.grad.abs().max()).numpy()[0, 0]
    return np.sign(push) * np.abs(push) ** 0.5


def _row(number: int, title: str, width: float = 3.0) -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=(width * number, width + 0.9), layout="constrained")
    axes = figure.subplots(1, number, squeeze=False)[0]
    for place in axes:
        style.no_ticks(place)
    style.heading(figure, title)
    return figure, axes


def _titles(axes: np.ndarray, texts: Sequence[str]) -> None:
    for place, text in zip(axes, texts, strict=True):
        place.set_title(text)


def _mask(flawed: FlawedPrediction) -> np.ndarray:
    return flawed.target[0, 0].numpy() > 0


def _errors(place: Axes, flawed: FlawedPrediction) -> None:
    y, b = _mask(flawed), (flawed.logits[0, 0] > 0).numpy()
    place.imshow(2 * y + b, cmap=ListedColormap(["#FFFFFF", FALSE, MISSED, FOUND]), vmin=0, vmax=3)


def _overlay(place: Axes, pixels: np.ndarray, colour: str) -> None:
    place.imshow(np.ma.masked_where(~pixels, pixels), cmap=ListedColormap([colour]), interpolation="nearest")


def _diagram(place: Axes, flawed: FlawedPrediction, dim: int, cells: "losses.topoloss.CriticalCells") -> None:
    p = flawed.p.flatten()
    features = topology.persistence_pairs(1 - flawed.p[0, 0], (dim,))
    place.scatter(1 - features.birth, 1 - features.death, s=8, color=ALONE)
    for pairs, colour in ((cells.remove, REMOVE), (cells.keep, KEEP)):
        place.scatter(p[pairs[:, 0]], p[pairs[:, 1]], s=22, color=colour, edgecolor="white", linewidth=0.4)
    place.plot([0, 1], [0, 1], color="#808080", linewidth=0.8)
    place.set_xlim(-0.03, 1.03)
    place.set_ylim(-0.03, 1.03)
    place.set_aspect("equal")
    place.set_xticks([0, 0.5, 1])
    place.set_yticks([0, 0.5, 1])
    place.set_xlabel("p at birth")
    place.set_ylabel("p at death")
    place.set_title(f"dimension {dim}: diagram of p")


def _mark(place: Axes, pairs: np.ndarray, width: int, colour: str) -> None:
    for column, marker in ((0, "o"), (1, "x")):
        rows, columns = np.divmod(pairs[:, column], width)
        faces = {"facecolors": "none", "edgecolors": colour} if marker == "o" else {"color": colour}
        place.scatter(columns, rows, s=16, marker=marker, linewidth=1, **faces)
