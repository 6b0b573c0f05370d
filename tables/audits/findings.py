"""Shared by the audit's rules: numbers with their printed precision, findings, and knowledge beyond the tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

CERTAIN, LIKELY, SUSPICION = "certain", "likely", "suspicion"
# the columns that locate a number; `row` is all but the metric
ROW = ["paper", "table", "dataset", "network", "method", "method_in_paper", "parameter", "parameter_value", "setting"]


@dataclass(frozen=True)
class Finding:
    """An inconsistency.

    Attributes:
        rule: name of the rule.
        sure: "certain" (arithmetic), "likely" or "suspicion".
        where: the cells.
        what: what is printed and what would have been expected.
    """

    rule: str
    sure: str
    where: str
    what: str


@dataclass(frozen=True)
class Context:
    """What is known apart from the tables.

    Attributes:
        samples: columns paper, dataset, metric, n, unit: the number of images, slices or patches behind a mean.
        statements: columns paper, where, kind, table, dataset, network, metric, method, baseline, printed.
    """

    samples: pd.DataFrame = field(default_factory=pd.DataFrame)
    statements: pd.DataFrame = field(default_factory=pd.DataFrame)


def half_unit(printed: str) -> float:
    """Return half a unit of the last printed decimal, the largest effect of rounding."""
    return 0.5 * 10.0 ** -len(printed.partition(".")[2])


def whole(numbers: pd.DataFrame) -> float:
    """Return the value of a ratio of 1 in a table's unit.

    Args:
        numbers: of one metric in one table.

    Returns:
        100 if the table states percent, or no unit and most of its values are above 1.5; otherwise 1.
    """
    units = set(numbers["unit"]) - {""}
    if units:
        return 100.0 if units & {"percent", "%"} else 1.0
    return 100.0 if numbers["printed"].astype(float).median() > 1.5 else 1.0


def describe(row: Mapping[str, object] | pd.Series, without: Sequence[str] = ()) -> str:
    """Return the location of a number, in words."""
    parts = [f"{row['paper']} {row['table']}"]
    for name in ("dataset", "network", "method_in_paper", "setting", "metric"):
        if name not in without and name in row and row[name]:
            parts.append(str(row[name]))
    if "parameter" not in without and row.get("parameter"):
        parts.insert(-1, f"{row['parameter']} = {row['parameter_value']}")
    return ", ".join(parts)
