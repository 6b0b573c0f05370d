"""The scorecard: which of the papers' claims hold in this suite's own runs."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from runs.banner import SMOKE
from runs.paths import find_experiments
from runs.results import DONE, RunResult, collect
from tables import averages, statistics
from tables.claims import claims
from tables.claims.claims import COSTS, Claim

SCHEMA = "scorecard/2026-11-21"
CONFIRMED, UNDECIDED, OPPOSITE, NOT_RUN = "confirmed", "not confirmed", "opposite", "not run"
_LEVEL = 0.05
HOW_TO_READ = (
    "Confirmed: the mean difference over cases goes the way of the claim and differs from 0 (paired permutation test, "
    "Holm over the scorecard, p < 0.05). Opposite: it goes the other way, as surely. Not confirmed: neither. Not run: "
    "no runs of both losses on a dataset of the claim. Costs: the ratio against the limit, without a test. Positive "
    "effects are in the claim's favour. Folds and seeds are averaged within each case first; of a test set in parts, "
    "the first counts."
)


@dataclass
class Answer:
    """What the runs say to a claim.

    Attributes:
        id: of the claim.
        status: "confirmed", "not confirmed", "opposite" or "not run".
        effect: mean difference over cases, positive in the claim's favour; for costs the ratio left / right.
        dz: Cohen's dz.
        low: lower limit of the 95 % bootstrap interval of the effect.
        high: its upper limit.
        p: of the paired permutation test.
        p_holm: corrected over the scorecard.
        n: number of cases.
        differences: {dataset: {case: difference}}; for costs {dataset: {"ratio": ratio}}.
        scale: what the runs were like: iterations of fine-tuning by dataset, smoke.
    """

    id: str
    status: str = NOT_RUN
    effect: float = math.nan
    dz: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    p_holm: float = math.nan
    n: int = 0
    differences: dict[str, dict[str, float]] = field(default_factory=dict)
    scale: dict[str, str] = field(default_factory=dict)


def make(folders: Sequence[str | Path], chosen: Sequence[Claim] | None = None) -> list[Answer]:
    """Answer the claims by the runs that are there.

    Args:
        folders: experiments' folders, or results folders that hold experiments.
        chosen: the claims; None: those of claims.yaml.

    Returns:
        One answer for each claim, in their order.

    Raises:
        ValueError: a folder without any run.
    """
    listed = list(claims.load() if chosen is None else chosen)
    results = [collect(folder) for each in folders for folder in find_experiments(each)]
    answers = []
    for claim in listed:
        answer = Answer(claim.id)
        for result in results:
            for dataset in result.datasets:
                if not claim.datasets or dataset in claim.datasets:
                    _compare(claim, answer, dataset, next(iter(result.parts(dataset).values())))
        answers.append(answer)
    return judge(listed, answers)


def merge(cards: Sequence[Sequence[Answer]], chosen: Sequence[Claim] | None = None) -> list[Answer]:
    """Join the scorecards of several machines and judge anew; a case that several have is averaged.

    Args:
        cards: from `make` or `read`.
        chosen: the claims; None: those of claims.yaml.

    Returns:
        One answer for each claim.
    """
    listed = list(claims.load() if chosen is None else chosen)
    answers = []
    for claim in listed:
        parts = [answer for card in cards for answer in card if answer.id == claim.id]
        joined = Answer(claim.id)
        for dataset in dict.fromkeys(name for part in parts for name in part.differences):
            found = pd.concat([pd.Series(part.differences[dataset]) for part in parts if dataset in part.differences])
            joined.differences[dataset] = _by_case(found.groupby(level=0).mean())
            scales = dict.fromkeys(part.scale[dataset] for part in parts if dataset in part.scale)
            joined.scale[dataset] = "; ".join(scales)
        answers.append(joined)
    return judge(listed, answers)


def judge(listed: Sequence[Claim], answers: list[Answer]) -> list[Answer]:
    """Give every answer its numbers and status from its differences.

    Args:
        listed: the claims.
        answers: their answers, in the same order.

    Returns:
        The same answers.
    """
    for claim, answer in zip(listed, answers, strict=True):
        values = pd.Series([v for cases in answer.differences.values() for v in cases.values()], dtype=float).dropna()
        if values.empty:
            continue
        answer.n, answer.effect = len(values), float(values.mean())
        if claim.metric in COSTS:
            answer.status = CONFIRMED if answer.effect <= claim.limit else OPPOSITE
            continue
        array = values.to_numpy()
        answer.low, answer.high = statistics.bootstrap_interval(array)
        answer.dz, answer.p = statistics.cohens_dz(array), statistics.paired_permutation(array + claim.margin)
    for answer, p in zip(answers, statistics.holm([answer.p for answer in answers]), strict=True):
        answer.p_holm = p
    for claim, answer in zip(listed, answers, strict=True):
        if claim.metric not in COSTS and answer.n:
            shifted = answer.effect + claim.margin
            answer.status = UNDECIDED if not answer.p_holm < _LEVEL else CONFIRMED if shifted > 0 else OPPOSITE
    return answers


def _compare(claim: Claim, answer: Answer, dataset: str, runs: list[RunResult]) -> None:
    if claim.kind == "trend":
        return  # needs one run for each value of the parameter on datasets of several thicknesses
    left, right = _runs(runs, claim.left), _runs(runs, claim.right)
    if not left or not right:
        return
    if claim.metric in COSTS:
        costs = [_cost(side, claim.metric) for side in (left, right)]
        differences = {"ratio": costs[0] / costs[1]} if all(math.isfinite(cost) for cost in costs) else {}
    else:
        values = [averages.per_case(side, claim.metric, claim.postprocessed) for side in (left, right)]
        differences = _by_case((claim.sign * (values[0] - values[1])).dropna())
    if differences:
        answer.differences[dataset] = differences
        answer.scale[dataset] = _scale(left)


def _by_case(values: pd.Series) -> dict[str, float]:
    return {str(case): float(value) for case, value in values.items()}


def _runs(runs: list[RunResult], side: Mapping[str, Any]) -> list[RunResult]:
    """Choose a loss's finished runs: with the given parameters, or with its defaults, or else the first of its rows."""
    found = [r for r in runs if r.state == DONE and r.run.stage == "finetune" and r.run.loss == side["loss"]]
    wanted = side.get("parameters")
    if wanted is None:
        plain = [result for result in found if not result.run.loss_parameters]
        return plain or [result for result in found if result.row == found[0].row]
    return [result for result in found if dict(result.run.loss_parameters) == dict(wanted)]


