"""A paper's table with measured values beside the published ones, as CSV, Markdown, LaTeX (booktabs) and HTML."""

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from runs.files import write_atomic

HOW_TO_READ = (
    "Above: as published, bold as printed. Below: measured here, mean ± standard deviation as the paper gives it; "
    "bold: best measured of its column. Stars: paired permutation test against the baseline, Holm over the table "
    "(* p < 0.05, ** p < 0.01, *** p < 0.001). Δ: measured minus published. In brackets: 95 % bootstrap interval of "
    "the mean. n: cases. A cell that has no measured value says why; no number is filled in from elsewhere."
)
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
class Text:
    """One cell in words.

    Attributes:
        published: the number as printed, "" where there is none.
        published_best: bold in the paper.
        measured: mean, standard deviation and stars; or what is the matter.
        best: best measured of its column.
        extra: difference, interval and number of cases; "" where nothing was measured.
        absent: nothing was measured.
        note: what the reader has to know.
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
        "csv": as_csv(cells, title, notes),
        "md": markdown(cells, title, notes),
        "tex": latex(cells, title, notes),
        "html": page(cells, title, notes),
    }
    return [write_atomic(stem.with_name(f"{stem.name}.{ending}"), text) for ending, text in texts.items()]


def as_csv(cells: pd.DataFrame, title: str, notes: Sequence[str]) -> str:
    """Give the cells as plain numbers, one row each, with the difference; title and notes are comments (#)."""
    frame = cells.assign(difference=cells["measured"] - cells["published"])
    comments = "".join(f"# {line}\n" for line in [title, *notes])
    return comments + frame.to_csv(index=False, lineterminator="\n")


def markdown(cells: pd.DataFrame, title: str, notes: Sequence[str]) -> str:
    """Give the table as Markdown: published and measured in one cell, on two lines."""
    rows, columns, texts = _grid(cells)
    lines = ["| | " + " | ".join(_escape(name) for name in columns) + " |"]
    lines.append("|---|" + "---:|" * len(columns))
    for row in rows:
        parts = []
        for column in columns:
            text = texts.get((row, column))
            parts.append("" if text is None else _escape(_markdown_cell(text)).replace("\n", "<br>"))
        lines.append(f"| {_escape(row)} | " + " | ".join(parts) + " |")
    return "\n\n".join([f"# {title}", "\n".join(lines), HOW_TO_READ, *(f"- {note}" for note in notes)]) + "\n"


def as_html(cells: pd.DataFrame, title: str, notes: Sequence[str]) -> str:
    """Give the table as a piece of HTML, as notebooks show it; a cell's note appears under the pointer."""
    rows, columns, texts = _grid(cells)
    head = "<tr><th></th>" + "".join(f"<th>{html.escape(name)}</th>" for name in columns) + "</tr>"
    body = []
    for row in rows:
        parts = [f"<td>{html.escape(row)}</td>"]
        parts += [_html_cell(texts.get((row, column))) for column in columns]
        body.append(f"<tr>{''.join(parts)}</tr>")
    lines = [
        _STYLE,
        f"<h3>{html.escape(title)}</h3>",
        '<table class="paper-table">',
        f"<thead>{head}</thead>",
        "<tbody>",
    ]
    lines += [*body, "</tbody></table>"]
    lines += [f"<p><small>{html.escape(line)}</small></p>" for line in [HOW_TO_READ, *notes]]
    return "\n".join(lines) + "\n"


def page(cells: pd.DataFrame, title: str, notes: Sequence[str]) -> str:
    """Give the table as a whole HTML page."""
    head = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>'
    return f'{head}\n<body style="font-family: sans-serif">\n{as_html(cells, title, notes)}</body></html>\n'


def latex(cells: pd.DataFrame, title: str, notes: Sequence[str]) -> str:
    """Give the table as LaTeX; needs the packages booktabs and graphicx (for tables wider than the page)."""
    rows, columns, texts = _grid(cells)
    lines = [rf"% {line}" for line in [title, HOW_TO_READ, *notes]]
    lines += [r"\begin{table}", rf"\caption{{{_tex(title)}}}", r"\centering", r"\resizebox{\linewidth}{!}{%"]
    lines += [rf"\begin{{tabular}}{{l{'rr' * len(columns)}}}", r"\toprule"]
    heads = [rf"\multicolumn{{2}}{{c}}{{{_tex(name)}}}" for name in columns]
    lines += [" & ".join(["", *heads]) + r" \\", " & ".join(["", *["published & measured"] * len(columns)]) + r" \\"]
    lines.append(r"\midrule")
    for row in rows:
        found = [texts.get((row, column)) for column in columns]
        lines.append(" & ".join([_tex(row), *(_tex_cell(text) for text in found)]) + r" \\")
        if any(text is not None and text.extra for text in found):
            extras = [rf"& {{\scriptsize {_tex(text.extra)}}}" if text and text.extra else "&" for text in found]
            lines.append(" & ".join(["", *extras]) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}}"]
    lines += [rf"\par\smallskip{{\scriptsize {_tex(' '.join(notes))}}}"] if notes else []
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _grid(cells: pd.DataFrame) -> tuple[list[str], list[str], dict[tuple[str, str], Text]]:
    """Give the headings of rows and columns in their order, and the words of each cell."""
    digits = {column: _digits(found) for column, found in cells.groupby("column", sort=False)}
    arrows = {c: _ARROWS.get(d, "") for c, d in zip(cells["column"], cells["direction"], strict=True)}
    texts = {}
    for cell in cells.to_dict("records"):
        column = f"{cell['column']}{arrows[cell['column']]}"
        texts[str(cell["row"]), column] = _words(cell, digits[cell["column"]])
    columns = list(dict.fromkeys(f"{c}{arrows[c]}" for c in cells["column"]))
    return list(dict.fromkeys(map(str, cells["row"]))), columns, texts


