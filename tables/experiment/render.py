"""The comparison tables as text for the terminal, CSV, Markdown, LaTeX (booktabs) and HTML."""

import csv
import io
import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from runs.files import write_atomic
from runs.results import Results
from tables import bibliography, legends, markup
from tables.experiment import advice, compare, latex, provenance, stability_tables, texts
from tables.experiment.compare import ComparisonRow

_LABEL_WIDTH = 20  # characters of the first column on a terminal, so that a table of 3D metrics fits into 120


def render(results: Results, columns: Sequence[str] = (), style: str = latex.FULL) -> list[Path]:
    """Write the tables in all formats into the experiment's folder, and the references of their methods.

    Args:
        results: the runs.
        columns: of the LaTeX tables, see `tables.experiment.latex.latex`.
        style: of their cells.

    Returns:
        Paths of the files.

    Raises:
        ValueError: an unknown column or style.
    """
    tex = latex.latex(results, columns, style)
    contents = {
        "csv": as_csv(results),
        "md": markdown(results),
        "tex": tex,
        "html": markup.html_page(results.title, as_html(results)),
    }
    folder = results.folder / "tables"
    references = bibliography.bibtex(sorted({run.run.loss for run in results.runs}))
    written = [write_atomic(folder / f"comparison.{suffix}", text) for suffix, text in contents.items()]
    written.append(write_atomic(folder / "methods.bib", references))
    return [*written, *advice.write(results), *stability_tables.write(results)]


def terminal(results: Results) -> str:
    """Return the tables for a terminal of 120 columns; the best of a column has a `^`.

    Args:
        results: the runs.

    Returns:
        The text.
    """
    parts = [results.title] + ([results.banner] if results.banner else [])
    for table in compare.comparisons(results):
        lines = texts.in_words(table, lambda text: f"{text}^", narrow=True)
        widths = [_LABEL_WIDTH] + [None] * (len(lines[0]) - 1)
        body = tabulate(
            lines[1:],
            headers=[_broken_heading(text) for text in lines[0]],
            tablefmt="simple",
            maxcolwidths=widths,
            disable_numparse=True,
            colalign=("left", *["right"] * (len(lines[0]) - 1)),
        )
        parts += [f"{table.title}{texts.same_for_all(table)}\n{body}", *table.notes]
    return "\n\n".join([*parts, textwrap.fill(legends.COMPARISON.replace("best marked", "best marked ^"), 118)])


def markdown(results: Results) -> str:
    """Return the tables as Markdown.

    Args:
        results: the runs.

    Returns:
        The text.
    """
    parts = [f"# {results.title}"] + ([f"**{results.banner}**"] if results.banner else [])
    for table in compare.comparisons(results):
        lines = texts.in_words(table, markup.strong)
        parts += [f"## {table.title}", markup.markdown_of(lines), *(f"- {note}" for note in table.notes)]
    return "\n\n".join([*parts, legends.COMPARISON, *provenance.lines(results)]) + "\n"


def as_html(results: Results) -> str:
    """Return the tables as a piece of HTML, as notebooks show it.

    Args:
        results: the runs.

    Returns:
        The text.
    """
    parts = [f"<h2>{markup.html(results.title)}</h2>"]
    parts += [f"<p><strong>{markup.html(results.banner)}</strong></p>"] if results.banner else []
    for table in compare.comparisons(results):
        parts += [f"<h3>{markup.html(table.title)}</h3>", markup.html_of(texts.in_words(table, markup.strong))]
        parts += [f"<p>{markup.html(note)}</p>" for note in table.notes]
    parts += [f"<p><small>{markup.html(line)}</small></p>" for line in [legends.COMPARISON, *provenance.lines(results)]]
    return "\n".join(parts) + "\n"


def as_csv(results: Results) -> str:
    """Return all tables as one CSV with plain numbers: mean, std and counts of each metric.

    Args:
        results: the runs.

    Returns:
        The text; a cell without a number is empty, and `state` gives the reason.
    """
    tables = compare.comparisons(results)
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


def _csv_cells(row: ComparisonRow) -> dict[str, float | int | str]:
    values: dict[str, float | int | str] = {}
    for slug, cell in row.cells.items():
        parts = {"mean": cell.mean, "std": cell.std, "ci_low": cell.low, "ci_high": cell.high, "p": cell.p}
        parts |= {"defined": cell.defined}
        parts |= {"undefined": cell.undefined} if cell.is_uneven else {}
        values |= {f"{slug}_{name}": "" if row.state or math.isnan(value) else value for name, value in parts.items()}
    return values


def _broken_heading(heading: str) -> str:
    """Return a heading broken into lines for a narrow column, the arrow staying with the last word."""
    words = heading.split(" ")
    if words[-1] in "↑↓":
        words[-2:] = [" ".join(words[-2:])]
    return "\n".join(words)
