"""Images with their masks as most 2D datasets have them: listed, paired, counted, and turned into cases."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data_prep._plan import Case, Sample
from data_prep.reading.official_files import find_lone, read_image, read_mask


@dataclass(frozen=True)
class Pair:
    """An image and its mask, by their paths.

    Attributes:
        name: of the case.
        image: path of the image.
        mask: path of the mask.
    """

    name: str
    image: Path
    mask: Path

    @property
    def is_complete(self) -> bool:
        """Tell whether both files are there."""
        return self.image.is_file() and self.mask.is_file()


def split_pairs(pairs: Iterable[Pair]) -> tuple[list[Pair], list[str]]:
    """Keep the complete pairs, and give a line for each file whose partner is absent.

    Args:
        pairs: pairs of which none, one or both files may be there.

    Returns:
        The complete pairs, in their order, and the problems.
    """
    listed = list(pairs)
    return [pair for pair in listed if pair.is_complete], find_lone((pair.image, pair.mask) for pair in listed)


def make_cases(pairs: Sequence[Pair], load: Callable[[Path, Path], Sample], *, test: bool = False) -> list[Case]:
    """Turn pairs into cases.

    Args:
        pairs: complete pairs.
        load: reads image and mask; a function of a module, so that other processes can call it.
        test: whether they belong to the test set.

    Returns:
        The cases.
    """
    return [Case(pair.name, partial(load, pair.image, pair.mask), (pair.image, pair.mask), test=test) for pair in pairs]


def load_binary(image: Path, mask: Path) -> Sample:
    """Read an RGB image of 8 bits and a mask of 0 and 255, the most usual pair.

    Args:
        image: its path.
        mask: its path; one channel, or three equal ones; 8 bits or one.

    Returns:
        The sample, class 1 where the mask has 255.

    Raises:
        PreparationError: an unreadable file, another kind of image, or another value in the mask.
    """
    return Sample(read_image(image, 3), read_mask(mask, {0: 0, 255: 1}))


def names(pairs: Iterable[Pair]) -> list[str]:
    """Give the names of pairs."""
    return [pair.name for pair in pairs]


def count_missing(title: str, found: Mapping[str, int], expected: Mapping[str, int], where: Path) -> list[str]:
    """Give one line for each part that has another number of images than officially.

    Args:
        title: of the dataset.
        found: {part: number of images found}.
        expected: {part: official number}.
        where: the folder, for the message.

    Returns:
        The lines.
    """
    return [
        f"{where}: {title}, {part}: {found[part]} images of {number}; complete the download"
        for part, number in expected.items()
        if found[part] != number
    ]


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
