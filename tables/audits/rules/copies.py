"""Two rows that share several precise numbers: one may have been copied from the other."""

import itertools

import pandas as pd

from tables.audits.findings import LIKELY, ROW, SUSPICION, Context, Finding, describe

_ALIKE = 3  # numbers that must be equal, each with this many digits
_DIGITS = 3
_BLOCK = ["paper", "table", "dataset", "network"]


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Compare all rows of a block of a table, pair by pair."""
    found = []
    for _, block in numbers.groupby(_BLOCK, sort=False, dropna=False):
        rows = [(row.iloc[0], row.drop_duplicates("metric").set_index("metric")["printed"]) for _, row in _rows(block)]
        for (first, one), (second, other) in itertools.combinations(rows, 2):
            shared = one.index.intersection(other.index)
            alike = [m for m in shared if one[m] == other[m] and _digits(one[m]) >= _DIGITS]
            if len(alike) < _ALIKE:
                continue
            what = f"{', '.join(f'{metric} {one[metric]}' for metric in alike)} stand in both rows"
            sure = LIKELY if len(alike) == len(shared) else SUSPICION
            where = f"{describe(first, ('metric',))} and {describe(second, ('metric',))}"
            found.append(Finding("no row is a copy", sure, where, what))
    return found


def _rows(block: pd.DataFrame) -> list[tuple[object, pd.DataFrame]]:
    return list(block.groupby(ROW, sort=False, dropna=False))


def _digits(printed: str) -> int:
    return len(printed.replace(".", "").lstrip("0"))
