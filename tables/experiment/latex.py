"""The comparison tables as LaTeX: whole, or with few columns and short cells for a two-column page."""

import math
from collections.abc import Sequence

from registry.nearest import unknown
from runs.results import Results
from tables import intervals, legends, markup
from tables.averages import Average
from tables.experiment import compare, provenance, texts
from tables.experiment.compare import Comparison, MetricColumn
from tables.statistics import stars

FULL = "full"
STYLES = (FULL, "mean-ci", "mean-sd", "mean")
# no wider than a column of the page, and not enlarged to it
_SMALL = (
    r"\footnotesize\setlength{\tabcolsep}{2pt}",
    r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
)
COSTS = {"seconds": "s / iteration", "memory": "peak MiB"}


def latex(results: Results, columns: Sequence[str] = (), style: str = FULL) -> str:
    """Return the tables as LaTeX, one `table` for each; needs the packages booktabs and graphicx.

    Args:
        results: the runs.
        columns: metrics by slug, "seconds" and "memory"; none: all metrics, and with the style "full" the costs.
        style: "full": mean, standard deviation, stars and interval, the table shrunk to the width of the text;
            "mean-ci": mean, stars and interval; "mean-sd": mean, standard deviation and stars; "mean": mean and stars.

    Returns:
        The text.

    Raises:
        ValueError: an unknown column or style.
    """
    if style not in STYLES:
        raise ValueError(unknown("style", style, STYLES))
    tables = compare.comparisons(results)
    known = dict.fromkeys([column.slug for table in tables for column in table.columns] + list(COSTS))
    for name in columns:
        if name not in known:
            raise ValueError(unknown("column", name, known))
    parts = [f"% {line}" for line in [results.title, legends.COMPARISON, *provenance.lines(results)]]
    for table in tables:
        whole = style == FULL and not columns
        lines = texts.in_words(table, markup.strong) if whole else _short(table, columns, style)
        caption = ". ".join(part.rstrip(".") for part in (results.title, table.title, results.banner) if part) + "."
        parts += ["", markup.latex_of(lines, caption, *([] if whole else [_SMALL]))]
    return "\n".join(parts) + "\n"


def _short(table: Comparison, columns: Sequence[str], style: str) -> list[list[str]]:
    """Return heading and rows with the chosen columns."""
    metrics = {column.slug: column for column in table.columns}
    chosen = [name for name in columns or metrics if name in metrics or name in COSTS]
    lines = [["loss", *(metrics[name].short if name in metrics else COSTS[name] for name in chosen)]]
    for row in table.rows:
        costs = {"seconds": _cost(row.seconds, ".3g"), "memory": _cost(row.mebibytes, ".0f")}
        cells = [row.label]
        for name in chosen:
            if name in COSTS:
                cells.append(row.state or costs[name])
                continue
            text = row.state or _number(row.cells[name], metrics[name], style)
            cells.append(markup.strong(text) if table.is_best(row, metrics[name]) else text)
        lines.append(cells)
    return lines


def _number(cell: Average, column: MetricColumn, style: str) -> str:
    if style == FULL or not cell.defined:
        return texts.number(cell, column)
    text = f"{cell.mean:.{column.digits}f}"
    if style == "mean-sd" and math.isfinite(cell.std):
        text += f" ± {cell.std:.{column.digits}f}"
    text += stars(cell.p)
    if style == "mean-ci" and math.isfinite(cell.low):
        text += f" ({cell.low:.{column.digits}f}, {cell.high:.{column.digits}f}){intervals.mark(cell.defined)}"
    return text if cell.defined == cell.cases else f"{text} [{cell.defined}/{cell.cases}]"


def _cost(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