def _cost(runs: list[RunResult], metric: str) -> float:
    records = [result.record for result in runs]
    values = [record.peak_bytes if metric == "peak_memory" else record.seconds_per_iteration for record in records]
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else math.nan


def _scale(runs: list[RunResult]) -> str:
    parameters = runs[0].record.parameters
    seeds = len({result.run.seed for result in runs})
    words = [f"{parameters.get('iterations', '?')} iterations", f"{seeds} seed{'s' if seeds > 1 else ''}"]
    scale = runs[0].record.scale
    words += [f"scale {scale:g}"] if scale != 1 else []
    words += ["partial data"] if runs[0].partial else []
    words += ["smoke"] if parameters.get("smoke") else []
    return ", ".join(words)


def frame(answers: Sequence[Answer], chosen: Sequence[Claim] | None = None) -> pd.DataFrame:
    """Give the scorecard as a table.

    Args:
        answers: the answers.
        chosen: the claims; None: those of claims.yaml.

    Returns:
        One row a claim.
    """
    listed = {claim.id: claim for claim in (claims.load() if chosen is None else chosen)}
    rows = []
    for answer in answers:
        claim = listed[answer.id]
        rows.append(
            {"claim": claim.says, "source": claim.source, "in the paper": claims.in_paper(claim), "here": answer.status}
            | {"effect": _text(answer.effect), "95 % interval": _interval(answer), "dz": _text(answer.dz, 2)}
            | {"p (Holm)": _text(answer.p_holm), "n": answer.n or "", "on": _where(answer)}
            | {"rests on": "; ".join(claim.marks)}
        )
    return pd.DataFrame(rows)


def markdown(answers: Sequence[Answer], chosen: Sequence[Claim] | None = None) -> str:
    """Give the scorecard as a Markdown page."""
    table = frame(answers, chosen)
    counts = table["here"].value_counts()
    summary = ", ".join(f"{counts.get(s, 0)} {s}" for s in (CONFIRMED, UNDECIDED, OPPOSITE, NOT_RUN))
    smoke = any("smoke" in scale for answer in answers for scale in answer.scale.values())
    lines = ["# Scorecard", "", *([f"**{SMOKE}**", ""] if smoke else []), f"{len(table)} claims: {summary}.", ""]
    lines += ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    lines += [
        "| " + " | ".join(str(v).replace("|", "\\|") for v in row) + " |" for row in table.itertuples(index=False)
    ]
    return "\n".join([*lines, "", HOW_TO_READ]) + "\n"


def as_json(answers: Sequence[Answer]) -> str:
    """Give the scorecard as JSON, differences by case included, so that it can be merged and judged anew."""
    content = {"schema": SCHEMA, "answers": [asdict(answer) for answer in answers]}
    return json.dumps(_without_nan(content), indent=1, allow_nan=False) + "\n"


def read(path: str | Path) -> list[Answer]:
    """Read a scorecard's JSON.

    Args:
        path: the file.

    Returns:
        The answers.

    Raises:
        ValueError: unreadable, or of another schema.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not readable as JSON ({error})") from error
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"{path}: expected a scorecard of schema {SCHEMA!r}, got {schema!r}; make it again")
    answers = []
    for entry in content["answers"]:
        values: dict[str, Any] = {name: math.nan if value is None else value for name, value in entry.items()}
        answers.append(Answer(**values))
    return answers


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _text(value: float, digits: int = 3) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}g}"


def _interval(answer: Answer) -> str:
    return "" if math.isnan(answer.low) else f"{answer.low:.3g} to {answer.high:.3g}"


def _where(answer: Answer) -> str:
    return "; ".join(f"{dataset} ({scale})" for dataset, scale in answer.scale.items())
