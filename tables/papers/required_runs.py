"""What is needed to measure each published number here: the spec's rules, applied.

`use` of a rule may say: group, dataset (an entry of the spec's datasets), loss, parameters, stage ("pretrain": the run
that the others start from), postprocessed, closing (binary closing of the predictions), test (groups of the test
cases), note; or why there is nothing to run: quoted (the paper quotes the number, or it is a setting), cannot (this
suite cannot measure it); or another source: benchmark {setting, quantity, steps, unit, minus} of the training-step
benchmark (of several settings the first that was measured), see `tables.papers.costs`; count (a key of the networks'
parameter counts).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tables.papers.labels import column_label, row_label
from tables.papers.spec_parts import MAIN, PaperTable, Spec


@dataclass(frozen=True)
class Requirement:
    """How one published number is measured.

    Args:
        table: name of the table.
        row: printed name of its row.
        column: printed name of its column.
        published: the number's columns.
        group: training protocol.
        dataset: entry of the spec's datasets; "" for none.
        loss: slug.
        parameters: of the loss, as in the paper.
        stage: "finetune" or "pretrain".
        metric: the suite's slug, "" if it has none.
        postprocessed: with ContextLoss's post-processing.
        closing: the best of several binary closings.
        quoted: why the number can only be published; "" otherwise.
        cannot: why it cannot be measured here; "" otherwise.
        benchmark: which entry of the training-step benchmark; {} for none.
        count: key of the parameter counts; "" for none.
        note: what is printed with the cell.
        test: groups of the test cases over which it is averaged; [] for all.
    """

    table: str
    row: str
    column: str
    published: Mapping[str, Any]
    group: str = MAIN
    dataset: str = ""
    loss: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    stage: str = "finetune"
    metric: str = ""
    postprocessed: bool = False
    closing: bool = False
    quoted: str = ""
    cannot: str = ""
    benchmark: dict[str, Any] = field(default_factory=dict)
    count: str = ""
    note: str = ""
    test: list[str] = field(default_factory=list)

    @property
    def has_runs(self) -> bool:
        """Return whether runs answer it."""
        return not (self.quoted or self.cannot or self.benchmark or self.count)


def requirements(spec: Spec) -> list[Requirement]:
    """Return the requirements of every number of a paper, in the order of the spec's tables."""
    return [each for table in spec.tables.values() for each in table_requirements(spec, table)]


def table_requirements(spec: Spec, table: PaperTable) -> list[Requirement]:
    """Return the requirements of every number of one table, in the printed order."""
    return [_requirement(spec, table, row) for row in spec.of(table.name)]


def _requirement(spec: Spec, table: PaperTable, row: dict[str, Any]) -> Requirement:
    """Return the requirement of one published number: the method's entry, and what the rules say about it."""
    entry = spec.losses.get(row["method"], {})
    fixed = {"loss": entry.get("loss", row["method"]), "stage": entry.get("stage", "finetune")}
    metric = spec.metrics.get(row["metric"], {}).get("metric", row["metric"])
    use: dict[str, Any] = {"dataset": row["dataset"], "metric": metric, **fixed}
    named = _named(spec, row)
    more: dict[str, Any] = {}
    for rule in spec.rules:
        if rule.selects(row):
            more |= rule.use.get("parameters", {})
            use |= {name: value for name, value in rule.use.items() if name != "parameters"}
    use["parameters"] = {**entry.get("parameters", {}), **named, **more}
    return Requirement(table.name, row_label(table, row), column_label(spec, table, row), row, **use)


def _named(spec: Spec, row: Mapping[str, Any]) -> dict[str, Any]:
    """Read the published parameter under the suite's name; `base` includes the base loss's own parameter."""
    name, value = row["parameter"], row["parameter_value"]
    if not name or not value:
        return {}
    if name != "base":
        return {spec.parameters.get(name, name): _value(name, value)}
    base, *rest = value.split(";")
    entry = spec.losses.get(base, {})
    pairs = (part.split("=") for part in rest)
    own = entry.get("parameters", {}) | {spec.parameters.get(key, key): _value(key, text) for key, text in pairs}
    return {"base": entry.get("loss", base)} | ({"base_parameters": own} if own else {})


def _value(name: str, text: str) -> Any:
    """Read a parameter's value: a flag, a float or an integer."""
    if name == "joint":
        return text == "1"
    return float(text) if "." in text else int(text)
