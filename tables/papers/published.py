"""The papers' printed numbers: reading them, and selecting some by their columns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

# from which a table's rows and columns can be made, and by which rules select
COLUMNS = ("dataset", "network", "method", "parameter", "parameter_value", "setting", "metric")


class SpecError(ValueError):
    """A spec cannot be used; the message lists every problem with the file's path."""


def read_published(path: Path) -> pd.DataFrame:
    """Read published numbers.

    Args:
        path: a CSV file in the layout of published/.

    Returns:
        The rows as text, except value, std (NaN where the paper prints a dash or nothing) and best (bool).

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
    """Return whether a published number is one that a rule selects.

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


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table of published numbers, each by its columns' names."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
