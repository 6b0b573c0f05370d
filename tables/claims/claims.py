"""The papers' claims, read from claims.yaml, and the evidence of the papers' own tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import metrics

FILE = Path(__file__).parents[1] / "claims.yaml"
PUBLISHED = Path(__file__).parents[1] / "published"
OTHERS = "others"  # all parts of a test set but the first, each by itself
KINDS = ("better", "not_worse", "ratio", "trend")
# costs, which come from run.json; lower is better
COSTS = ("seconds_per_iteration", "peak_memory")
_FIELDS = {
    "id", "says", "source", "metric", "left", "right", "kind", "margin", "limit", "parameter", "postprocessed",
    "datasets", "part", "options", "published", "marks", "needs",
}  # fmt: skip
_OF_THE_METHOD = ["method", "method_in_paper", "parameter", "parameter_value", "value", "std", "best", "table"]


@dataclass(frozen=True)
class Claim:
    """A claim as a comparison between two losses; see claims.yaml for the fields."""

    id: str
    says: str
    source: str
    metric: str
    left: Mapping[str, Any]
    right: Mapping[str, Any]
    kind: str = "better"
    margin: float = 0.0
    limit: float = 1.0
    parameter: str = ""
    postprocessed: bool = False
    datasets: tuple[str, ...] = ()
    part: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[str, Any] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    needs: str = ""

    @cached_property
    def sign(self) -> int:
        """Return 1 if higher is better, -1 if lower is."""
        return -1 if self.metric in COSTS else (1 if metrics.entry(self.metric).higher_is_better else -1)


def load(path: str | Path = FILE) -> list[Claim]:
    """Read the claims.

    Args:
        path: YAML file.

    Returns:
        The claims, in their order.

    Raises:
        ValueError: all problems of the file, one line each.
    """
    content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    entries = content.get("claims", []) if isinstance(content, dict) else []
    problems, names = [], [str(entry.get("id")) for entry in entries]
    for entry in entries:
        problems += [f"{path}: claim {entry.get('id')!r}: {problem}" for problem in _problems(entry)]
    problems += [f"{path}: claim {name!r} occurs twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if problems or not entries:
        raise ValueError("\n".join(problems) or f"{path}: no claims in it")
    return [_claim(entry) for entry in entries]


def _claim(entry: Mapping[str, Any]) -> Claim:
    values: dict[str, Any] = dict(entry)
    for name in ("datasets", "marks"):
        values[name] = tuple(values.get(name, ()))
    return Claim(**values)


def _problems(entry: Mapping[str, Any]) -> list[str]:
    required = {"id", "says", "source", "metric", "left", "right"}
    problems = [f"lacks {name}" for name in sorted(required - entry.keys())]
    problems += [f"has no field {name}" for name in sorted(entry.keys() - _FIELDS)]
    if problems:
        return problems
    if entry["metric"] not in COSTS and entry["metric"] not in metrics.names():
        problems.append(f"unknown metric {entry['metric']!r}")
    if entry.get("kind", "better") not in KINDS:
        problems.append(f"`kind` must be one of {', '.join(KINDS)}, got {entry['kind']!r}")
    if entry.get("part", "") not in ("", OTHERS):
        problems.append(f"`part` must be {OTHERS}, got {entry['part']!r}")
    for side in ("left", "right"):
        if unknown := sorted(entry[side].keys() - {"loss", "parameters"}):
            problems.append(f"{side}: has no field {', '.join(unknown)}")
    if len(entry["says"]) > 120 or not entry["says"].endswith("."):
        problems.append("`says` must be one sentence of at most 120 characters")
    return problems


def in_paper(claim: Claim) -> str:
    """Return in how many rows of the paper's own tables the claim holds.

    Args:
        claim: the claim.

    Returns:
        Such as "3 of 4 rows"; "" where the paper has no such numbers.
    """
    if not claim.published:
        return ""
    pairs = _published_pairs(claim)
    if claim.kind == "trend":
        return _trend(claim)
    held = sum(_holds(claim, left, right) for left, right in pairs)
    return f"{held} of {len(pairs)} rows" if pairs else ""


def _published(claim: Claim) -> pd.DataFrame:
    frame = pd.read_csv(PUBLISHED / f"{claim.published['paper']}.csv", dtype=str, keep_default_na=False)
    tables = claim.published["table"]
    frame = frame[frame["table"].isin([tables] if isinstance(tables, str) else list(tables))]
    frame = frame[(frame["metric"] == claim.published.get("metric", claim.metric)) & (frame["value"] != "")]
    return frame.assign(value=frame["value"].astype(float))


def _published_pairs(claim: Claim) -> list[tuple[float, float]]:
    """Return the numbers of both sides for which everything else agrees; of several parameters the best.

    If the left side is claimed to be no worse, its worst counts.
    """
    frame = _published(claim)
    sides = []
    for name in ("left", "right"):
        chosen = frame
        for column, value in claim.published[name].items():
            chosen = chosen[chosen[column] == value]
        # ContextLoss writes the mask into the setting, which differs between the methods compared
        keys = [c for c in frame.columns if c not in (*_OF_THE_METHOD, "setting")]
        chosen = chosen.assign(setting=chosen["setting"].str.replace(r";?critical_pixel_mask=\w+", "", regex=True))
        grouped = chosen.groupby([*keys, "setting"], dropna=False)["value"]
        highest = (claim.sign > 0) != (claim.kind == "not_worse" and name == "left")
        sides.append(grouped.max() if highest else grouped.min())
    shared = sides[0].index.intersection(sides[1].index)
    return [(float(sides[0][key]), float(sides[1][key])) for key in shared]


def _holds(claim: Claim, left: float, right: float) -> bool:
    if claim.kind == "ratio":
        return left / right <= claim.limit
    return claim.sign * (left - right) >= 0 if claim.kind == "not_worse" else claim.sign * (left - right) > 0


def _trend(claim: Claim) -> str:
    """Return whether the best parameter does not decrease with the thickness."""
    frame = _published(claim)
    along = frame["setting"].str.extract(rf"{claim.published['along']}=([\d.]+)")[0].astype(float)
    best = []
    for _, group in frame.groupby(along):
        ordered = group.sort_values("value", ascending=claim.sign < 0)
        best.append(float(ordered["parameter_value"].iloc[0]))
    held = all(first <= second for first, second in zip(best[:-1], best[1:], strict=True))
    shown = ", ".join(f"{value:g}" for value in best)
    return f"{'holds' if held else 'does not hold'}: {shown} from thin to thick"
