"""Completeness of a download: one line for each incomplete part."""

from collections.abc import Mapping, Sequence
from pathlib import Path

# names that a message gives before it only counts
_NAMED = 3


def describe_count(title: str, found: int, expected: int, where: Path, what: str = "volumes") -> list[str]:
    """Describe a number of files that is not the official one.

    Args:
        title: of the dataset, with its part.
        found: how many there are.
        expected: how many there should be.
        where: the folder.
        what: the name of what is counted.

    Returns:
        One line, or none.
    """
    return [] if found == expected else [f"{where}: {title}: {found} {what} of {expected}; complete the download"]


def describe_counts(title: str, found: Mapping[str, int], expected: Mapping[str, int], where: Path) -> list[str]:
    """Describe each part whose number of images is not the official one.

    Args:
        title: of the dataset.
        found: {part: number of images found}.
        expected: {part: official number}.
        where: the folder.

    Returns:
        One line for each such part.
    """
    return [
        line
        for part, number in expected.items()
        for line in describe_count(f"{title}, {part}", found[part], number, where, "images")
    ]


def describe_absent(title: str, expected: int, absent: Sequence[str | Path]) -> list[str]:
    """Describe missing images whose names are known: how many of how many, and the first of them.

    Args:
        title: of the dataset, with its part.
        expected: official number.
        absent: what is missing; names or paths.

    Returns:
        One line, or none.
    """
    if not absent:
        return []
    shown = ", ".join(map(str, absent[:_NAMED])) + (", ..." if len(absent) > _NAMED else "")
    return [f"{title}: {len(absent)} of {expected} images are missing ({shown}); complete the download"]
