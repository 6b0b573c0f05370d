"""card.json: the description of a prepared dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class Card:
    """The card of a dataset; a folder of the user's own may have none, or one with a few of the entries.

    Attributes:
        name: of the folder.
        title: name to print.
        dims: 2 or 3; 0: not stated.
        classes: names, background first.
        channels: names.
        licence: terms, and whether they were read or are only recalled.
        source: where the data are from.
        reference: authors, title, year.
        papers: slugs of the papers that use it.
        embedded: drawn by the suite itself.
        partial: lacks files of the official dataset.
        missing: which, one line each.
        options: of the preparation.
        adjacency: of the foreground: 4 or 8, in 3D 6 or 26; None: not stated.
        spacing: one number for each axis where all cases have the same.
        foreground: what it is, and its value in the official files.
        exclusions: what was left out, and why.
        notes: what a reader of results must know.
        unchecked: what the preparation assumes.
        groups: test cases that must not be averaged together, {group: cases}.
        more: entries that only some datasets have.
        label_audit: {case: {class index: {kind of doubt: number}}}; None: not audited.
        betti: Betti numbers known by construction, {case: {class index: numbers}}.
    """

    name: str
    title: str = ""
    dims: int = 0
    classes: Sequence[str] = ()
    channels: Sequence[str] = ()
    licence: str = "not stated"
    source: str = "not stated"
    reference: str = ""
    papers: Sequence[str] = ()
    embedded: bool = False
    partial: bool = False
    missing: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    adjacency: int | None = None
    spacing: Sequence[float] | None = None
    foreground: str = ""
    exclusions: Sequence[str] = ()
    notes: Sequence[str] = ()
    unchecked: Sequence[str] = ()
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    label_audit: Mapping[str, Any] | None = None
    betti: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: Mapping[str, Any], folder_name: str) -> "Card":
        """Read the content of a card.json.

        Args:
            content: of the file; unknown entries go to `more`, entries that are null count as absent.
            folder_name: the name where the card has none.

        Returns:
            The card.
        """
        known = {entry.name for entry in fields(cls)} - {"more"}
        stated = {name: value for name, value in content.items() if name in known and value is not None}
        more = {name: value for name, value in content.items() if name not in known}
        name = stated.pop("name", folder_name)
        return cls(name, title=stated.pop("title", name), more=more, **stated)

    def to_json(self) -> dict[str, Any]:
        """Return what card.json holds: every entry, those of `more` before the audit; Betti numbers where known."""
        content = asdict(self)
        audit, betti = content.pop("label_audit"), content.pop("betti")
        content = content | content.pop("more") | {"label_audit": audit}
        return content | {"betti": betti} if betti else content
