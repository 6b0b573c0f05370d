"""The same cell in two tables of a paper has one value."""

import pandas as pd

from tables.audits.findings import CERTAIN, Context, Finding, describe

_CELL = ["paper", "dataset", "network", "method", "parameter", "parameter_value", "setting", "metric"]


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Compare numbers that are printed in several tables."""
    found = []
    for _, cell in numbers.groupby(_CELL, sort=False, dropna=False):
        by_table = cell.drop_duplicates("table")
        if len(by_table) < 2 or by_table["printed"].astype(float).nunique() == 1:
            continue
        # the same wording of the method; otherwise it may be another variant
        if by_table["method_in_paper"].nunique() > 1:
            continue
        values = ", ".join(f"{row['printed']} in {row['table']}" for _, row in by_table.iterrows())
        found.append(Finding("one cell, one value", CERTAIN, describe(cell.iloc[0]), values))
    return found
