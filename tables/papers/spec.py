"""What it takes to make a paper's tables: tables/<paper>.yaml, read and checked whole.

A spec holds no published number: it selects those of published/<paper>.csv by their columns, and says for each which
runs it needs. Its keys:

    paper, title, reference, notes    notes are printed under every table
    datasets    published slug: {dataset, dims, images, options, folds, patches, on_patches, training}: slug in this
                suite, dimensions, the paper's [training, test] images, options of the preparation, number of folds
                where the prepared dataset has fewer than the paper, where `on_patches` are measured, training
                parameters that differ
    groups      name: {like, engine, pretrain, pretrain_of, finetune, common, folds, seeds, ensemble, small}: a
                protocol, which is an experiment of its own; `main` is called as the paper. Without `pretrain` each
                loss starts from scratch; `pretrain_of` names the group whose pretraining is used; `like` the group
                that is altered; `ensemble`: the folds' networks vote on the test set; `small` is the network below a
                scale of 0.1; `engine`: what trains it, "suite" or "nnunet" (`tables.papers.nnunet`)
    losses      published method: {loss, parameters, stage}; without an entry the slug is the suite's
    parameters  published parameter: the suite's
    metrics     published metric: {metric, title}; without an entry the slug is the suite's
    rules       list of {when, use}: `when` selects published numbers by the columns' values (of `setting` one of its
                parts), `use` says how they are measured, later rules over earlier ones: see
                `tables.papers.required_runs`
    tables      name: {title, rows, columns, baseline, within, std, notes}: which columns name a row and a column of
                the table (`setting.key`: one part of a setting), the row that the others are tested against, the
                columns that a baseline shares with its rows, "runs" where the paper's standard deviation is over runs,
                not over cases
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

FOLDER = Path(__file__).parents[1]
PUBLISHED = FOLDER / "published"
MAIN = "main"
ENGINES = ("suite", "nnunet")
# what a table's rows and columns can be made of, and rules select by
COLUMNS = ("dataset", "network", "method", "parameter", "parameter_value", "setting", "metric")
# published units that a column's heading names; the others are counts, shares of one, or in the metric's name
_UNITS = {"percent": "%", "MiB": "MiB", "thousand": "thousands", "million": "millions"}
USES = (
    "group", "dataset", "loss", "parameters", "stage", "postprocessed", "closing", "quoted", "cannot", "benchmark",
    "count", "note",
)  # fmt: skip


class SpecError(ValueError):
    """A spec cannot be used; the message lists every problem with the file's path."""


@dataclass(frozen=True)
class Dataset:
    """A dataset as a paper uses it; see the module for the fields."""

    dataset: str
    dims: int = 2
    images: list[int] = field(default_factory=lambda: [0, 0])
    options: dict[str, Any] = field(default_factory=dict)
    folds: int = 0
    patches: dict[str, Any] = field(default_factory=dict)
    on_patches: list[str] = field(default_factory=list)
    training: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """A training protocol; see the module for the fields."""

    name: str
    like: str = ""
    engine: str = "suite"
    pretrain: dict[str, Any] = field(default_factory=dict)
    pretrain_of: str = ""
    finetune: dict[str, Any] = field(default_factory=dict)
    common: dict[str, Any] = field(default_factory=dict)
    folds: int = 1
    seeds: int = 1
    ensemble: bool = False
    small: dict[str, Any] = field(default_factory=lambda: {"network": "unet"})


