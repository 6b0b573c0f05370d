"""Bold marks the best value of a column, or in some papers every value that beats the baseline significantly."""

import pandas as pd

from tables.audits.findings import CERTAIN, LIKELY, SUSPICION, Context, Finding, describe

_COLUMN = ["paper", "table", "dataset", "network", "setting", "metric"]
# papers in which bold means significantly better than the baseline, with its method
_AGAINST_BASELINE = {"topomortar": "dice_ce"}


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Compare bold with best, or with the baseline, in each column that has a bold number."""
    against = numbers["paper"].isin(_AGAINST_BASELINE)
    return _best(numbers[~against]) + _without_any(numbers[~against]) + _better(numbers[against])


def _better(numbers: pd.DataFrame) -> list[Finding]:
    """Find bold numbers that are worse than the baseline; rounded alike, they may still be significantly better."""
    found = []
    for _, column in numbers.groupby(_COLUMN, sort=False, dropna=False):
        baseline = _AGAINST_BASELINE[str(column["paper"].iloc[0])]
        base = column.loc[column["method"] == baseline, "printed"].astype(float)
        if len(base) != 1 or column["direction"].iloc[0] not in ("up", "down"):
            continue
        sign = 1 if column["direction"].iloc[0] == "up" else -1
        for index in column.index[column["best"] == 1]:
            if sign * (float(column["printed"][index]) - base.iloc[0]) < 0:
                what = f"{column['printed'][index]} is bold, the baseline has {base.iloc[0]:g}"
                found.append(Finding("bold beats the baseline", CERTAIN, describe(column.loc[index]), what))
    return found


def _best(numbers: pd.DataFrame) -> list[Finding]:
    found = []
    for _, column in numbers.groupby(_COLUMN, sort=False, dropna=False):
        if len(column) < 2 or not (column["best"] == 1).any() or column["direction"].iloc[0] not in ("up", "down"):
            continue
        values = column["printed"].astype(float)
        best = values.max() if column["direction"].iloc[0] == "up" else values.min()
        for index in column.index[column["best"] == 1]:
            if values[index] != best:
                what = f"{column['printed'][index]} is bold, the best is {best:g}"
                found.append(Finding("bold is the best", CERTAIN, describe(column.loc[index]), what))
        for index in column.index[(values == best) & (column["best"] != 1)]:
            tie = (column["best"] == 1) & (values == best)
            what = f"{best:g} is {'as good as the bold one' if tie.any() else 'the best'} and not bold"
            found.append(Finding("the best is bold", LIKELY, describe(column.loc[index]), what))
    return found


def _without_any(numbers: pd.DataFrame) -> list[Finding]:
    """Find columns without a bold number beside columns that have one: a mark, or the row with it, was lost."""
    found = []
    for _, block in numbers.groupby(["paper", "table", "dataset", "network"], sort=False, dropna=False):
        columns = {m: column for m, column in block.groupby("metric", sort=False) if column["direction"].iloc[0]}
        bare = {m: column for m, column in columns.items() if not (column["best"] == 1).any()}
        if len(columns) < 4 or not 0 < len(bare) <= len(columns) / 4:
            continue
        for column in bare.values():
            values = column["printed"].astype(float)
            if values.nunique() > 1:
                best = values.max() if column["direction"].iloc[0] == "up" else values.min()
                where = describe(column.iloc[0], ("method_in_paper", "parameter", "setting"))
                what = f"no number is bold, the best is {best:g}; the other columns have one"
                found.append(Finding("every column has a bold number", SUSPICION, where, what))
    return found