def _digits(column: pd.DataFrame) -> int:
    """Print as many decimals as the paper does."""
    values = pd.concat([column["published"], column["published_std"]]).dropna()
    return max((len(repr(round(float(v), 6)).partition(".")[2].rstrip("0")) for v in values), default=3)


def _words(cell: dict, digits: int) -> Text:
    published = _number(cell["published"], cell["published_std"], digits) if _is(cell["published"]) else ""
    note = cell["note"] if isinstance(cell["note"], str) else ""
    if cell["status"] not in _MEASURED or not _is(cell["measured"]):
        return Text(published, cell["published_best"] == 1, str(cell["status"]), False, "", True, note)
    measured = _number(cell["measured"], cell["measured_std"], digits)
    measured += cell["stars"] if isinstance(cell["stars"], str) else ""
    measured += " (partial)" if cell["status"] == "partial" else ""
    extra = []
    if _is(cell["published"]):
        extra.append(f"Δ {cell['measured'] - cell['published']:+.{digits}f}")
    if _is(cell["ci_low"]):
        extra.append(f"[{cell['ci_low']:.{digits}f}, {cell['ci_high']:.{digits}f}]")
    if _is(cell["n"]):
        extra.append(f"n {int(cell['n'])}")
    best = cell["best"] == 1
    return Text(published, cell["published_best"] == 1, measured, best, ", ".join(extra), False, note)


def _number(mean: float, std: float, digits: int) -> str:
    return f"{mean:.{digits}f}" + (f" ± {std:.{digits}f}" if _is(std) else "")


def _is(value: object) -> bool:
    return isinstance(value, int | float) and not math.isnan(value)


def _markdown_cell(text: Text) -> str:
    published = f"**{text.published}**" if text.published_best and text.published else text.published
    measured = f"_{text.measured}_" if text.absent else f"**{text.measured}**" if text.best else text.measured
    return "\n".join(part for part in (published or "–", measured, text.extra) if part)


def _html_cell(text: Text | None) -> str:
    if text is None:
        return "<td></td>"
    tag = "strong" if text.published_best else "span"
    published = f'<{tag} class="published">{html.escape(text.published or "–")}</{tag}>'
    measured = html.escape(text.measured)
    measured = f"<em>{measured}</em>" if text.absent else f"<strong>{measured}</strong>" if text.best else measured
    extra = f'<br><span class="extra">{html.escape(text.extra)}</span>' if text.extra else ""
    kind = ' class="absent"' if text.absent else ""
    hint = f' title="{html.escape(text.note, quote=True)}"' if text.note else ""
    return f"<td{kind}{hint}>{published}<br>{measured}{extra}</td>"


def _tex_cell(text: Text | None) -> str:
    if text is None:
        return "&"
    published = _tex(text.published or "–")
    published = rf"\textbf{{{published}}}" if text.published_best and text.published else published
    measured = _tex(text.measured)
    measured = rf"\textit{{{measured}}}" if text.absent else rf"\textbf{{{measured}}}" if text.best else measured
    return f"{published} & {measured}"


def _escape(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*") if "**" not in text else text.replace("|", r"\|")


_SIGNS = {
    "±": r"$\pm$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "×": r"$\times$", "≥": r"$\geq$", "≤": r"$\leq$",
    "α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "χ": r"$\chi$", "λ": r"$\lambda$", "Δ": r"$\Delta$",
    "–": "--", "−": "$-$", "²": "$^2$", "³": "$^3$", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": "$<$", ">": "$>$",
}  # fmt: skip


def _tex(text: str) -> str:
    escaped = re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", r"\textbackslash "))
    return "".join(_SIGNS.get(sign, sign) for sign in escaped)
