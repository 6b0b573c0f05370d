"""Every metric has a range: errors and distances are not negative, overlaps and other ratios not above 1 (100 %)."""

import pandas as pd

import metrics
from tables.audits.findings import CERTAIN, Context, Finding, describe, whole

_TABLE = ["paper", "table", "slug"]


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Compare each number of a known metric with the metric's range."""
    found = []
    for _, column in numbers[numbers["slug"] != ""].groupby(_TABLE, sort=False, dropna=False):
        entry = metrics.entry(str(column["slug"].iloc[0]))
        highest = whole(column) if entry.higher_is_better and entry.unit in ("", "%") else float("inf")
        for _, row in column.iterrows():
            value = float(row["printed"])
            if not 0 <= value <= highest:
                limit = f"lies in 0..{highest:g}" if highest < float("inf") else "is never negative"
                what = f"{row['printed']} is impossible: {entry.title} {limit}"
                found.append(Finding("values lie in the metric's range", CERTAIN, describe(row), what))
    return found
