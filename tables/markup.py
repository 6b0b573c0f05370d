"""Text for Markdown, LaTeX and HTML: one escaper for each format, and the frames shared by tables and pages.

`strong` and `emphasis` mark a part of a text in a way that survives the escaping; each escaper turns the marks into its
format's own.
"""

import html as _html
import re
from collections.abc import Mapping, Sequence

_MARKS = "\0\1\2\3"  # strong from, to; emphasis from, to
LATEX_SIGNS = {
    "±": r"$\pm$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "×": r"$\times$", "≥": r"$\geq$", "≤": r"$\leq$",
    "α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "χ": r"$\chi$", "λ": r"$\lambda$", "Δ": r"$\Delta$",
    "–": "--", "−": "$-$", "†": r"$\dagger$", "²": "$^2$", "³": "$^3$", "<": "$<$", ">": "$>$",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip
SHRUNK = r"\resizebox{\linewidth}{!}{%"
STYLE = """<style>
body { font-family: sans-serif; margin: 1.5em; color: #222; }
table { border-collapse: collapse; font: 13px sans-serif; }
th, td { padding: 3px 8px; text-align: right; vertical-align: top; }
th { border-bottom: 2px solid #999; }
tr { border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
</style>"""


def strong(text: str) -> str:
    """Return a text marked to be printed in bold."""
    return f"{_MARKS[0]}{text}{_MARKS[1]}"


def emphasis(text: str) -> str:
    """Return a text marked to be printed in italics."""
    return f"{_MARKS[2]}{text}{_MARKS[3]}"


def markdown(text: str) -> str:
    """Return a text escaped for a cell of a Markdown table, with line breaks."""
    # an underscore within a word marks nothing
    escaped = re.sub(r"([|*]|\b_(?!\w)|(?<!\w)_)", r"\\\1", text).replace("\n", "<br>")
    return _marked(escaped, ("**", "**", "_", "_"))


def html(text: str) -> str:
    """Return a text escaped for HTML."""
    return _marked(_html.escape(text), ("<strong>", "</strong>", "<em>", "</em>"))


def latex(text: str) -> str:
    """Return a text escaped for LaTeX, with commands for signs beyond ASCII."""
    escaped = re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", r"\textbackslash "))
    escaped = "".join(LATEX_SIGNS.get(sign, sign) for sign in escaped)
    return _marked(escaped, (r"\textbf{", "}", r"\textit{", "}"))


def markdown_table(rows: Sequence[Sequence[str]], rule: Sequence[str]) -> str:
    """Return a Markdown table.

    Args:
        rows: escaped texts, the headings first.
        rule: of each column, such as `---:` for one that is aligned to the right.

    Returns:
        The text, without a newline at its end.
    """
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]])


def markdown_of(lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table of plain texts, the headings first; all columns but the first to the right."""
    return markdown_table(
        [[markdown(text) for text in line] for line in lines], ["---", *["---:"] * (len(lines[0]) - 1)]
    )


def html_of(lines: Sequence[Sequence[str]]) -> str:
    """Return an HTML table of plain texts, the headings first."""
    head, *body = ([html(text) for text in line] for line in lines)
    rows = [html_row(line) for line in body]
    return "\n".join(["<table>", f"<thead>{html_row(head, 'th')}</thead>", "<tbody>", *rows, "</tbody>", "</table>"])


def latex_of(lines: Sequence[Sequence[str]], caption: str, before: Sequence[str] = (SHRUNK,)) -> str:
    """Return a LaTeX `table` of plain texts; needs the packages booktabs and graphicx.

    Args:
        lines: the headings first.
        caption: plain text.
        before: lines before the tabular, the last of which opens a box; by default the table is shrunk to the width of
            the text.

    Returns:
        The text, without a newline at its end.
    """
    rows = [" & ".join(latex(text) for text in line) + r" \\" for line in lines]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{latex(caption)}}}",
            *before,
            rf"\begin{{tabular}}{{l{'r' * (len(lines[0]) - 1)}}}",
            *[r"\toprule", rows[0], r"\midrule", *rows[1:], r"\bottomrule"],
            r"\end{tabular}}",
            r"\end{table}",
        ]
    )


def html_row(cells: Sequence[str], tag: str = "td") -> str:
    """Return a row of an HTML table from escaped texts."""
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def html_page(title: str, body: str, style: str = STYLE) -> str:
    """Return a whole HTML page that needs no other file.

    Args:
        title: of the window.
        body: a piece of HTML.
        style: `<style>` element, and scripts if there are any.

    Returns:
        The page.
    """
    head = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html(title)}</title>\n{style}</head>'
    return f"{head}\n<body>\n{body}</body></html>\n"


def _marked(text: str, signs: Sequence[str]) -> str:
    replaced: Mapping[int, str] = {ord(mark): sign for mark, sign in zip(_MARKS, signs, strict=True)}
    return text.translate(replaced)
