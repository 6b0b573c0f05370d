"""The specs of the papers' tables, found by listing the folder.

A paper is two files, tables/<paper>.yaml and tables/published/<paper>.csv.
`tables.papers.spec_parts` describes the content of a spec.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tables.papers import spec_checks
from tables.papers.published import SpecError, matches, read_published
from tables.papers.spec_parts import MAIN, Dataset, Group, PaperTable, Rule, Spec

__all__ = ["MAIN", "Dataset", "Group", "PaperTable", "Rule", "Spec", "SpecError", "load", "matches", "papers"]

FOLDER = Path(__file__).parents[1]
PUBLISHED = FOLDER / "published"


def papers() -> list[str]:
    """Return the papers that have a spec."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if (PUBLISHED / path.name).with_suffix(".csv").is_file())


@cache
def load(paper: str) -> Spec:
    """Read and check a spec.

    Args:
        paper: one of `papers()`, or path of a .yaml file beside whose folder `published/<paper>.csv` lies.

    Returns:
        The spec.

    Raises:
        SpecError: one message with all problems: unknown keys and references, wrong types, published numbers without a
            place in a table, rules that contradict each other, two numbers in one cell.
    """
    path = FOLDER / f"{paper}.yaml" if paper in papers() else Path(paper)
    if not path.is_file() or path.suffix != ".yaml":
        raise SpecError(f"no spec of paper {paper!r}, known are {', '.join(papers())}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SpecError(f"{path} is not readable as YAML: {error}") from error
    problems = spec_checks.shape_problems(content)
    if not problems:
        content = _inherited(content)
        spec = _built(content, path)
        problems = spec_checks.reference_problems(spec)
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise SpecError(f"{path} cannot be used:\n{lines}")
    return spec


def _inherited(content: dict[str, Any]) -> dict[str, Any]:
    """Merge each group into the one that it is `like`."""
    groups: dict[str, dict[str, Any]] = {}
    for name, given in content["groups"].items():
        entry = dict(given or {})
        below = groups.get(entry.get("like", ""), {})
        for section in ("pretrain", "finetune", "common"):
            merged = {**below.get(section, {}), **entry.get(section, {})}
            if merged:
                entry[section] = merged
        groups[name] = {**below, **entry}
    return content | {"groups": groups}


def _built(content: dict[str, Any], path: Path) -> Spec:
    """Build the parts of a spec whose shape has been checked."""
    published = read_published(path.parent / "published" / f"{content['paper']}.csv")
    datasets = {name: Dataset(**{"dataset": name} | (entry or {})) for name, entry in content["datasets"].items()}
    groups = {name: Group(name=name, **(entry or {})) for name, entry in content["groups"].items()}
    tables = {str(name): PaperTable(name=str(name), **(entry or {})) for name, entry in content["tables"].items()}
    rules = [Rule(**rule) for rule in content.get("rules", [])]
    rest = content | {"datasets": datasets, "groups": groups, "tables": tables, "rules": rules}
    return Spec(path=path, published=published, **rest)
