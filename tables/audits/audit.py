"""The audit of published numbers: arithmetic that must hold, table by table."""

import importlib
import json
import pkgutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tables.audits import rules
from tables.audits.findings import CERTAIN, LIKELY, SUSPICION, Context, Finding

PUBLISHED = Path(__file__).parents[1] / "published"
COLUMNS = (
    "paper", "table", "dataset", "network", "method", "method_in_paper", "parameter", "parameter_value", "setting",
    "metric", "unit", "direction", "value", "best",
)  # fmt: skip
_NEEDED = ("table", "dataset", "method", "metric", "value")
_ORDER = (CERTAIN, LIKELY, SUSPICION)
_BESIDE = ("samples.csv", "statements.csv", "datasets.csv")


def audit(paths: Sequence[str | Path] = ()) -> tuple[list[Finding], list[str]]:
    """Audit tables of numbers.

    Args:
        paths: CSV files with one row a number: `table`, `dataset`, `method`, `metric` and `value` must be there, the
            other columns of `COLUMNS` may be. `samples.csv` (paper, dataset, metric, n, unit) and `statements.csv`
            beside a file say over how many images its means are taken and what its text claims. Empty: the papers'.

    Returns:
        Findings, the surest first, and the problems of files that cannot be read, by path and line; the rest is
        audited all the same.
    """
    files = [Path(path) for path in paths] or sorted(p for p in PUBLISHED.glob("*.csv") if p.name not in _BESIDE)
    found: list[Finding] = []
    problems: list[str] = []
    for path in files:
        try:
            found += check(read(path), _context(path.parent))
        except (ValueError, OSError) as error:
            problems.append(str(error))
    return sorted(found, key=lambda finding: _ORDER.index(finding.sure)), problems


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Run every rule.

    Args:
        numbers: from `read`.
        context: what is known beside the tables.

    Returns:
        The findings.
    """
    names = [module.name for module in pkgutil.iter_modules(rules.__path__)]
    modules = [importlib.import_module(f"{rules.__name__}.{name}") for name in names]
    return [finding for module in modules for finding in module.check(numbers, context)]


def read(path: Path) -> pd.DataFrame:
    """Read a CSV of numbers; values keep their printed form in the column `printed`.

    Args:
        path: the file.

    Returns:
        The numbers; empty values (dashes) are left out.

    Raises:
        ValueError: unreadable, a column is missing, or a value is no number; with path and line.
        OSError: no such file.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, comment="#")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read as CSV ({' '.join(str(error).split())})") from error
    missing = [name for name in _NEEDED if name not in frame]
    if missing:
        raise ValueError(f"{path}: lacks the columns {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    for name in COLUMNS:
        if name not in frame:
            frame[name] = path.stem if name == "paper" else ""
    numeric = pd.to_numeric(frame["value"].replace("", "nan"), errors="coerce")
    wrong = frame.index[numeric.isna() & ~frame["value"].isin(("", "nan"))]
    if len(wrong):
        # line 1 holds the names of the columns
        raise ValueError(f"{path}, line {wrong[0] + 2}: {frame['value'][wrong[0]]!r} is no number")
    frame["best"] = (frame["best"] == "1").astype(int)
    return frame[numeric.notna()].rename(columns={"value": "printed"}).reset_index(drop=True)


def _context(folder: Path) -> Context:
    found = {}
    for name in ("samples", "statements"):
        path = folder / f"{name}.csv"
        found[name] = pd.read_csv(path, dtype={"printed": str}) if path.is_file() else pd.DataFrame()
    samples = found["samples"].dropna(subset=["dataset", "metric"]) if len(found["samples"]) else found["samples"]
    return Context(samples, found["statements"])


def markdown(found: Sequence[Finding], problems: Sequence[str]) -> str:
    """Return the findings as Markdown.

    Args:
        found: the findings.
        problems: files that could not be read.

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
