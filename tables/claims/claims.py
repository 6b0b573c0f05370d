"""The papers' claims, read from claims.yaml, and the evidence of the papers' own tables."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
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
class Side:
    """One of two losses that are compared.

    Attributes:
        loss: slug.
        parameters: which its runs must have; None: tuned ones, else the defaults.
    """

    loss: str
    parameters: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class PublishedRows:
    """The paper's own numbers on a claim, see claims.yaml.

    Attributes:
        paper: slug of the file in tables/published.
        table: name or names of its tables.
        left: {column: value} that select the rows of the left side.
        right: those of the right side.
        metric: as the file names it; "": that of the claim.
        parameter: that a trend is about.
        along: setting along which the trend goes.
    """

    paper: str
    table: str | Sequence[str]
    left: Mapping[str, str]
    right: Mapping[str, str]
    metric: str = ""
    parameter: str = ""
    along: str = ""

    @property
    def tables(self) -> list[str]:
        """Return the names of the tables."""
        return [self.table] if isinstance(self.table, str) else list(self.table)


@dataclass(frozen=True)
class Claim:
    """A claim as a comparison between two losses; see claims.yaml for the fields."""

    id: str
    says: str
    source: str
    metric: str
    left: Side
    right: Side
    kind: str = "better"
    margin: float = 0.0
    limit: float = 1.0
    parameter: str = ""
    postprocessed: bool = False
    datasets: tuple[str, ...] = ()
    part: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    published: PublishedRows | None = None
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
    for name in ("left", "right"):
        values[name] = Side(**entry[name])
    if entry.get("published"):
        values["published"] = PublishedRows(**entry["published"])
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
        problems += _fields_of(side, entry[side], Side)
    if entry.get("published"):
        problems += _fields_of("published", entry["published"], PublishedRows)
    if len(entry["says"]) > 120 or not entry["says"].endswith("."):
        problems.append("`says` must be one sentence of at most 120 characters")
    return problems


def _fields_of(name: str, entry: Mapping[str, Any], kind: type[Side | PublishedRows]) -> list[str]:
    known = {each.name: each.default is MISSING for each in fields(kind)}
    problems = [f"{name}: lacks {field}" for field, required in known.items() if required and field not in entry]
    unknown = sorted(entry.keys() - known.keys())
    return problems + ([f"{name}: has no field {', '.join(unknown)}"] if unknown else [])


def in_paper(claim: Claim) -> str:
    """Return in how many rows of the paper's own tables the claim holds.

    Args:
        claim: the claim.

    Returns:
        Such as "3 of 4 rows"; "" where the paper has no such numbers.
    """
    rows = claim.published
    if rows is None:
        return ""
    if claim.kind == "trend":
        return _trend(claim, rows)
    pairs = _published_pairs(claim, rows)
    held = sum(_holds(claim, left, right) for left, right in pairs)
    return f"{held} of {len(pairs)} rows" if pairs else ""


def _published(claim: Claim, rows: PublishedRows) -> pd.DataFrame:
    frame = pd.read_csv(PUBLISHED / f"{rows.paper}.csv", dtype=str, keep_default_na=False)
    frame = frame[frame["table"].isin(rows.tables)]
    frame = frame[(frame["metric"] == (rows.metric or claim.metric)) & (frame["value"] != "")]
    return frame.assign(value=frame["value"].astype(float))


def _published_pairs(claim: Claim, rows: PublishedRows) -> list[tuple[float, float]]:
    """Return the numbers of both sides for which everything else agrees; of several parameters the best.

    If the left side is claimed to be no worse, its worst counts.
    """
    frame = _published(claim, rows)
    sides = []
    for name, wanted in (("left", rows.left), ("right", rows.right)):
        chosen = frame
        for column, value in wanted.items():
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


def _trend(claim: Claim, rows: PublishedRows) -> str:
    """Return whether the best parameter does not decrease with the thickness."""
    frame = _published(claim, rows)
    along = frame["setting"].str.extract(rf"{rows.along}=([\d.]+)")[0].astype(float)
    best = []
    for _, group in frame.groupby(along):
        ordered = group.sort_values("value", ascending=claim.sign < 0)
        best.append(float(ordered["parameter_value"].iloc[0]))
    held = all(first <= second for first, second in zip(best[:-1], best[1:], strict=True))
    shown = ", ".join(f"{value:g}" for value in best)
    return f"{'holds' if held else 'does not hold'}: {shown} from thin to thick"
