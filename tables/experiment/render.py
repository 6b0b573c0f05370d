"""The comparison tables as text for the terminal, CSV, Markdown, LaTeX (booktabs) and HTML."""

import csv
import html
import io
import math
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

from tabulate import tabulate

from runs.files import write_atomic
from runs.results import Results
from tables.experiment import compare, provenance
from tables.experiment.compare import Column, Row, Table
from tables.statistics import stars

_LABEL_WIDTH = 20  # characters of the first column on a terminal, so that a table of 3D metrics fits into 120
HOW_TO_READ = (
    "Mean ± standard deviation over cases (folds and seeds averaged within each case first); [k/n]: defined in k of n "
    "cases; arrows: which way is better; best marked; the pretraining, from which all start, does not compete. Stars: "
    "another mean than Dice&CE's by a paired permutation test on the cases, Holm over the table (* p < 0.05, ** 0.01, "
    "*** 0.001). In parentheses: the 95 % bootstrap interval of the mean."
)


def render(results: Results) -> list[Path]:
    """Write the tables in all formats into the experiment's folder.

    Args:
        results: the runs.

    Returns:
        Paths of the files.
    """
    formats: dict[str, Callable[[Results], str]] = {"csv": as_csv, "md": markdown, "tex": latex, "html": as_html}
    folder = results.folder / "tables"
    return [write_atomic(folder / f"comparison.{suffix}", write(results)) for suffix, write in formats.items()]


