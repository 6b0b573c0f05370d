"""What the datasets share when they read official files: where the files lie, and what their pixels may be."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from data_prep._problems import PreparationError
from data_prep.reading.formats import decode

# paths that a message names before it only counts
_NAMED = 3


def find_root(source: Path, folders: Sequence[str], markers: Sequence[str], where: str) -> Path:
    """Find the folder that holds an official layout: the source itself, or one below it.

    Archives often wrap everything in a folder of their own, so after the usual names every folder down to three levels
    is looked at.

    Args:
        source: folder that the user gave.
        folders: relative paths that the layout may lie in; "" is tried first anyway.
        markers: relative paths of which one at least is in the right folder; may hold wildcards.
        where: where to get the dataset, for the message.

    Returns:
        The folder.

    Raises:
        PreparationError: no such folder, or several.
    """
    for folder in ("", *folders):
        if _has_any(source / folder, markers):
            return source / folder
    for pattern in ("*", "*/*", "*/*/*"):
        found = [folder for folder in sorted(source.glob(pattern)) if folder.is_dir() and _has_any(folder, markers)]
        if len(found) > 1:
            raise PreparationError(
                f"{source}: the layout is there twice, in {found[0]} and {found[1]}; give one of them"
            )
        if found:
            return found[0]
    places = " or ".join(str(source / marker) for marker in markers)
    raise PreparationError(f"{source}: expected {places} (also looked in the folders below); {where}")


def _has_any(folder: Path, markers: Sequence[str]) -> bool:
    return any(True for marker in markers for _ in folder.glob(marker))


def read_image(path: Path, channels: int) -> np.ndarray:
    """Read a 2D image of 8 bits.

    Args:
        path: the file.
        channels: 1 (grey) or 3 (RGB).

    Returns:
        (channels, H, W), uint8.

    Raises:
        PreparationError: unreadable, or another kind of image.
    """
    image, _ = decode(path)
    if image.ndim == 2:
        image = image[..., np.newaxis]
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != channels:
        kind = {1: "grey", 3: "RGB"}[channels]
        raise PreparationError(f"{path}: expected an 8 bit {kind} image, got {image.dtype} {image.shape}; get it again")
    return np.moveaxis(image, -1, 0)


def read_mask(path: Path, coding: Mapping[int, int]) -> np.ndarray:
    """Read a 2D mask and translate its values.

    Args:
        path: the file; grey, or RGB with three equal channels. One bit reads as 0 and 255.
        coding: {value in the file: class index}.

    Returns:
        (H, W), uint8, class indices.

    Raises:
        PreparationError: unreadable, not one channel, or a value that the coding does not have.
    """
    mask, _ = decode(path)
    if mask.ndim == 3 and mask.shape[-1] == 3 and (mask == mask[..., :1]).all():
        mask = mask[..., 0]
    if mask.dtype == bool:
        mask = mask * np.uint8(255)
    if mask.ndim != 2:
        raise PreparationError(f"{path}: expected a mask of one channel, got {mask.shape}; get it again")
    return translate(mask, coding, path)


def translate(mask: np.ndarray, coding: Mapping[int, int], path: Path) -> np.ndarray:
    """Translate a mask's values into class indices.

    Args:
        mask: of any shape.
        coding: {value in the file: class index}.
        path: for the message.

    Returns:
        uint8, same shape.

    Raises:
        PreparationError: a value that the coding does not have.
    """
    label = np.zeros(mask.shape, np.uint8)
    known = np.zeros(mask.shape, bool)
    for value, index in coding.items():
        is_value = mask == value
        label[is_value] = index
        known |= is_value
    if not known.all():
        values = np.unique(mask[~known])
        shown = ", ".join(map(str, values[:8].tolist())) + (", ..." if len(values) > 8 else "")
        allowed = ", ".join(map(str, coding))
        raise PreparationError(
            f"{path}: a mask may hold the values {allowed}, got also {shown}; get the file again as released (not "
            "resized, not saved as JPEG)"
        )
    return label


def find_lone(pairs: Iterable[tuple[Path, Path]]) -> list[str]:
    """Give one line for each pair of paths of which only one exists."""
    problems = []
    for first, second in pairs:
        for there, absent in ((first, second), (second, first)):
            if there.is_file() and not absent.is_file():
                problems.append(f"{absent}: missing, but its partner {there} is there; get it, or remove the partner")
    return problems


def describe_missing(what: str, expected: int, absent: Sequence[str | Path]) -> str:
    """Give one line on missing files: how many of how many, and the first of them.

    Args:
        what: such as "TopoMortar, test".
        expected: official number.
        absent: what is missing; names or paths.

    Returns:
        The line.
    """
    shown = ", ".join(map(str, absent[:_NAMED])) + (", ..." if len(absent) > _NAMED else "")
    return f"{what}: {len(absent)} of {expected} images are missing ({shown}); complete the download"


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Refuse an option's value that is none of its choices.

    Args:
        name: of the option.
        value: what came.
        choices: what may come.

    Raises:
        ValueError: another value.
    """
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, choices))}, got {value!r}")
