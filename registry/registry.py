"""A registry: entries by slug, each with one definition; a slug that is already taken is rejected."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from registry.nearest import unknown

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Entries of one kind by slug.

    Args:
        kind: what the entries are, for messages: "loss", "metric", "dataset", "network".
        first: slugs that are listed before the others, in this order.
    """

    def __init__(self, kind: str, first: Sequence[str] = ()) -> None:
        self._kind = kind
        self._first = tuple(first)
        self._entries: dict[str, Entry] = {}
        self._definitions: dict[str, tuple[str, str]] = {}

    def add(self, slug: str, entry: Entry, definition: Callable[..., Any]) -> None:
        """Add an entry; registering the same definition again replaces it, as when a module is reloaded.

        Args:
            slug: name in code, parameters, paths and tables.
            entry: what is known about it.
            definition: the class or function that is registered.

        Raises:
            ValueError: the slug is taken by another definition; the message names both files.
        """
        new = (file_of(definition), definition.__qualname__)
        taken = self._definitions.get(slug, new)
        if taken != new:
            raise ValueError(f"{self._kind} {slug!r} is registered twice: in {taken[0]} and in {new[0]}")
        self._entries[slug], self._definitions[slug] = entry, new

    def names(self) -> list[str]:
        """Return all slugs: `first` in its order, then the others by name."""
        first = [slug for slug in self._first if slug in self._entries]
        return first + sorted(set(self._entries) - set(first))

    def entry(self, name: str) -> Entry:
        """Return one entry.

        Args:
            name: its slug.

        Returns:
            The entry.

        Raises:
            ValueError: no such entry; the message names the nearest one and lists all.
        """
        if name not in self._entries:
            raise ValueError(unknown(self._kind, name, self._entries))
        return self._entries[name]


def file_of(definition: Callable[..., Any]) -> str:
    """Return the file that holds a class or function."""
    return inspect.getsourcefile(definition) or "an unknown file"
