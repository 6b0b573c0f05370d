"""The scorecard: which of the papers' claims hold in this suite's own runs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from runs.results import DONE, Results, RunResult
from tables import averages
from tables.claims import claims, evidence
from tables.claims.claims import COSTS, Claim, Side
from tables.claims.evidence import CONFIRMED, OPPOSITE, Effect, Part
from tables.sources import collect_all
from tables.statistics import holm

NOT_RUN, MACHINERY, DEPENDS = "not run", "machinery only", "depends on the structure"
# options of a dataset that change what is learned: runs with them answer only claims that name them
_LABELS = {"labels": "accurate", "training_set": "large"}


@dataclass
class Answer:
    """The runs' answer to a claim.

    Attributes:
        id: of the claim.
        status: "confirmed", "not confirmed", "opposite", "depends on the structure", "machinery only" or "not run".
        effect: standardised, positive in the claim's favour, the mean over datasets, see `tables.claims.evidence`; for
            costs the ratio left / right.
        low: lower limit of its 95 % interval.
        high: its upper limit.
        p: of the paired permutation test, stratified by dataset.
        p_holm: corrected over the scorecard.
        n: number of cases.
        disagreement: I^2 of the datasets' effects, in [0, 1]; NaN for a single dataset.
        effects: of each dataset, in the metric's own unit.
        structures: the same for each kind of structure, where there are several.
        differences: {dataset: {case: difference}}; for costs {dataset: {"ratio": ratio}}.
        scale: the size of the runs: iterations of fine-tuning by dataset, smoke.
        smoke: only smoke runs answer it, whose numbers do not characterise any loss.
    """

    id: str
    status: str = NOT_RUN
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    p_holm: float = math.nan
    n: int = 0
    disagreement: float = math.nan
    effects: list[Effect] = field(default_factory=list)
    structures: list[Part] = field(default_factory=list)
    differences: dict[str, dict[str, float]] = field(default_factory=dict)
    scale: dict[str, str] = field(default_factory=dict)
    smoke: bool = False


def make(folders: Sequence[str | Path], chosen: Sequence[Claim] | None = None) -> list[Answer]:
    """Answer the claims from the existing runs.

    Args:
        folders: experiments' folders, or results folders that hold experiments.
        chosen: the claims; None: those of claims.yaml.

    Returns:
        One answer for each claim, in their order.

    Raises:
        ValueError: a folder without any run.
    """
    listed = list(claims.load() if chosen is None else chosen)
    return merge([[_answer(claim, result) for claim in listed] for result in collect_all(folders)], listed)


def _answer(claim: Claim, result: Results) -> Answer:
    """Return the differences that an experiment has for a claim, not yet judged."""
    answer = Answer(claim.id, smoke=result.smoke)
    for dataset in result.datasets:
        if claim.datasets and dataset not in claim.datasets:
            continue
        for name, runs in _parts(claim, dataset, result.parts(dataset)).items():
            _compare(claim, answer, name, [run for run in runs if _is_meant(claim, run)])
    return answer


def _parts(claim: Claim, dataset: str, parts: Mapping[str, list[RunResult]]) -> dict[str, list[RunResult]]:
    """Return the parts of a test set that a claim is about, by name: the first, or each of the others."""
    named = [(f"{dataset} ({name})", runs) for name, runs in parts.items()]
    return dict(named[1:]) if claim.part == claims.OTHERS else {dataset: named[0][1]}


def _is_meant(claim: Claim, run: RunResult) -> bool:
    """Return whether a run has learned from the labels that the claim is about."""
    used = _LABELS | dict(run.card.options or {})
    return all(used.get(name) == value for name, value in (_LABELS | dict(claim.options)).items())


def merge(cards: Sequence[Sequence[Answer]], chosen: Sequence[Claim] | None = None) -> list[Answer]:
    """Merge the scorecards of several experiments or machines and judge again; a case that several have is averaged.

    Args:
        cards: from `make` or `read`.
        chosen: the claims; None: those of claims.yaml.

    Returns:
        One answer for each claim.
    """
    listed = list(claims.load() if chosen is None else chosen)
    answers = []
    for claim in listed:
        parts = [answer for card in cards for answer in card if answer.id == claim.id and answer.differences]
        in_earnest = [part for part in parts if not part.smoke]
        joined = Answer(claim.id, smoke=bool(parts) and not in_earnest)
        parts = in_earnest or parts
        for dataset in dict.fromkeys(name for part in parts for name in part.differences):
            found = pd.concat([pd.Series(part.differences[dataset]) for part in parts if dataset in part.differences])
            joined.differences[dataset] = _by_case(found.groupby(level=0).mean())
            scales = dict.fromkeys(part.scale[dataset] for part in parts if dataset in part.scale)
            joined.scale[dataset] = "; ".join(scales)
        answers.append(joined)
    return judge(listed, answers)


def judge(listed: Sequence[Claim], answers: list[Answer]) -> list[Answer]:
    """Return the answers with numbers and status from their differences.

    Args:
        listed: the claims.
        answers: their answers, in the same order.

    Returns:
        The same answers.
    """
    for claim, answer in zip(listed, answers, strict=True):
        if not answer.differences:
            continue
        if claim.metric in COSTS:
            _judge_cost(claim, answer)
        else:
            _weigh(claim, answer)
        if answer.smoke:
            answer.status = MACHINERY
    tested = [math.nan if answer.smoke else answer.p for answer in answers]
    for claim, answer, p in zip(listed, answers, holm(tested), strict=True):
        answer.p_holm = p
        if claim.metric not in COSTS and answer.n and not answer.smoke:
            found = {part.status for part in answer.structures}
            both = {CONFIRMED, OPPOSITE} <= found
            answer.status = DEPENDS if both else evidence.verdict(answer.effect, p)
    return answers


def _judge_cost(claim: Claim, answer: Answer) -> None:
    ratios = [value for cases in answer.differences.values() for value in cases.values()]
    answer.n, answer.effect = len(ratios), sum(ratios) / len(ratios)
    answer.status = CONFIRMED if answer.effect <= claim.limit else OPPOSITE


def _weigh(claim: Claim, answer: Answer) -> None:
    """Fill in the effects, over all datasets and by structure."""
    found = {name: pd.Series(cases, dtype=float).dropna() for name, cases in answer.differences.items()}
    found = {name: values for name, values in found.items() if len(values)}
    together = evidence.combined(list(found.values()), claim.margin)
    answer.n, answer.effect, answer.p = together.n, together.effect, together.p
    answer.low, answer.high, answer.disagreement = together.low, together.high, together.disagreement
    answer.effects = [evidence.effect(name, values, claim.margin) for name, values in found.items()]
    answer.structures = evidence.by_structure(found, claim.margin)


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
        values = [averages.by_run(side, claim.metric, claim.postprocessed) for side in (left, right)]
        differences = _by_case((claim.sign * averages.differences(*values)).dropna())
    if differences:
        answer.differences[dataset] = differences
        answer.scale[dataset] = _scale(left, right)


def _by_case(values: pd.Series) -> dict[str, float]:
    return {str(case): float(value) for case, value in values.items()}


def _runs(runs: list[RunResult], side: Side) -> list[RunResult]:
    """Return a loss's finished runs: with the given parameters, else tuned, with its defaults, or of its first row."""
    found = [r for r in runs if r.state == DONE and r.run.stage == "finetune" and r.run.loss == side.loss]
    if side.parameters is None:
        entry = next((result.entry for result in found if result.entry), "")
        chosen = [result for result in found if result.entry == entry and (entry or not result.run.loss_parameters)]
        return chosen or [result for result in found if result.row == found[0].row]
    return [result for result in found if dict(result.run.loss_parameters) == dict(side.parameters)]


def _cost(runs: list[RunResult], metric: str) -> float:
    records = [result.record for result in runs]
    values = [record.peak_bytes if metric == "peak_memory" else record.seconds_per_iteration for record in records]
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else math.nan


def _scale(runs: list[RunResult], others: list[RunResult]) -> str:
    """Return in words how large a comparison is; the seeds are those that both sides have."""
    parameters = runs[0].record.parameters
    own, their = ({result.run.seed for result in side} for side in (runs, others))
    seeds = len(own & their or own)
    words = [f"{parameters.get('iterations', '?')} iterations", f"{seeds} seed{'s' if seeds > 1 else ''}"]
    scale = runs[0].record.scale
    words += [f"scale {scale:g}"] if scale != 1 else []
    words += ["partial data"] if runs[0].partial else []
    words += ["smoke"] if parameters.get("smoke") else []
    return ", ".join(words)
