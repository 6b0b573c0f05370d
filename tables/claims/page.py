"""The scorecard for readers: as a table and as a Markdown page."""

import math
from collections.abc import Sequence

import pandas as pd

from runs.banner import SMOKE
from tables import intervals, legends
from tables.claims import claims
from tables.claims.claims import Claim
from tables.claims.scorecard import CONFIRMED, MACHINERY, NOT_RUN, OPPOSITE, UNDECIDED, Answer


def frame(answers: Sequence[Answer], chosen: Sequence[Claim] | None = None) -> pd.DataFrame:
    """Return the scorecard as a table.

    Args:
        answers: the answers.
        chosen: the claims; None: those of claims.yaml.

    Returns:
        One row per claim.
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
    """Return the scorecard as a Markdown page."""
    table = frame(answers, chosen)
    counts = table["here"].value_counts()
    summary = ", ".join(f"{counts.get(s, 0)} {s}" for s in (CONFIRMED, UNDECIDED, OPPOSITE, NOT_RUN))
    machinery = f", {counts[MACHINERY]} {MACHINERY}" if MACHINERY in counts else ""
    smoke = any(answer.smoke for answer in answers)
    lines = [
        "# Scorecard",
        "",
        *([f"**{SMOKE}**", ""] if smoke else []),
        f"{len(table)} claims: {summary}{machinery}.",
        "",
    ]
    lines += ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    lines += [
        "| " + " | ".join(str(v).replace("|", "\\|") for v in row) + " |" for row in table.itertuples(index=False)
    ]
    return "\n".join([*lines, "", legends.SCORECARD]) + "\n"


def _text(value: float, digits: int = 3) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}g}"


def _interval(answer: Answer) -> str:
    return "" if math.isnan(answer.low) else f"{answer.low:.3g} to {answer.high:.3g}{intervals.mark(answer.n)}"


def _where(answer: Answer) -> str:
    return "; ".join(f"{dataset} ({scale})" for dataset, scale in answer.scale.items())
