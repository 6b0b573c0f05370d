"""The scorecard for readers: as a table, dataset by dataset, and as a Markdown page."""

import math
from collections.abc import Sequence

import pandas as pd

from runs.banner import SMOKE
from tables import intervals, legends, markup
from tables.claims import claims
from tables.claims.claims import Claim
from tables.claims.evidence import CONFIRMED, OPPOSITE, UNDECIDED
from tables.claims.scorecard import DEPENDS, MACHINERY, NOT_RUN, Answer


def frame(answers: Sequence[Answer], chosen: Sequence[Claim] | None = None) -> pd.DataFrame:
    """Return the scorecard as a table.

    Args:
        answers: the answers.
        chosen: the claims; None: those of claims.yaml.

    Returns:
        One row per claim.
    """
    listed = _claims(chosen)
    rows = []
    for answer in answers:
        claim = listed[answer.id]
        rows.append(
            {
                "claim": claim.says,
                "source": claim.source,
                "in the paper": claims.in_paper(claim),
                "here": _here(claim, answer),
            }
            | {"effect": _text(answer.effect), "95 % interval": _interval(answer.low, answer.high, answer.n)}
            | {"p (Holm)": _text(answer.p_holm), "n": answer.n or "", "datasets": _agreement(answer)}
            | {"by structure": _structures(answer), "on": _where(answer), "rests on": "; ".join(claim.marks)}
        )
    return pd.DataFrame(rows)


def by_dataset(answers: Sequence[Answer], chosen: Sequence[Claim] | None = None) -> pd.DataFrame:
    """Return the effects dataset by dataset, in the metrics' own units.

    Args:
        answers: the answers.
        chosen: the claims; None: those of claims.yaml.

    Returns:
        One row for each claim and dataset.
    """
    listed = _claims(chosen)
    rows = [
        {"claim": listed[answer.id].says, "on": effect.dataset, "structure": effect.structure, "n": effect.n}
        | {"metric": listed[answer.id].metric, "mean difference": _text(effect.mean)}
        | {"95 % interval": _interval(effect.low, effect.high, effect.n), "effect": _text(effect.effect)}
        | {"p": _text(effect.p)}
        for answer in answers
        for effect in answer.effects
    ]
    return pd.DataFrame(rows)


def markdown(answers: Sequence[Answer], chosen: Sequence[Claim] | None = None) -> str:
    """Return the scorecard as a Markdown page."""
    table, effects = frame(answers, chosen), by_dataset(answers, chosen)
    counts = pd.Series([answer.status for answer in answers]).value_counts()
    parts = [f"{counts.get(status, 0)} {status}" for status in (CONFIRMED, UNDECIDED, OPPOSITE, NOT_RUN)]
    parts += [f"{counts[status]} {status}" for status in (DEPENDS, MACHINERY) if status in counts]
    lines = ["# Scorecard"]
    lines += [f"**{SMOKE}**"] if any(answer.smoke for answer in answers) else []
    lines += [f"{len(table)} claims: {', '.join(parts)}.", _table(table), legends.SCORECARD]
    if len(effects):
        lines += ["## Dataset by dataset", _table(effects), legends.SCORECARD_BY_DATASET]
    return "\n\n".join(lines) + "\n"


def _claims(chosen: Sequence[Claim] | None) -> dict[str, Claim]:
    return {claim.id: claim for claim in (claims.load() if chosen is None else chosen)}


def _table(table: pd.DataFrame) -> str:
    rows = [[markup.markdown(str(value)) for value in row] for row in table.itertuples(index=False)]
    return markup.markdown_table([list(table.columns), *rows], ["---"] * len(table.columns))


def _here(claim: Claim, answer: Answer) -> str:
    """Return the status, and what is needed where nothing was run."""
    return f"{NOT_RUN} (needs {claim.needs})" if answer.status == NOT_RUN and claim.needs else answer.status


def _agreement(answer: Answer) -> str:
    """Return how many datasets are on the claim's side, and how much of their disagreement is not chance."""
    if not answer.effects:
        return ""
    sides = [effect.effect > 0 for effect in answer.effects]
    words = f"{sum(sides)} of {len(sides)} in favour"
    return words if math.isnan(answer.disagreement) else f"{words}, I² {answer.disagreement:.0%}"


def _structures(answer: Answer) -> str:
    return "; ".join(f"{part.name}: {part.status} ({_text(part.effect, 2)})" for part in answer.structures)


def _text(value: float, digits: int = 3) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}g}"


def _interval(low: float, high: float, cases: int) -> str:
    return "" if math.isnan(low) else f"{low:.3g} to {high:.3g}{intervals.mark(cases)}"


def _where(answer: Answer) -> str:
    return "; ".join(f"{dataset} ({scale})" for dataset, scale in answer.scale.items())
