"""The registry of datasets: one file and one decorator each."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_prep._plan import Plan
from registry import Registry
from registry.registry import file_of

PlanFunction = Callable[..., Plan]
# as their tables are quoted
PAPERS = {"cldice": "clDice", "contextloss": "ContextLoss", "hpm": "HPM", "scnp": "SCNP", "topomortar": "TopoMortar"}
UNKNOWN = "not stated"  # structure of a user's own dataset


@dataclass(frozen=True)
class Entry:
    """What the registry knows about a dataset.

    Attributes:
        slug: name in code, parameters and paths.
        title: name to print.
        dims: 2 or 3.
        structure: kind of what is segmented, such as "retina" or "cracks"; results are compared by it.
        classes: names with the default options, background first.
        licence: terms, and whether they were read or are only recalled.
        where: where to get it and what the folder must look like.
        size: number and size of the images, officially.
        uses: {slug of a paper: its tables that use the dataset}, as the published numbers name them.
        reference: authors, title, year.
        embedded: drawn by the suite itself, needs no source.
        unchecked: what the preparation assumes, or was never seen as a real file.
        plan: the registered function.
    """

    slug: str
    title: str
    dims: int
    structure: str
    classes: tuple[str, ...]
    licence: str
    where: str
    size: str
    uses: Mapping[str, Sequence[str]]
    reference: str
    embedded: bool
    unchecked: Sequence[str]
    plan: PlanFunction

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the options of the dataset with their defaults."""
        parameters = inspect.signature(self.plan).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}

    @property
    def papers(self) -> tuple[str, ...]:
        """Return the slugs of the papers that use it."""
        return tuple(self.uses)

    @property
    def tables(self) -> str:
        """Return the papers' tables that use it, such as "ContextLoss 5, 6; HPM 1"; "none" where none does."""
        return "; ".join(f"{PAPERS[paper]} {', '.join(tables)}" for paper, tables in self.uses.items()) or "none"

    @property
    def file(self) -> str:
        """Return the file that registers the dataset."""
        return file_of(self.plan)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Reject an option that the dataset does not have.

        Args:
            options: names and values as given by the user.

        Raises:
            ValueError: unknown names, with those that exist.
        """
        known = self.parameters
        unknown = [name for name in options if name not in known]
        if unknown:
            offers = ", ".join(f"{name}={value!r}" for name, value in known.items()) or "none"
            raise ValueError(
                f"dataset {self.slug!r} has no option {', '.join(map(repr, unknown))}; its options: {offers}"
            )


_REGISTRY: Registry[Entry] = Registry("dataset")


def register(
    slug: str,
    *,
    title: str,
    dims: int,
    classes: tuple[str, ...],
    licence: str,
    where: str,
    size: str,
    uses: Mapping[str, Sequence[str]] | None = None,
    reference: str = "",
    embedded: bool = False,
    structure: str = UNKNOWN,
    unchecked: Sequence[str] = (),
) -> Callable[[PlanFunction], PlanFunction]:
    """Register a function `(source, *, options...) -> Plan` as a dataset; the arguments are those of `Entry`.

    Args:
        slug: name in code, parameters and paths.
        title: name to print.
        dims: 2 or 3.
        classes: names with the default options, background first.
        licence: terms, and whether they were read or are only recalled.
        where: where to get it and what the folder must look like.
        size: number and size of the images, officially.
        uses: {slug of a paper: its tables that use the dataset}, as the published numbers name them.
        reference: authors, title, year.
        embedded: drawn by the suite itself, needs no source.
        structure: kind of what is segmented, such as "retina" or "cracks".
        unchecked: what the preparation assumes, or was never seen as a real file.

    Returns:
        A decorator that returns the function unchanged.

    Raises:
        ValueError: the slug is taken.
    """

    def decorate(plan: PlanFunction) -> PlanFunction:
        facts = (title, dims, structure, classes, licence, where, size, uses or {}, reference, embedded, unchecked)
        entry = Entry(slug, *facts, plan)
        _REGISTRY.add(slug, entry, plan)
        return plan

    return decorate


def names() -> list[str]:
    """Return the slugs of all datasets, sorted."""
    return _REGISTRY.names()


def entry(name: str) -> Entry:
    """Return the registry's entry for a dataset.

    Args:
        name: its slug.

    Returns:
        The entry.

    Raises:
        ValueError: no such dataset.
    """
    return _REGISTRY.entry(name)
