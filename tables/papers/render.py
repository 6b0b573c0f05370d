"""A paper's table with measured values beside the published ones, as CSV, Markdown, LaTeX (booktabs) and HTML."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from runs.files import write_atomic
from tables import intervals, legends, markup

_MEASURED = ("measured", "partial")
_ARROWS = {"up": " ↑", "down": " ↓"}
_STYLE = """<style>
.paper-table { border-collapse: collapse; font: 13px sans-serif; }
.paper-table th, .paper-table td { padding: 3px 8px; text-align: right; vertical-align: top; }
.paper-table tr { border-bottom: 1px solid #ddd; }
.paper-table th:first-child, .paper-table td:first-child { text-align: left; }
.paper-table .published { color: #555; }
.paper-table .extra { color: #555; font-size: 11px; white-space: nowrap; }
.paper-table .absent { background: #eee; color: #666; }
</style>"""


@dataclass(frozen=True)
class CellText:
    """One cell in words.

    Attributes:
        published: the number as printed, "" if there is none.
        published_best: bold in the paper.
        measured: mean, standard deviation and stars; or why there are none.
        best: best measured of its column.
        extra: difference, interval and number of cases; "" if nothing was measured.
        absent: nothing was measured.
        note: what the reader must know.
    """

    published: str
    published_best: bool
    measured: str
    best: bool
    extra: str
    absent: bool
    note: str


def render(cells: pd.DataFrame, title: str, notes: Sequence[str], stem: Path) -> list[Path]:
    """Write one table in all formats.

    Args:
        cells: the cells of one table, see `tables.papers.cells.COLUMNS`.
        title: printed above it.
        notes: printed below it: scale, substitutions, partial data, provenance.
        stem: path of the files without their endings.

    Returns:
        Paths of the files.
    """
    texts = {
        "csv": as_csv(cells),
        "md": markdown(cells, title, notes),
        "tex": latex(cells, title, notes),
        "html": page(cells, title, notes),
    }
    return [write_atomic(stem.with_name(f"{stem.name}.{ending}"), text) for ending, text in texts.items()]


def as_csv(cells: pd.DataFrame) -> str:
    """Return the cells as plain numbers, one row each, with the difference, ready for `pandas.read_csv`."""
    frame = cells.assign(difference=cells["measured"] - cells["published"])
    return frame.to_csv(index=False, lineterminator="\n")


def markdown(cells: pd.DataFrame, title: str, notes: Sequence[str]) -> str:
    """Return the table as Markdown: published and measured in one cell, on two lines."""
    rows, columns, texts = _grid(cells)
    lines = [["", *map(markup.markdown, columns)]]
    lines += [[markup.markdown(row), *(_markdown_cell(texts.get((row, c))) for c in columns)] for row in rows]
    table = markup.markdown_table(lines, ["---", *["---:"] * len(columns)])
    return "\n\n".join([f"# {title}", table, legends.PAPER, *(f"- {note}" for note in notes)]) + "\n"


def as_html(cells: pd.DataFrame, title: str, notes: Sequence[str]) -> str:
    """Return the table as a piece of HTML, as notebooks show it; a cell's note appears under the pointer."""
    rows, columns, texts = _grid(cells)
    head = "<tr><th></th>" + "".join(f"<th>{markup.html(name)}</th>" for name in columns) + "</tr>"
    body = []
    for row in rows:
        parts = [f"<td>{markup.html(row)}</td>"]
        parts += [_html_cell(texts.get((row, column))) for column in columns]
        body.append(f"<tr>{''.join(parts)}</tr>")
    lines = [
        _STYLE,
        f"<h3>{markup.html(title)}</h3>",
        '<table class="paper-table">',
        f"<thead>{head}</thead>",
        "<tbody>",
    ]
    lines += [*body, "</tbody></table>"]
    lines += [f"<p><small>{markup.html(line)}</small></p>" for line in [legends.PAPER, *notes]]
    return "\n".join(lines) + "\n"


def page(cells: pd.DataFrame, title: str, notes: Sequence[str]) -> str:
    """Return the table as a whole HTML page."""
    return markup.html_page(title, as_html(cells, title, notes))


def latex(cells: pd.DataFrame, title: str, notes: Sequence[str]) -> str:
    """Return the table as LaTeX; needs the packages booktabs and graphicx (for tables wider than the page)."""
    rows, columns, texts = _grid(cells)
    lines = [rf"% {line}" for line in [title, legends.PAPER, *notes]]
    lines += [r"\begin{table}", rf"\caption{{{markup.latex(title)}}}", r"\centering", r"\resizebox{\linewidth}{!}{%"]
    lines += [rf"\begin{{tabular}}{{l{'rr' * len(columns)}}}", r"\toprule"]
    heads = [rf"\multicolumn{{2}}{{c}}{{{markup.latex(name)}}}" for name in columns]
    lines += [" & ".join(["", *heads]) + r" \\", " & ".join(["", *["published & measured"] * len(columns)]) + r" \\"]
    lines.append(r"\midrule")
    for row in rows:
        found = [texts.get((row, column)) for column in columns]
        lines.append(" & ".join([markup.latex(row), *(_latex_cell(text) for text in found)]) + r" \\")
        if any(text is not None and text.extra for text in found):
            extras = [
                rf"& {{\scriptsize {markup.latex(text.extra)}}}" if text and text.extra else "&" for text in found
            ]
            lines.append(" & ".join(["", *extras]) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}}"]
    lines += [rf"\par\smallskip{{\scriptsize {markup.latex(' '.join(notes))}}}"] if notes else []
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _grid(cells: pd.DataFrame) -> tuple[list[str], list[str], dict[tuple[str, str], CellText]]:
    """Return the headings of rows and columns in order, and the text of each cell."""
    digits = {column: _digits(found) for column, found in cells.groupby("column", sort=False)}
    arrows = {c: _ARROWS.get(d, "") for c, d in zip(cells["column"], cells["direction"], strict=True)}
    texts = {}
    for cell in cells.to_dict("records"):
        column = f"{cell['column']}{arrows[cell['column']]}"
        texts[str(cell["row"]), column] = _words(cell, digits[cell["column"]])
    columns = list(dict.fromkeys(f"{c}{arrows[c]}" for c in cells["column"]))
    return list(dict.fromkeys(map(str, cells["row"]))), columns, texts


def _digits(column: pd.DataFrame) -> int:
    """Return how many decimals the paper prints."""
    values = pd.concat([column["published"], column["published_std"]]).dropna()
    return max((len(repr(round(float(v), 6)).partition(".")[2].rstrip("0")) for v in values), default=3)


def _words(cell: dict, digits: int) -> CellText:
    published = _number(cell["published"], cell["published_std"], digits) if _is(cell["published"]) else ""
    note = cell["note"] if isinstance(cell["note"], str) else ""
    if cell["status"] not in _MEASURED or not _is(cell["measured"]):
        return CellText(published, cell["published_best"] == 1, str(cell["status"]), False, "", True, note)
    measured = _number(cell["measured"], cell["measured_std"], digits)
    measured += cell["stars"] if isinstance(cell["stars"], str) else ""
    measured += " (partial)" if cell["status"] == "partial" else ""
    limits = f"[{cell['ci_low']:.{digits}f}, {cell['ci_high']:.{digits}f}]" if _is(cell["ci_low"]) else ""
    interval = f"95 % CI {limits}{intervals.mark(int(cell['n']))}" if limits else ""
    count = f"n {int(cell['n'])}" if _is(cell["n"]) else ""
    difference = f"Δ {cell['measured'] - cell['published']:+.{digits}f}" if _is(cell["published"]) else ""
    own = ", ".join(filter(None, (interval, count)))
    extra = "; ".join(filter(None, (own, difference)))
    return CellText(published, cell["published_best"] == 1, measured, cell["best"] == 1, extra, False, note)


def _number(mean: float, std: float, digits: int) -> str:
    return f"{mean:.{digits}f}" + (f" ± {std:.{digits}f}" if _is(std) else "")


def _is(value: object) -> bool:
    return isinstance(value, int | float) and not math.isnan(value)


def _bold_if(wanted: bool, text: str) -> str:
    return markup.strong(text) if wanted and text else text


def _measured(text: CellText) -> str:
    """Return what was measured, the best in bold, reasons in italics."""
    return markup.emphasis(text.measured) if text.absent else _bold_if(text.best, text.measured)


def _markdown_cell(text: CellText | None) -> str:
    if text is None:
        return ""
    published = _bold_if(text.published_best, text.published) or "–"
    return markup.markdown("\n".join(part for part in (published, _measured(text), text.extra) if part))


def _html_cell(text: CellText | None) -> str:
    if text is None:
        return "<td></td>"
    tag = "strong" if text.published_best else "span"
    published = f'<{tag} class="published">{markup.html(text.published or "–")}</{tag}>'
    extra = f'<br><span class="extra">{markup.html(text.extra)}</span>' if text.extra else ""
    kind = ' class="absent"' if text.absent else ""
    hint = f' title="{markup.html(text.note)}"' if text.note else ""
    return f"<td{kind}{hint}>{published}<br>{markup.html(_measured(text))}{extra}</td>"


def _latex_cell(text: CellText | None) -> str:
    if text is None:
        return "&"
    published = _bold_if(text.published_best, text.published) or "–"
    return f"{markup.latex(published)} & {markup.latex(_measured(text))}"