@dataclass(frozen=True)
class Table:
    """A table of a paper; see the module for the fields."""

    name: str
    title: str = ""
    rows: list[str] = field(default_factory=lambda: ["method", "parameter", "setting"])
    columns: list[str] = field(default_factory=lambda: ["metric"])
    baseline: dict[str, Any] = field(default_factory=dict)
    within: list[str] = field(default_factory=lambda: ["dataset"])
    std: str = "cases"
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Spec:
    """A paper's tables; see the module for the fields. `published` are its printed numbers."""

    paper: str
    path: Path
    published: pd.DataFrame
    title: str = ""
    reference: str = ""
    notes: list[str] = field(default_factory=list)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    losses: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, dict[str, str]] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)

    def of(self, table: str) -> list[dict[str, Any]]:
        """Return the published numbers of one table, in the printed order."""
        return _records(self.published[self.published["table"] == table])


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
        SpecError: one message with all problems: unknown keys and references, wrong types, published numbers that no
            rule can place, two numbers in one cell.
    """
    path = FOLDER / f"{paper}.yaml" if paper in papers() else Path(paper)
    if not path.is_file() or path.suffix != ".yaml":
        raise SpecError(f"no spec of paper {paper!r}, known are {', '.join(papers())}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SpecError(f"{path} is not readable as YAML: {error}") from error
    problems = _shape_problems(content)
    if not problems:
        content = _inherited(content)
        spec = _built(content, path)
        problems = _problems(spec)
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise SpecError(f"{path} cannot be used:\n{lines}")
    return spec


def read_published(path: Path) -> pd.DataFrame:
    """Read published numbers.

    Args:
        path: a CSV file in the layout of published/.

    Returns:
        The rows as text, but for value, std (NaN where the paper prints a dash or nothing) and best (bool).

    Raises:
        SpecError: no such file, or columns missing.
    """
    if not path.is_file():
        raise SpecError(f"{path} does not exist: it holds the published numbers")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = {"table", *COLUMNS, "method_in_paper", "dataset_in_paper", "unit", "direction", "value", "std", "best"}
    missing -= set(table.columns)
    if missing:
        raise SpecError(f"{path} lacks the columns {', '.join(sorted(missing))}")
    table["best"] = table["best"] == "1"
    return table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in ("value", "std")})


def matches(row: Mapping[str, Any], when: Mapping[str, Any]) -> bool:
    """Tell whether a published number is one that a rule selects.

    Args:
        row: the number's columns.
        when: column to a value or a list of them; of `setting` one of its `;` parts is enough.

    Returns:
        True where all columns agree.
    """
    for name, wanted in when.items():
        values = {str(value) for value in (wanted if isinstance(wanted, list) else [wanted])}
        found = set(row[name].split(";")) if name == "setting" else {row[name]}
        if not values & found:
            return False
    return True


def _shape_problems(content: Any) -> list[str]:
    """Check names and types of all keys."""
    if not isinstance(content, dict):
        return [f"the file must hold a mapping of keys, got {type(content).__name__}"]
    kinds: dict[str, type] = {
        name: dict for name in ("datasets", "groups", "losses", "parameters", "metrics", "tables")
    }
    kinds |= {name: str for name in ("paper", "title", "reference")} | {"notes": list, "rules": list}
    problems = _typed(content, kinds, "")
    problems += [f"`{name}` is missing" for name in ("paper", "datasets", "groups", "tables") if not content.get(name)]
    if problems:
        return problems
    for section, form in (("datasets", Dataset), ("groups", Group), ("tables", Table)):
        known = {name: _kind(kind) for name, kind in form.__annotations__.items() if name != "name"}
        for name, entry in content[section].items():
            where = f"{section}.{name}"
            problems += _typed(entry or {}, known, f"{where}.") if isinstance(entry or {}, dict) else [f"`{where}`"]
    for number, rule in enumerate(content.get("rules", [])):
        if not isinstance(rule, dict) or set(rule) != {"when", "use"}:
            problems.append(f"`rules[{number}]` must have the keys `when` and `use`, got {rule!r}")
            continue
        problems += [f"`rules[{number}].when.{name}` is no column" for name in rule["when"]
                     if name not in (*COLUMNS, "table")]  # fmt: skip
        problems += [f"`rules[{number}].use.{name}` is unknown, known are {', '.join(USES)}" for name in rule["use"]
                     if name not in USES]  # fmt: skip
    return problems


def _typed(entry: Mapping[str, Any], kinds: Mapping[str, type], where: str) -> list[str]:
    problems = [f"`{where}{name}` is unknown, known are {', '.join(kinds)}" for name in entry if name not in kinds]
    return problems + [
        f"`{where}{name}` must be a {kinds[name].__name__}, got {value!r}"
        for name, value in entry.items()
        if name in kinds and type(value) is not kinds[name]
    ]


def _kind(annotation: Any) -> type:
    kind: type = getattr(annotation, "__origin__", annotation)
    return kind


def _inherited(content: dict[str, Any]) -> dict[str, Any]:
    """Lay each group over the one that it is `like`."""
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
    published = read_published(path.parent / "published" / f"{content['paper']}.csv")
    datasets = {name: Dataset(**{"dataset": name} | (entry or {})) for name, entry in content["datasets"].items()}
    groups = {name: Group(name=name, **(entry or {})) for name, entry in content["groups"].items()}
    tables = {str(name): Table(name=str(name), **(entry or {})) for name, entry in content["tables"].items()}
    rest = content | {"datasets": datasets, "groups": groups, "tables": tables}
    return Spec(path=path, published=published, **rest)


def _problems(spec: Spec) -> list[str]:
    """Check what the parts of a spec say of each other, and that every published number has its place."""
    problems = [] if MAIN in spec.groups else [f"`groups` lacks {MAIN!r}"]
    for group in spec.groups.values():
        if group.engine not in ENGINES:
            problems.append(f"`groups.{group.name}.engine` must be one of {', '.join(ENGINES)}, got {group.engine!r}")
        for name in ("like", "pretrain_of"):
            other = getattr(group, name)
            if other and other not in spec.groups:
                problems.append(f"`groups.{group.name}.{name}`: there is no group {other!r}")
    used = [name for name in spec.published["table"].unique() if name not in spec.tables]
    problems += [f"`tables` lacks the published table {name}" for name in used]
    problems += _rule_problems(spec)
    for table in spec.tables.values():
        problems += _table_problems(spec, table)
    return problems


def _rule_problems(spec: Spec) -> list[str]:
    problems = []
    known = {"group": set(spec.groups), "dataset": set(spec.datasets)}
    published = _records(spec.published)
    for number, rule in enumerate(spec.rules):
        for name, names in known.items():
            if name in rule["use"] and rule["use"][name] not in names:
                problems.append(f"`rules[{number}].use.{name}`: there is no {name} {rule['use'][name]!r}")
        if not any(matches(row, rule["when"]) for row in published):
            problems.append(f"`rules[{number}]` selects no published number: {rule['when']}")
    return problems


def _table_problems(spec: Spec, table: Table) -> list[str]:
    records = spec.of(table.name)
    where = f"tables.{table.name}"
    if not records:
        return [f"`{where}`: no number of such a table is published"]
    names = [*table.rows, *table.columns, *table.within, *table.baseline]
    unknown = sorted({name for name in names if name not in COLUMNS and not name.startswith("setting.")})
    problems = [f"`{where}`: {name!r} is no column, known are {', '.join(COLUMNS)}" for name in unknown]
    problems += [] if table.std in ("cases", "runs") else [f"`{where}.std` must be cases or runs, got {table.std!r}"]
    if problems:
        return problems
    places = [(row_label(table, row), column_label(spec, table, row)) for row in records]
    twice = sorted({f"{row} | {column}" for row, column in places if places.count((row, column)) > 1})
    problems += [f"`{where}`: several published numbers lie in the cell {cell}" for cell in twice]
    if table.baseline and not any(matches(row, table.baseline) for row in records):
        problems.append(f"`{where}.baseline` selects no row: {table.baseline}")
    return problems + [
        f"`datasets` lacks {name!r} of table {table.name}"
        for name in sorted({row["dataset"] for row in records if row["dataset"]} - set(spec.datasets))
    ]


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def row_label(table: Table, row: Mapping[str, Any]) -> str:
    """Return the printed name of a number's row."""
    return ", ".join(filter(None, (_part(name, row) for name in table.rows)))


