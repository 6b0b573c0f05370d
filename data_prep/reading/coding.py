"""The meaning of the values in a user's masks: read off all of them, or required as an option instead of a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_prep._problems import PreparationError
from data_prep.reading.decode import decode, decode_mask
from data_prep.reading.images import translate

# a mask with more values is a picture
_MOST_CLASSES = 64
_LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif", ".webp")
# shares of foreground above which a mask may be inverted
_MUCH = 0.5
_IGNORED = 255


@dataclass(frozen=True)
class Coding:
    """How mask values become class indices.

    Attributes:
        indices: {value in the files: class index}; the ignored value has the index after the last class.
        classes: names, background first.
        ignored: the value whose pixels losses and metrics ignore; None: there is none.
        dims: number of axes of the masks.
        warnings: what is allowed but unusual.
    """

    indices: Mapping[int, int]
    classes: Sequence[str]
    ignored: int | None
    dims: int
    warnings: Sequence[str]

    def describe(self) -> dict[str, str]:
        """Return {value in the files: what it means}."""
        return {
            str(value): "ignored" if value == self.ignored else f"{index} {self.classes[index]}"
            for value, index in self.indices.items()
        }

    def read(self, path: Path) -> np.ndarray:
        """Read one mask as class indices."""
        return translate(read_values(path), self.indices, path)


@dataclass
class _Found:
    """Values of all masks: how many pixels have each, and the first file that has it."""

    pixels: dict[int, int]
    first: dict[int, Path]
    dims: dict[int, Path]

    def describe(self) -> str:
        total = sum(self.pixels.values())
        shown = [f"{v} ({self.pixels[v] / total:.2%}, as in {self.first[v].name})" for v in sorted(self.pixels)[:8]]
        return ", ".join(shown) + (", ..." if len(self.pixels) > len(shown) else "")


def find_coding(masks: Sequence[Path], classes: Sequence[str], ignore: int | None, background: int) -> Coding:
    """Determine what the values of masks mean.

    Two values are background and foreground. More than two, or a background that is not certain, are never guessed:
    the error shows the values with their shares and says which option decides.

    Args:
        masks: all of them; read one at a time.
        classes: the user's names, background first; () if none were given.
        ignore: the user's value of ignored pixels; None: none.
        background: the value of background pixels.

    Returns:
        The coding.

    Raises:
        PreparationError: unreadable, lossy or empty masks, or values that could mean several things.
        ValueError: `classes` does not fit the number of values.
    """
    found = _look_through(masks)
    values = sorted(found.pixels.keys() - {ignore})
    _check_values(values, found, classes, ignore, background, masks[0].parent)
    ordered = [background, *(value for value in values if value != background)]
    indices = {value: index for index, value in enumerate(ordered)}
    names = _name_classes(classes, len(ordered))
    if ignore is not None:
        indices[ignore] = len(ordered)
    share = 1 - (found.pixels.get(background, 0) + found.pixels.get(ignore or 0, 0) * (ignore is not None)) / max(
        1, sum(found.pixels.values())
    )
    odd = f"{share:.0%} of all pixels are foreground: if the masks are inverted, give `background=` the other value"
    return Coding(indices, names, ignore, next(iter(found.dims)), [odd] if share > _MUCH else [])


def _look_through(masks: Sequence[Path]) -> _Found:
    found = _Found({}, {}, {})
    problems = []
    for path in masks:
        try:
            mask = read_values(path)
        except PreparationError as error:
            problems += error.problems
            continue
        found.dims.setdefault(mask.ndim, path)
        for value, count in zip(*(each.tolist() for each in np.unique(mask, return_counts=True)), strict=True):
            found.pixels[value] = found.pixels.get(value, 0) + count
            found.first.setdefault(value, path)
    if len(found.dims) > 1:
        problems.append(f"{' and '.join(map(str, found.dims.values()))}: one is 2D, one 3D; keep to one")
    if problems:
        raise PreparationError(problems)
    return found


def _check_values(
    values: Sequence[int],
    found: _Found,
    classes: Sequence[str],
    ignore: int | None,
    background: int,
    where: Path,
) -> None:
    """Reject values that could mean several things."""
    if set(values) <= {background}:
        raise PreparationError(f"{where}: all masks are empty")
    if len(values) > _MOST_CLASSES:
        raise PreparationError(
            f"{where}: the masks hold {len(values)} values, from {values[0]} to {values[-1]}; save class indices, in a "
            "format without loss"
        )
    if background not in values and len(values) > 1:
        raise PreparationError(
            f"{where}: no pixel of the masks is {background}, they hold {found.describe()}; say which is the "
            f"background, such as `background={values[0]}`"
        )
    if len(set(values) | {background}) > 2 and not classes:
        hint = ""
        if ignore is None and values[-1] == _IGNORED and values[-2] < _MOST_CLASSES:
            hint = f" {_IGNORED} beside small values is often an ignore label: `ignore={_IGNORED}` keeps it as one."
        raise PreparationError(
            f"{where}: the masks hold {len(values)} values: {found.describe()}.{hint} If all are classes, name them by "
            "`classes=[...]`, background first; correct the masks where some are stray"
        )


def _name_classes(given: Sequence[str], count: int) -> Sequence[str]:
    if not given:
        return ("background", "foreground")
    if isinstance(given, str) or len(given) != count or len(set(given)) != count or "ignore" in given:
        raise ValueError(
            f"`classes` must be a list of {count} different names, background first (the masks have {count} values), "
            f"got {given!r}"
        )
    return tuple(given)


def read_values(path: Path) -> np.ndarray:
    """Read a user's mask as whole numbers.

    Args:
        path: of any lossless format; one channel, or several equal ones. A palette's indices are the values.

    Returns:
        (H, W) or (D, H, W), int64.

    Raises:
        PreparationError: a lossy format, colours, or values that are not whole numbers.
    """
    if path.suffix.lower() in _LOSSY:
        raise PreparationError(
            f"{path}: a mask in a lossy format has lost its values (here there are {_count_values(path)}); save it "
            "as PNG or TIFF from where it was drawn"
        )
    mask = decode_mask(path)
    if mask.ndim not in (2, 3) or (mask.dtype.kind == "f" and not (mask == np.rint(mask)).all()):
        raise PreparationError(f"{path}: a mask must hold whole numbers in 2D or 3D, got {mask.dtype} {mask.shape}")
    return mask.astype(np.int64)


def _count_values(path: Path) -> int:
    return len(np.unique(decode(path)[0]))
