"""Images with their masks: listed, paired, and turned into cases."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from data_prep._plan import Case, Sample
from data_prep.reading.images import read_image, read_mask


@dataclass(frozen=True)
class Pair:
    """The files of one case.

    Attributes:
        name: of the case.
        images: paths of the image, one for each channel that has a separate file.
        mask: path of the mask.
        field_of_view: path of the mask of the field of view; None, or a path without a file: not given.
    """

    name: str
    images: tuple[Path, ...]
    mask: Path
    field_of_view: Path | None = None

    @classmethod
    def of(cls, name: str, image: Path, mask: Path, field_of_view: Path | None = None) -> "Pair":
        """Pair one image with its mask."""
        return cls(name, (image,), mask, field_of_view)

    @property
    def image(self) -> Path:
        """Return the first path of the image."""
        return self.images[0]

    @property
    def files(self) -> tuple[Path, ...]:
        """Return all paths, the mask last."""
        return (*self.images, self.mask)

    @property
    def has_field_of_view(self) -> bool:
        """Return whether there is a mask of the field of view."""
        return self.field_of_view is not None and self.field_of_view.is_file()

    @property
    def is_complete(self) -> bool:
        """Return whether all files exist."""
        return all(path.is_file() for path in self.files)

    @property
    def is_absent(self) -> bool:
        """Return whether no file exists."""
        return not any(path.is_file() for path in self.files)

    @property
    def lone(self) -> list[str]:
        """Return one line for each file that is missing while its partner exists."""
        both = [pair for image in self.images for pair in ((image, self.mask), (self.mask, image))]
        return [
            f"{absent}: missing, but its partner {there} is there; get it, or remove the partner"
            for there, absent in dict.fromkeys(both)
            if there.is_file() and not absent.is_file()
        ]


Load = Callable[[Pair], Sample]


def split_pairs(pairs: Iterable[Pair]) -> tuple[list[Pair], list[str]]:
    """Return the complete pairs, and one line for each file whose partner is missing.

    Args:
        pairs: pairs of which none, some or all files may exist.

    Returns:
        The complete pairs, in their order, and one line for each lone file.
    """
    listed = list(pairs)
    lone = [line for pair in listed for line in pair.lone]
    return [pair for pair in listed if pair.is_complete], list(dict.fromkeys(lone))


def make_cases(pairs: Iterable[Pair], load: Load, *, test: bool = False) -> list[Case]:
    """Convert pairs to cases.

    Args:
        pairs: complete pairs.
        load: reads a pair; a module-level function, so that other processes can call it.
        test: whether they belong to the test set.

    Returns:
        The cases.
    """
    return [
        Case(
            pair.name,
            partial(load, pair),
            (*pair.files, pair.field_of_view) if pair.field_of_view and pair.has_field_of_view else pair.files,
            test=test,
        )
        for pair in pairs
    ]


def split_cases(training: Iterable[Pair], test: Iterable[Pair], load: Load) -> list[Case]:
    """Convert training and test pairs to cases, see `make_cases`."""
    return make_cases(training, load) + make_cases(test, load, test=True)


def load_binary(pair: Pair) -> Sample:
    """Read an RGB image of 8 bits and a mask of 0 and 255, the most usual pair.

    Args:
        pair: its masks have one channel, or three equal ones; 8 bits or one.

    Returns:
        The sample, class 1 where the mask has 255.

    Raises:
        PreparationError: an unreadable file, another kind of image, or another value in the mask.
    """
    return Sample(
        read_image(pair.image, 3), read_mask(pair.mask, {0: 0, 255: 1}), field_of_view=read_field_of_view(pair)
    )


def read_field_of_view(pair: Pair) -> np.ndarray | None:
    """Read the field of view: 255 in a mask of 0 and 255.

    Args:
        pair: with or without a mask of the field of view.

    Returns:
        (H, W), bool; None if there is no such mask.

    Raises:
        PreparationError: an unreadable file, or another value.
    """
    if pair.field_of_view is None or not pair.has_field_of_view:
        return None
    return read_mask(pair.field_of_view, {0: 0, 1: 1, 255: 1}) > 0


def describe_fields_of_view(pairs: Sequence[Pair]) -> list[str]:
    """Return a note for the card on how many images have a field of view; nothing if there are none."""
    count = sum(pair.has_field_of_view for pair in pairs)
    few = "" if count == len(pairs) else f" of {count} of {len(pairs)} images"
    kept = f"the field of view{few} is kept: training ignores what is outside, metrics as their option `fov` says"
    return [kept] if count else []


def names(pairs: Iterable[Pair]) -> list[str]:
    """Return the names of pairs."""
    return [pair.name for pair in pairs]


def deal_out(ordered: Sequence[str], *, test: Sequence[int], val: Sequence[int]) -> dict[str, list[str]]:
    """Split a list without a published split into training, validation and test, by the last digit of the position.

    Args:
        ordered: names; they are sorted first, and counted from 0.
        test: last digits of the positions that are for the test: (0, 5) is a fifth.
        val: the same for validation.

    Returns:
        {"train": [...], "val": [...], "test": [...]}.
    """
    parts: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for position, name in enumerate(sorted(ordered)):
        digit = position % 10
        parts["test" if digit in test else "val" if digit in val else "train"].append(name)
    return parts
