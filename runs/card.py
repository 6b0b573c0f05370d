"""The part of a dataset's card that results need: test cases that must not be averaged together, what is missing."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runs import files
from runs.schema import from_json

NAME = "card.json"


@dataclass(frozen=True)
class DataCard:
    """Part of a prepared dataset's card.

    Args:
        groups: test cases that must not be averaged together, by the group's name; None for none.
        partial: the dataset lacks files of the official one.
        options: of its preparation; None for none.
    """

    groups: dict[str, list[str]] | None = field(default_factory=dict)
    partial: bool | None = False
    options: dict[str, Any] | None = field(default_factory=dict)


def read_card(folder: str) -> DataCard | None:
    """Read the card of the dataset that a run used.

    Args:
        folder: of the dataset, as in run.json; "" if it has none.

    Returns:
        The card; None if the folder is not on this machine, or holds no card.

    Raises:
        ValueError: it is unreadable.
    """
    path = Path(folder) / NAME
    if not folder or not path.is_file():
        return None
    return from_json(DataCard, files.read_json(path), str(path))
