"""A few cases of a dataset on one sheet, with outlines and numbers: a wrong coding or a flip is visible at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from data_prep.prepared.read import Prepared
from topology import betti_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# longest side of a picture in pixels; Okabe and Ito's colours, told apart by everyone
_SIDE = 480
_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
_ROW = 3
# of an outline in a picture that is not made smaller, in pixels
_WIDTH = 2


def contact_sheet(data: Prepared, path: str | Path, count: int = 6) -> Path:
    """Draw cases spread over the dataset: image, outlines of each class, what is ignored, and numbers of the label.

    Args:
        data: the dataset.
        path: of the PNG file; its folder is created if missing.
        count: number of cases, at least 1; fewer if there are fewer.

    Returns:
        The path.

    Raises:
        ValueError: `count` is smaller than 1.
        PreparationError: a file cannot be read.
        OSError: the file cannot be written.
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1, got {count}")
    cases = _spread(data.cases("train") + data.cases("test"), count)
    figure = _draw(data, cases)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    return path


def _spread(cases: list[str], count: int) -> list[str]:
    count = min(count, len(cases))
    return [cases[position * len(cases) // count] for position in range(count)]


def _draw(data: Prepared, cases: list[str]) -> "Figure":
    from matplotlib.figure import Figure

    columns = min(_ROW, len(cases))
    rows = -(-len(cases) // columns)
    figure = Figure(figsize=(4.2 * columns, 0.9 + 4.9 * rows), layout="constrained")
    figure.suptitle(_describe(data), fontsize=10, x=0.01, ha="left")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, case in zip(axes, cases, strict=False):
        _draw_case(axis, data, case)
    return figure


def _describe(data: Prepared) -> str:
    """Return the meaning of the colours, and the values of the classes in the files."""
    classes = ", ".join(
        f"{index} {name}" + (f" ({_name_colour(index)} outline)" if index else "")
        for index, name in enumerate(data.classes)
    )
    ignored = "" if data.ignore_index is None else f", {data.ignore_index} ignored"
    ignored += ", grey veil: enters neither losses nor metrics" if data.has_ignored else ""
    coding = data.card.more.get("coding") or {}
    in_files = "; in the files: " + ", ".join(f"{value} is {meaning}" for value, meaning in coding.items())
    counts = f"{len(data.cases('train'))} training and {len(data.cases('test'))} test cases"
    return f"{data.card.title} ({data.name}): {counts}\nclasses: {classes}{ignored}{in_files if coding else ''}"


def _name_colour(index: int) -> str:
    names = ("orange", "light blue", "green", "yellow", "blue", "red", "pink")
    return names[(index - 1) % len(names)]


def _draw_case(axis: "Axes", data: Prepared, case: str) -> None:
    image = data.image(case)
    label = data.label(case) if data.has_label(case) else None
    ignored = data.ignored(case)
    where = ""
    if data.dims == 3:
        level = _fullest(label) if label is not None else image.shape[1] // 2
        where = f", slice {level} of {image.shape[1]}"
        image = image[:, level]
    picture = _magnify(_to_rgb(image))
    if label is not None:
        section = label if data.dims == 2 else label[level]
        picture = _outline(picture, _magnify(section), len(data.classes))
    if ignored is not None:
        veil = _magnify(ignored if data.dims == 2 else ignored[level])
        picture = np.where(veil[..., None], 0.5 * picture + 0.4, picture)
    step = _step(picture.shape[:2])
    axis.imshow(picture[::step, ::step], interpolation="nearest")
    axis.set_title(f"{case}{where}\n{_measure(data, label, ignored)}", fontsize=8, loc="left")


def _step(shape: tuple[int, ...]) -> int:
    return max(1, -(-max(shape) // _SIDE))


def _magnify(section: np.ndarray) -> np.ndarray:
    """Repeat the pixels of a small picture, so that outlines are thin compared with what they enclose."""
    times = max(1, _SIDE // max(section.shape[:2]))
    return section.repeat(times, axis=0).repeat(times, axis=1)


def _fullest(label: np.ndarray) -> int:
    return int((label > 0).sum(axis=(1, 2)).argmax())


def _to_rgb(image: np.ndarray) -> np.ndarray:
    """Stretch the channels to [0, 1]; if there are not one or three, the first is shown in grey."""
    channels = image if len(image) == 3 else image[:1]
    low, high = np.percentile(channels, (0.5, 99.5))
    grey = np.clip((channels - low) / max(high - low, 1e-6), 0, 1)
    return np.moveaxis(np.broadcast_to(grey, (3, *grey.shape[1:])), 0, -1).astype(np.float64)


def _outline(picture: np.ndarray, label: np.ndarray, classes: int) -> np.ndarray:
    from matplotlib.colors import to_rgb

    picture, step = picture.copy(), _step(label.shape)
    for index in range(1, classes):
        mask = label == index
        edge = mask & ~ndimage.binary_erosion(mask, iterations=1 if step > 1 else _WIDTH, border_value=1)
        if step > 1:
            # thick enough to be seen in the smaller picture
            edge = ndimage.maximum_filter(edge, size=step)
        picture[edge] = to_rgb(_COLOURS[(index - 1) % len(_COLOURS)])
    return picture


def _measure(data: Prepared, label: np.ndarray | None, ignored: np.ndarray | None) -> str:
    if label is None:
        return "no ground truth: predicted, not measured"
    counted = label if ignored is None else label[~ignored]
    lines: list[Any] = []
    for index, name in enumerate(data.classes[1:], start=1):
        share = float((counted == index).mean()) if counted.size else 0.0
        betti = betti_numbers(label == index, data.card.adjacency)
        lines.append(f"{name}: {share:.1%}, {betti[0]} components, {betti[1]} loops")
    return "\n".join(lines)