def column_label(spec: Spec, table: Table, row: Mapping[str, Any]) -> str:
    """Return the printed name of a number's column."""
    parts = [_metric(spec, row["metric"]) if name == "metric" else _part(name, row) for name in table.columns]
    unit = _UNITS.get(row["unit"], "")
    return ", ".join(filter(None, parts)) + (f" ({unit})" if unit else "")


def _part(name: str, row: Mapping[str, Any]) -> str:
    """Print one column of a published number."""
    if name in ("dataset", "method"):
        # the papers' text was read with a capital I for the l
        return str(row[f"{name}_in_paper"]).replace("cIDice", "clDice").replace("cICE", "clCE")
    if name == "parameter":
        value = str(row["parameter_value"])
        return (
            f"{row['parameter']} = {value}".replace(";", ", ").replace("=", " = ").replace("  ", " ") if value else ""
        )
    if name.startswith("setting"):
        wanted = name.removeprefix("setting").removeprefix(".")
        parts = [part.partition("=") for part in row["setting"].split(";") if part]
        return ", ".join(f"{key}: {value}" for key, _, value in parts if wanted in ("", key)).replace("_", " ")
    return str(row[name])


def _metric(spec: Spec, published: str) -> str:
    """Print a metric: as the spec or the register of metrics calls it."""
    import metrics

    entry = spec.metrics.get(published, {})
    slug = entry.get("metric", published)
    known = slug in metrics.names()
    return entry.get("title") or (metrics.entry(slug).title if known else slug.replace("_", " "))
