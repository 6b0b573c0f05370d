"""Percentages, "times faster" and "the lowest" in a paper's text, against its own tables."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tables.audits.findings import CERTAIN, LIKELY, Context, Finding

_RULE = "the text agrees with its table"

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Objection:
    """An objection to a statement, and how certain it is."""

    what: str
    sure: str = CERTAIN


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Check every statement against the tables."""
    found = []
    statements = context.statements.astype(object).fillna("")
    for statement in ({str(name): value for name, value in row.items()} for _, row in statements.iterrows()):
        judge = {"reduction": _reduction, "speedup": _speedup, "best": _best, "not_worse": _not_worse}.get(
            str(statement["kind"])
        )
        chosen = _select(numbers, statement)
        if judge and not chosen.empty and (objection := judge(chosen, statement)):
            where = f"{statement['paper']}, {statement['where']} (table {statement['table']})"
            found.append(Finding(_RULE, objection.sure, where, objection.what))
    return found


def _select(numbers: pd.DataFrame, statement: Statement) -> pd.DataFrame:
    keys = {name: str(statement[name]) for name in ("paper", "table", "dataset", "network", "metric")}
    chosen = numbers
    for name, value in keys.items():
        chosen = chosen[chosen[name] == value] if value else chosen
    return chosen.assign(value=chosen["printed"].astype(float))


def _totals(chosen: pd.DataFrame) -> pd.Series:
    return chosen.groupby("method")["value"].sum()


def _reduction(chosen: pd.DataFrame, statement: Statement) -> Objection | None:
    """A percentage by which the sum over all rows is lower than the baseline's."""
    totals, method, baseline = _totals(chosen), statement["method"], statement["baseline"]
    printed = float(statement["printed"])
    reductions = {other: 100 * (1 - totals[method] / total) for other, total in totals.items() if other != method}
    if abs(reductions[baseline] - printed) < 0.06:
        return None
    fitting = [str(other) for other, value in reductions.items() if abs(value - printed) < 0.06]
    hint = f"; {printed:g} % fits {', '.join(fitting)} as the baseline" if fitting else ""
    what = f"{statement['metric']} of {method} is {reductions[baseline]:.2f} % below {baseline}, not {printed:g} %"
    return Objection(what + hint, LIKELY if fitting else CERTAIN)


def _speedup(chosen: pd.DataFrame, statement: Statement) -> Objection | None:
    totals = _totals(chosen)
    ratio = totals[statement["baseline"]] / totals[statement["method"]]
    printed = str(statement["printed"])
    slack = 10.0 ** -len(printed.partition(".")[2])
    if abs(ratio - float(printed)) <= slack:
        return None
    return Objection(f"{statement['method']} is {ratio:.2f} times faster than {statement['baseline']}, not {printed}")


def _best(chosen: pd.DataFrame, statement: Statement) -> Objection | None:
    """Return the method has the best value of its dataset, alone or with others."""
    up = chosen["direction"].iloc[0] == "up"
    own = chosen[chosen["method"] == statement["method"]]["value"]
    best = chosen.sort_values("value", ascending=not up).iloc[0]
    mine = own.max() if up else own.min()
    if math.isnan(mine) or mine == best["value"]:
        return None
    return Objection(
        f"{statement['method']} is said to have the best {statement['metric']} on {statement['dataset']}: {mine:g}, "
        f"but {best['method_in_paper']} has {best['value']:g}"
    )


def _not_worse(chosen: pd.DataFrame, statement: Statement) -> Objection | None:
    """No value of the method is worse than the baseline's in the same row."""
    worse = []
    keys = ["dataset", "network", "setting", "metric"] if statement["method"] != statement["baseline"] else ["dataset"]
    for _, group in chosen.groupby(keys, sort=False):
        sign = 1 if group["direction"].iloc[0] == "up" else -1
        own, base = (group[group["method"] == statement[name]] for name in ("method", "baseline"))
        for _, row in own.iterrows():
            if len(base) and sign * (row["value"] - base["value"].iloc[0]) < 0:
                worse.append(f"{row['dataset']} {row['method_in_paper']} {row['printed']} < {base['printed'].iloc[0]}")
    if not worse:
        return None
    shown = "; ".join(worse[:4]) + (f"; and {len(worse) - 4} more" if len(worse) > 4 else "")
    claim = f"{statement['metric']} of {statement['method']} is said to be no worse than of {statement['baseline']}"
    return Objection(f"{claim}: {shown}")
