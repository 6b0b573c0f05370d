"""e = e0 + e1: the Betti error of all dimensions is the sum of those of each."""

import pandas as pd

from tables.audits.findings import CERTAIN, ROW, Context, Finding, describe, half_unit

_PARTS = ("betti0_error", "betti1_error")


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Compare the sum with its parts, up to the rounding of all three."""
    found = []
    for _, row in numbers.groupby(ROW, sort=False, dropna=False):
        by_metric = row.drop_duplicates("slug").set_index("slug")
        if not {"betti_error", *_PARTS} <= set(by_metric.index):
            continue
        printed = by_metric.loc[["betti_error", *_PARTS], "printed"]
        whole, first, second = map(float, printed)
        if abs(whole - first - second) > sum(map(half_unit, printed)) + 1e-9:
            what = f"{printed.iloc[0]} is not {printed.iloc[1]} + {printed.iloc[2]} = {first + second:g}"
            found.append(Finding("e = e0 + e1", CERTAIN, describe(row.iloc[0], ("metric",)), what))
    return found
