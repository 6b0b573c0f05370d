"""Pictures of a training: samples, augmented patches, the pixels that its loss calls critical."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from pictures import style
from pictures.images import CLASS_COLOURS, show_classes, show_image
from runs.banner import SMOKE
from training.config import Config

if TYPE_CHECKING:
    import torch

    from data_prep import Prepared

_CRITICAL_LEGEND = (
    ("#FFFFFF", "background"),
    ("#C8C8C8", "found (TP)"),
    ("#E69F00", "false positive"),
    ("#56B4E9", "false negative"),
    ("#000000", "critical, though correct"),
    ("#A02C00", "critical false positive"),
    ("#00367A", "critical false negative"),
)


def samples(data: "Prepared", cases: Sequence[str]) -> Figure:
    """Draw images and masks of some cases; volumes as a slice through the middle and as maximum projections.

    Args:
        data: the dataset.
        cases: names of the cases, one per row.

    Returns:
        The figure.
    """
    volume = data.dims == 3
    titles = (
        ["image", "mask"] if not volume else ["slice of image", "slice of mask", "projection", "projection of mask"]
    )
    per_row = 1 if volume else 2
    rows = -(-len(cases) // per_row)
    figure = Figure(figsize=(11, 2.8 * rows + 0.9), layout="constrained")
    grid = figure.subplots(rows, per_row * len(titles), squeeze=False)
    places = grid.reshape(-1, len(titles))
    for axes, case in zip(places, cases, strict=False):
        _sample(axes, data, case)
        axes[0].set_ylabel(case)
    for axes in places[len(cases) :].ravel():
        axes.set_axis_off()
    for axes, text in zip(grid[0], titles * per_row, strict=True):
        axes.set_title(text)
    style.heading(figure, f"{data.card.title}: images and ground truth")
    if len(data.classes) > 2:
        style.legend(figure, list(zip(CLASS_COLOURS[1:], data.classes[1:], strict=False)))
    return figure


def patches(config: Config, iterations: int = 3) -> Figure:
    """Draw the first patches of a training, augmented as the network gets them.

    Args:
        config: the run's parameters.
        iterations: number of batches.

    Returns:
        The figure.
    """
    drawn = [_batch(config, iteration) for iteration in range(iterations)]
    images = np.concatenate([batch for batch, _ in drawn])[:6]
    labels = np.concatenate([target[:, 0] for _, target in drawn])[:6]
    figure = Figure(figsize=(1.9 * len(images), 4.3), layout="constrained")
    grid = figure.subplots(2, len(images), squeeze=False)
    classes = max(1, int(labels.max()))
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        show_image(grid[0, place], image)
        show_classes(grid[1, place], label, classes)
        grid[0, place].set_title(f"iteration {place // config.batch_size}")
    grid[0, 0].set_ylabel("image")
    grid[1, 0].set_ylabel("ground truth")
    size = " x ".join(str(side) for side in images.shape[2:])
    how = "augmented" if config.augment else "not augmented"
    style.heading(figure, f"Training patches of {size} pixels, {how}")
    return figure


def critical_pixels(config: Config, iteration: int = 0) -> Figure:
    """Draw which pixels the run's loss calls critical, on the trained network's prediction of a batch.

    Args:
        config: the run's parameters; its run has been trained.
        iteration: whose batch.

    Returns:
        The figure: a row for each patch and foreground class.
    """
    import torch

    import losses

    images, target = _batch(config, iteration)
    logits, truth = _logits(config.run_folder, images), target[:, 0]
    masks = losses.critical_pixels(config.loss, logits, torch.from_numpy(target), **config.loss_parameters).numpy()
    prediction = logits.argmax(1).numpy()
    rows = [(patch, value) for patch in range(len(images)) for value in range(1, logits.shape[1])][:4]
    figure = Figure(figsize=(10.5, 2.5 * len(rows) + 1.2), layout="constrained")
    grid = figure.subplots(len(rows), 4, squeeze=False)
    for axes, (patch, value) in zip(grid, rows, strict=True):
        _critical_row(axes, images[patch], truth[patch] == value, prediction[patch] == value, masks[patch, value])
        count, size = int(masks[patch, value].sum()), masks[patch, value].size
        text = f"{count} of {size} pixels critical" if count < size else "all pixels alike"
        axes[3].set_ylabel(text, rotation=270, labelpad=12)
        axes[3].yaxis.set_label_position("right")
        axes[0].set_ylabel(f"patch {patch}, class {value}")
    for axes, text in zip(grid[0], ("image", "ground truth", "prediction", "errors, critical dark"), strict=True):
        axes.set_title(text)
    view = "; maximum projections" if truth.ndim == 4 else ""
    style.heading(
        figure,
        f"{losses.entry(config.loss).title}: the pixels that it calls critical{view}",
        SMOKE if config.smoke else "",
    )
    style.legend(figure, _CRITICAL_LEGEND[1:], columns=3)
    return figure


def _sample(axes: np.ndarray, data: "Prepared", case: str) -> None:
    image, label = data.image(case), data.label(case)
    classes = len(data.classes) - 1
    if label.ndim == 3:
        middle = int(np.argmax((label > 0).sum(axis=(1, 2))))
        show_image(axes[0], image[:, middle])
        show_classes(axes[1], label[middle], classes)
    show_image(axes[-2], image)
    show_classes(axes[-1], label, classes)


def _critical_row(
    axes: Sequence[Axes], image: np.ndarray, truth: np.ndarray, found: np.ndarray, critical: np.ndarray
) -> None:
    show_image(axes[0], image)
    show_classes(axes[1], truth.astype(np.uint8), 1)
    show_classes(axes[2], found.astype(np.uint8), 1)
    # a projection shows the highest number: critical over missed over invented over found
    codes = np.select([truth & found, found & ~truth, truth & ~found], [1, 2, 3], 0)
    if not critical.all():
        codes = np.where(critical, np.array([4, 4, 5, 6])[codes], codes)
    colours = ListedColormap([colour for colour, _ in _CRITICAL_LEGEND])
    axes[3].imshow(codes.max(0) if codes.ndim == 3 else codes, cmap=colours, vmin=0, vmax=6, interpolation="nearest")
    style.no_ticks(axes[3])


def _batch(config: Config, iteration: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a batch exactly as the training draws it."""
    from data_prep import Prepared
    from training import datasets
    from training.patches import Sampler

    data = Prepared(config.data_folder, verify=False)
    sampler = Sampler(
        data,
        datasets.cases_to_train(config, data),
        patch_size=datasets.patch_size(config, data.dims),
        batch_size=config.batch_size,
        foreground_share=config.foreground_share,
        augmented=config.augment,
        seed=config.seed,
    )
    return sampler.batch(iteration)


def _logits(folder: Path, images: np.ndarray) -> "torch.Tensor":
    """Apply a run's trained network, on the CPU."""
    import torch

    from runs.paths import CHECKPOINT
    from runs.record import read_record
    from training import checkpoints, networks

    description = {name: value for name, value in read_record(folder).network.items() if name != "weights"}
    sizes = (description["dims"], description["in_channels"], description["out_channels"])
    network = networks.build(description["name"], *sizes, description["parameters"])
    checkpoints.load_weights(folder / CHECKPOINT, network, description)
    with torch.inference_mode():
        return network.eval()(torch.from_numpy(images)).float()
