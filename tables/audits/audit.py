"""The audit of published numbers: arithmetic that must hold, table by table."""

import importlib
import json
import pkgutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tables.audits import rules
from tables.audits.findings import CERTAIN, LIKELY, SUSPICION, Context, Finding
from tables.audits.metric_names import PUBLISHED
from tables.audits.reading import context_beside, read

_ORDER = (CERTAIN, LIKELY, SUSPICION)
_BESIDE = ("samples.csv", "statements.csv", "datasets.csv")


def audit(paths: Sequence[str | Path] = ()) -> tuple[list[Finding], list[str]]:
    """Audit tables of numbers.

    Args:
        paths: CSV files with one row per number: `table`, `dataset`, `method`, `metric` and `value` must be there, the
            other columns of `tables.audits.reading.COLUMNS` may be. `samples.csv` (paper, dataset, metric, n, unit) and
            `statements.csv` beside a file state over how many images its means are taken and what its text claims.
            Empty: the papers'.

    Returns:
        Findings, the most certain first, and what cannot be read or checked, by path and line; the rest is still
        audited.
    """
    ours = sorted(path for path in PUBLISHED.glob("*.csv") if path.name not in _BESIDE)
    files = [Path(path) for path in paths] or ours
    found: list[Finding] = []
    problems: list[str] = []
    for path in files:
        try:
            numbers, unreadable = read(path)
            problems += unreadable
            found += check(numbers, context_beside(path.parent))
        except (ValueError, OSError) as error:
            problems.append(str(error))
    return sorted(found, key=lambda finding: _ORDER.index(finding.sure)), problems


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Run every rule.

    Args:
        numbers: from `read`.
        context: what is known apart from the tables.

    Returns:
        The findings.
    """
    names = [module.name for module in pkgutil.iter_modules(rules.__path__)]
    modules = [importlib.import_module(f"{rules.__name__}.{name}") for name in names]
    return [finding for module in modules for finding in module.check(numbers, context)]


def markdown(found: Sequence[Finding], problems: Sequence[str]) -> str:
    """Return the findings as Markdown.

    Args:
        found: the findings.
        problems: what could not be read or checked.

    Returns:
        The text.
    """
    lines = ["# Audit of published numbers", "", f"{len(found)} findings.", ""]
    for sure in _ORDER:
        chosen = [finding for finding in found if finding.sure == sure]
        lines += [f"## {sure.capitalize()} ({len(chosen)})", ""] if chosen else []
        lines += [f"- **{finding.rule}**: {finding.where}: {finding.what}" for finding in chosen]
        lines += [""] if chosen else []
    lines += [f"- not audited: {problem}" for problem in problems]
    return "\n".join(lines) + "\n"


def as_json(found: Sequence[Finding], problems: Sequence[str]) -> str:
    """Return the findings as JSON."""
    return json.dumps({"findings": [vars(f) for f in found], "problems": list(problems)}, indent=2) + "\n"


def frame(found: Sequence[Finding]) -> pd.DataFrame:
    """Return the findings as a table, as the notebook shows them."""
    return pd.DataFrame([vars(finding) for finding in found], columns=["rule", "sure", "where", "what"])
