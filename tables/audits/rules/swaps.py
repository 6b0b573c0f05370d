"""A series over a parameter in which exchanging two rows makes all columns monotone."""

import pandas as pd

from tables.audits.findings import SUSPICION, Context, Finding, describe

_COLUMNS = 3  # that go in the wrong direction at the same place
_SERIES = ["paper", "table", "method", "network", "parameter"]


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Exchange the values of neighbouring parameters and check whether all columns become (nearly) monotone."""
    found = []
    chosen = numbers[numbers["parameter_value"] != ""]
    for _, series in chosen.groupby(_SERIES, sort=False, dropna=False):
        table = series.assign(
            column=series["dataset"] + series["setting"] + series["metric"],
            value=series["printed"].astype(float),
            step=pd.to_numeric(series["parameter_value"], errors="coerce"),
        ).pivot_table(index="step", columns="column", values="value", aggfunc="first")
        table = table.dropna(axis=1)
        if len(table) < 4 or table.shape[1] < _COLUMNS or series["metric"].nunique() != 1:
            continue
        before = table.apply(_wrong_way)
        for place in range(len(table) - 1):
            order = list(range(len(table)))
            order[place], order[place + 1] = order[place + 1], order[place]
            after = pd.DataFrame(table.to_numpy()[order], columns=table.columns).apply(_wrong_way)
            if (before > 0).sum() >= _COLUMNS and (after < before).all() and after.sum() <= before.sum() / 2:
                values = f"{table.index[place]:g} and {table.index[place + 1]:g}"
                where = describe(series.iloc[0], ("setting", "parameter"))
                what = f"exchanging {series['parameter'].iloc[0]} = {values} straightens all {table.shape[1]} columns"
                found.append(Finding("no rows are exchanged", SUSPICION, where, what))
    return found


def _wrong_way(column: pd.Series) -> float:
    """Sum the steps against the overall direction."""
    steps = column.diff().dropna()
    up, down = steps[steps > 0].sum(), -steps[steps < 0].sum()
    return float(min(up, down))
