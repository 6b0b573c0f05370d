"""The cells of a comparison in words, whatever the format."""

import math
from collections.abc import Callable

from tables import intervals
from tables.averages import Average
from tables.experiment.compare import Comparison, MetricColumn
from tables.statistics import stars


def number(cell: Average, column: MetricColumn, narrow: bool = False) -> str:
    """Return an average in words: `0.812 ± 0.051** (0.798, 0.826)`, with `[3/4]` where one of four cases is undefined.

    Args:
        cell: the numbers.
        column: the metric, which says how many decimals.
        narrow: for a terminal: no spaces, counts with one decimal, no interval.

    Returns:
        The text; "undefined" where no case has a value.
    """
    if not cell.defined:
        return "undefined" if cell.cases else ""
    digits = min(column.digits, 1) if narrow and column.digits == 2 else column.digits
    text = f"{cell.mean:.{digits}f}"
    if math.isfinite(cell.std):
        text += f" ± {cell.std:.{digits}f}"
    text += stars(cell.p)
    if math.isfinite(cell.low) and not narrow:
        text += f" ({cell.low:.{digits}f}, {cell.high:.{digits}f}){intervals.mark(cell.defined)}"
    text = text if cell.defined == cell.cases and not cell.is_uneven else f"{text} [{_defined(cell)}]"
    return text.replace(" ", "") if narrow else text


def _defined(cell: Average) -> str:
    """Return in how many cases a cell is defined and, if runs differ in that, in how many values of all runs."""
    cases = f"{cell.defined}/{cell.cases}"
    return f"{cases}; {cell.values - cell.undefined}/{cell.values} values" if cell.is_uneven else cases


def in_words(table: Comparison, mark: Callable[[str], str], narrow: bool = False) -> list[list[str]]:
    """Return heading and rows as text; `mark` makes the best of a column stand out."""
    costs = ["s/it", "peak MiB"] if narrow else ["s / iteration", "peak MiB"]
    counts = [] if narrow and same_for_all(table) else ["runs", "n"]
    headings = [column.short if narrow else column.heading for column in table.columns]
    lines = [["loss", *headings, *costs, *counts]]
    for row in table.rows:
        texts = [row.label]
        for column in table.columns:
            text = row.state or number(row.cells[column.slug], column, narrow)
            texts.append(mark(text) if table.is_best(row, column) else text)
        seconds = row.state or ("" if row.seconds is None else f"{row.seconds:.{2 if narrow else 3}g}")
        memory = row.state or ("" if row.mebibytes is None else f"{row.mebibytes:.0f}")
        lines.append([*texts, seconds, memory, *([row.counted, str(row.cases)] if counts else [])])
    return lines


def same_for_all(table: Comparison) -> str:
    """Return the numbers of cases and runs for the heading, if they are the same in all rows with numbers."""
    found = {(row.cases, row.counted) for row in table.rows if not row.state}
    if len(found) != 1:
        return ""
    ((cases, runs),) = found
    return f" ({cases} cases, {runs} run{'' if runs == '1' else 's'} of each loss)"
