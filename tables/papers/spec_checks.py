"""Checks of a spec: the shape of its keys, and the consistency of its parts."""

from collections.abc import Mapping
from typing import Any

from tables.papers.costs import UNITS
from tables.papers.labels import column_label, row_label
from tables.papers.published import COLUMNS, matches, records
from tables.papers.spec_parts import ENGINES, MAIN, Dataset, Group, PaperTable, Spec

USES = (
    "group", "dataset", "loss", "parameters", "stage", "postprocessed", "closing", "quoted", "cannot", "benchmark",
    "count", "note", "test",
)  # fmt: skip
BENCHMARK = ("setting", "quantity", "steps", "unit", "minus", "loss")


def shape_problems(content: Any) -> list[str]:
    """Check names and types of all keys."""
    if not isinstance(content, dict):
        return [f"the file must hold a mapping of keys, got {type(content).__name__}"]
    kinds: dict[str, type] = {
        name: dict for name in ("datasets", "groups", "losses", "parameters", "metrics", "tables")
    }
    kinds |= {name: str for name in ("paper", "title", "reference")} | {"notes": list, "rules": list}
    problems = _type_problems(content, kinds, "")
    problems += [f"`{name}` is missing" for name in ("paper", "datasets", "groups", "tables") if not content.get(name)]
    if problems:
        return problems
    for section, form in (("datasets", Dataset), ("groups", Group), ("tables", PaperTable)):
        known = {name: _kind(kind) for name, kind in form.__annotations__.items() if name != "name"}
        for name, entry in content[section].items():
            where = f"{section}.{name}"
            if isinstance(entry or {}, dict):
                problems += _type_problems(entry or {}, known, f"{where}.")
            else:
                problems.append(f"`{where}` must be a mapping of keys, got {entry!r}")
    return problems + [
        problem
        for number, rule in enumerate(content.get("rules", []))
        for problem in _rule_shape_problems(number, rule)
    ]


def _rule_shape_problems(number: int, rule: Any) -> list[str]:
    """Check the keys of one rule."""
    if not isinstance(rule, dict) or not {"when", "use"} <= set(rule) <= {"when", "unless", "use"}:
        return [f"`rules[{number}]` must have the keys `when` and `use`, and may have `unless`, got {rule!r}"]
    selectors = [(part, name) for part in ("when", "unless") for name in rule.get(part, {})]
    problems = [
        f"`rules[{number}].{part}.{name}` is no column" for part, name in selectors if name not in (*COLUMNS, "table")
    ]
    problems += [
        f"`rules[{number}].use.{name}` is unknown, known are {', '.join(USES)}"
        for name in rule["use"]
        if name not in USES
    ]
    benchmark = rule["use"].get("benchmark", {})
    problems += [
        f"`rules[{number}].use.benchmark.{name}` is unknown, known are {', '.join(BENCHMARK)}"
        for name in benchmark
        if name not in BENCHMARK
    ]
    quantity, unit = benchmark.get("quantity", "seconds"), benchmark.get("unit", "")
    if unit and (quantity, unit) not in UNITS:
        known = ", ".join(f"{name} of {of}" for of, name in UNITS)
        problems.append(f"`rules[{number}].use.benchmark.unit` must be one of {known}, got {unit} of {quantity}")
    return problems


def _type_problems(entry: Mapping[str, Any], kinds: Mapping[str, type], where: str) -> list[str]:
    problems = [f"`{where}{name}` is unknown, known are {', '.join(kinds)}" for name in entry if name not in kinds]
    return problems + [
        f"`{where}{name}` must be a {kinds[name].__name__}, got {value!r}"
        for name, value in entry.items()
        if name in kinds and type(value) is not kinds[name]
    ]


def _kind(annotation: Any) -> type:
    kind: type = getattr(annotation, "__origin__", annotation)
    return kind


def reference_problems(spec: Spec) -> list[str]:
    """Check the consistency of a spec's parts, and that every published number has its place."""
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
    """Check the rules' references, that each selects something, and that no two contradict each other."""
    problems = []
    known = {"group": set(spec.groups), "dataset": set(spec.datasets)}
    published = records(spec.published)
    for number, rule in enumerate(spec.rules):
        for name, names in known.items():
            if name in rule.use and rule.use[name] not in names:
                problems.append(f"`rules[{number}].use.{name}`: there is no {name} {rule.use[name]!r}")
        if not any(rule.selects(row) for row in published):
            problems.append(f"`rules[{number}]` selects no published number: {rule.when}")
    contradictions = [problem for row in published for problem in _contradictions(spec, row)]
    return problems + list(dict.fromkeys(contradictions))


def _contradictions(spec: Spec, row: Mapping[str, Any]) -> list[str]:
    """Return a problem for each pair of rules that disagree about a published number."""
    said: dict[str, tuple[int, Any]] = {}
    problems = []
    for number, rule in enumerate(spec.rules):
        if not rule.selects(row):
            continue
        for name, value in _flat(rule.use).items():
            first, before = said.setdefault(name, (number, value))
            if before != value:
                problems.append(
                    f"`rules[{first}]` and `rules[{number}]` give some numbers a different "
                    f"`{name}` ({before!r} and {value!r}): exclude them from one of the rules with `unless`"
                )
    return problems


def _flat(use: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a rule says, each loss parameter separately."""
    parameters = {f"parameters.{name}": value for name, value in use.get("parameters", {}).items()}
    return {name: value for name, value in use.items() if name != "parameters"} | parameters


def _table_problems(spec: Spec, table: PaperTable) -> list[str]:
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