def number(cell: compare.Cell, column: Column, narrow: bool = False) -> str:
    """Print a cell: `0.812 ± 0.051** (0.798, 0.826)`, with `[3/4]` where it is undefined in one of four cases.

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
        text += f" ({cell.low:.{digits}f}, {cell.high:.{digits}f})"
    text = text if cell.defined == cell.cases and not cell.is_uneven else f"{text} [{_defined(cell)}]"
    return text.replace(" ", "") if narrow else text


def _defined(cell: compare.Cell) -> str:
    """Say in how many cases a cell is defined and, where runs differ in that, in how many values of all runs."""
    cases = f"{cell.defined}/{cell.cases}"
    return f"{cases}; {cell.values - cell.undefined}/{cell.values} values" if cell.is_uneven else cases


def terminal(results: Results) -> str:
    """Return the tables for a terminal of 120 columns; the best of a column has a `^`.

    Args:
        results: the runs.

    Returns:
        The text.
    """
    parts = [results.title] + ([results.banner] if results.banner else [])
    for table in compare.tables(results):
        lines = _cells(table, lambda text: f"{text}^", narrow=True)
        widths = [_LABEL_WIDTH] + [None] * (len(lines[0]) - 1)
        body = tabulate(
            lines[1:],
            headers=[_fold(text) for text in lines[0]],
            tablefmt="simple",
            maxcolwidths=widths,
            disable_numparse=True,
            colalign=("left", *["right"] * (len(lines[0]) - 1)),
        )
        parts += [f"{table.title}{_same_for_all(table)}\n{body}", *table.notes]
    return "\n\n".join([*parts, textwrap.fill(HOW_TO_READ.replace("best marked", "best marked ^"), 118)])


def markdown(results: Results) -> str:
    """Return the tables as Markdown.

    Args:
        results: the runs.

    Returns:
        The text.
    """
    parts = [f"# {results.title}"] + ([f"**{results.banner}**"] if results.banner else [])
    for table in compare.tables(results):
        lines = _cells(table, lambda text: f"\0{text}\1")
        rows = [[_markdown(text) for text in line] for line in lines]
        rule = ["---", *["---:"] * (len(rows[0]) - 1)]
        body = "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]])
        parts += [f"## {table.title}", body, *(f"- {note}" for note in table.notes)]
    return "\n\n".join([*parts, HOW_TO_READ, *provenance.lines(results)]) + "\n"


def as_html(results: Results) -> str:
    """Return the tables as a piece of HTML, as notebooks show it.

    Args:
        results: the runs.

    Returns:
        The text.
    """
    parts = [f"<h2>{html.escape(results.title)}</h2>"]
    parts += [f"<p><strong>{html.escape(results.banner)}</strong></p>"] if results.banner else []
    for table in compare.tables(results):
        lines = _cells(table, lambda text: f"\0{text}\1")
        parts += [f"<h3>{html.escape(table.title)}</h3>", "<table>", f"<thead>{_html_row(lines[0], 'th')}</thead>"]
        parts += ["<tbody>", *(_html_row(line, "td") for line in lines[1:]), "</tbody>", "</table>"]
        parts += [f"<p>{html.escape(note)}</p>" for note in table.notes]
    parts += [f"<p><small>{html.escape(line)}</small></p>" for line in [HOW_TO_READ, *provenance.lines(results)]]
    return "\n".join(parts) + "\n"


def latex(results: Results) -> str:
    """Return the tables as LaTeX, one `table` for each; needs the packages booktabs and graphicx.

    Args:
        results: the runs.

    Returns:
        The text.
    """
    parts = [f"% {line}" for line in [results.title, HOW_TO_READ, *provenance.lines(results)]]
    for table in compare.tables(results):
        lines = _cells(table, lambda text: f"\0{text}\1")
        rows = [" & ".join(_latex(text) for text in line) + r" \\" for line in lines]
        caption = ". ".join(part.rstrip(".") for part in (results.title, table.title, results.banner) if part) + "."
        parts += [
            "",
            r"\begin{table}",
            rf"\caption{{{_latex(caption)}}}",
            r"\resizebox{\linewidth}{!}{%",
            rf"\begin{{tabular}}{{l{'r' * (len(lines[0]) - 1)}}}",
            *[r"\toprule", rows[0], r"\midrule", *rows[1:], r"\bottomrule"],
            r"\end{tabular}}",
            r"\end{table}",
        ]
    return "\n".join(parts) + "\n"


def as_csv(results: Results) -> str:
    """Return all tables as one CSV with plain numbers: mean, std and counts of each metric.

    Args:
        results: the runs.

    Returns:
        The text; a cell without a number is empty, and `state` says why.
    """
    tables = compare.tables(results)
    slugs = list(dict.fromkeys(column.slug for table in tables for column in table.columns))
    fields = ["smoke", "dataset", "part", "postprocessed", "loss", "state", "runs", "cases"]
    fields += [f"{slug}_{part}" for slug in slugs for part in ("mean", "std", "ci_low", "ci_high", "p", "defined")]
    uneven = {slug for table in tables for row in table.rows for slug, cell in row.cells.items() if cell.is_uneven}
    fields += [f"{slug}_undefined" for slug in slugs if slug in uneven]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*fields, "seconds_per_iteration", "peak_memory_mib"], lineterminator="\n")
    writer.writeheader()
    for table in tables:
        for row in table.rows:
            start = [results.smoke, table.dataset, table.part, table.postprocessed, row.label, row.state or "done"]
            values = dict(zip(fields, [*start, row.counted, row.cases], strict=False)) | _csv_cells(row)
            writer.writerow(values | {"seconds_per_iteration": row.seconds, "peak_memory_mib": row.mebibytes})
    return text.getvalue()


def _csv_cells(row: Row) -> dict[str, float | int | str]:
    values: dict[str, float | int | str] = {}
    for slug, cell in row.cells.items():
        parts = {"mean": cell.mean, "std": cell.std, "ci_low": cell.low, "ci_high": cell.high, "p": cell.p}
        parts |= {"defined": cell.defined}
        parts |= {"undefined": cell.undefined} if cell.is_uneven else {}
        values |= {f"{slug}_{name}": "" if row.state or math.isnan(value) else value for name, value in parts.items()}
    return values


def _cells(table: Table, mark: Callable[[str], str], narrow: bool = False) -> list[list[str]]:
    """Return heading and rows as text; `mark` makes the best of a column stand out."""
    costs = ["s/it", "peak MiB"] if narrow else ["s / iteration", "peak MiB"]
    counts = [] if narrow and _same_for_all(table) else ["runs", "n"]
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


def _same_for_all(table: Table) -> str:
    """Say in the heading how many cases and runs there are, where all rows that have numbers have as many."""
    found = {(row.cases, row.counted) for row in table.rows if not row.state}
    if len(found) != 1:
        return ""
    ((cases, runs),) = found
    return f" ({cases} cases, {runs} run{'' if runs == '1' else 's'} of each loss)"


def _fold(heading: str) -> str:
    """Break a heading into lines for a narrow column, the arrow staying with the last word."""
    words = heading.split(" ")
    if words[-1] in "↑↓":
        words[-2:] = [" ".join(words[-2:])]
    return "\n".join(words)


def _markdown(text: str) -> str:
    """Keep bars and stars as they are; what is marked becomes bold."""
    return re.sub(r"([|*])", r"\\\1", text).replace("\0", "**").replace("\1", "**")


def _html_row(texts: list[str], tag: str) -> str:
    cells = [html.escape(text).replace("\0", "<strong>").replace("\1", "</strong>") for text in texts]
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def _latex(text: str) -> str:
    text = re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", r"\textbackslash "))
    for sign, command in {"±": r"$\pm$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "β": r"$\beta$"}.items():
        text = text.replace(sign, command)
    return text.replace("\0", r"\textbf{").replace("\1", "}")
