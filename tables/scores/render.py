"""The tables of scored predictions as Markdown, LaTeX, HTML and CSV."""

import html
import math
import re
from dataclasses import dataclass
from pathlib import Path

from runs.files import write_atomic
from tables.scores import summary
from tables.scores.results import MEAN, Measure, Scores
from tables.statistics import stars

HOW_TO_READ = (
    "Mean ± standard deviation over the cases (95 % bootstrap interval of the mean); [k/n]: defined in k of n cases; "
    "arrows: which way is better; best mean in bold."
)
HOW_TO_COMPARE = (
    "Difference: first minus other, mean over the cases in which both are defined, with its 95 % bootstrap interval. "
    "dz: mean over standard deviation of the differences. Wins: share of cases in which the first is better, ties by "
    "half. p: paired permutation test, two tails, 10,000 patterns of signs, corrected by Holm over all rows of this "
    "table (* p < 0.05, ** 0.01, *** 0.001)."
)
_MEASURED = ("adjacency", "region", "version")
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:1em 0}th,td{padding:.3em .8em;text-align:right;border-bottom:1px solid #ddd}"
    "th{border-bottom:2px solid #444}th:first-child,td:first-child{text-align:left}img{max-width:100%}"
    "li,p.small{color:#555;font-size:.9em}.scroll{overflow-x:auto}"
)


@dataclass(frozen=True)
class Sheet:
    """One table; what is bold is enclosed by the characters NUL and SOH."""

    title: str
    header: list[str]
    rows: list[list[str]]
    explanation: str


def write(scores: Scores) -> list[Path]:
    """Write the tables beside metrics.csv.

    Args:
        scores: the scores.

    Returns:
        Paths of the files.
    """
    written = {"summary.csv": summary.frame(scores).to_csv(index=False, lineterminator="\n")}
    if len(scores.methods) > 1:
        written["comparison.csv"] = summary.comparison_frame(scores).to_csv(index=False, lineterminator="\n")
    written |= {"scores.md": markdown(scores), "scores.tex": latex(scores), "scores.html": page(scores)}
    return [write_atomic(scores.folder / name, text) for name, text in written.items()]


def sheets(scores: Scores) -> list[Sheet]:
    """Return the tables: the mean over the classes, each class, the comparison."""
    found = [_sheet(scores, "Scores" if not scores.classes else "Scores, mean over the classes", [MEAN])]
    if scores.classes:
        found.append(_sheet(scores, "Scores by class", scores.classes))
    if len(scores.methods) > 1:
        found.append(_comparison(scores))
    return found


def markdown(scores: Scores) -> str:
    """Return the tables as Markdown."""
    parts = [f"# {_title(scores)}"]
    for sheet in sheets(scores):
        lines = [[_markdown(text) for text in line] for line in [sheet.header, *sheet.rows]]
        rule = ["---", *["---:"] * (len(sheet.header) - 1)]
        body = "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])
        parts += [f"## {sheet.title}", body, sheet.explanation]
    return "\n\n".join([*parts, "\n".join(f"- {note}" for note in _notes(scores))]) + "\n"


def as_html(scores: Scores) -> str:
    """Return the tables as a piece of HTML, as notebooks show it."""
    parts = [f"<h2>{html.escape(_title(scores))}</h2>"]
    for sheet in sheets(scores):
        parts += [f"<h3>{html.escape(sheet.title)}</h3>", '<div class="scroll"><table>']
        parts += [f"<thead>{_html_row(sheet.header, 'th')}</thead><tbody>"]
        parts += [*(_html_row(line, "td") for line in sheet.rows), "</tbody></table></div>"]
        parts += [f'<p class="small">{html.escape(sheet.explanation)}</p>']
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in _notes(scores))
    return "\n".join([*parts, f"<ul>{notes}</ul>"]) + "\n"


def page(scores: Scores) -> str:
    """Return the tables and the figure as a complete page."""
    head = f'<meta charset="utf-8"><title>{html.escape(_title(scores))}</title><style>{_STYLE}</style>'
    figure = '<p><img src="scores.png" alt="Every metric of every case, with means and intervals"></p>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{as_html(scores)}{figure}\n</body></html>\n'


def latex(scores: Scores) -> str:
    """Return the tables as LaTeX, one `table` for each; needs the packages booktabs and graphicx."""
    parts = [f"% {note}" for note in [_title(scores), *_notes(scores)]]
    for sheet in sheets(scores):
        lines = [" & ".join(_latex(text) for text in line) + r" \\" for line in [sheet.header, *sheet.rows]]
        parts += [
            "",
            r"\begin{table}",
            rf"\caption{{{_latex(f'{_title(scores)}. {sheet.title}. {sheet.explanation}')}}}",
            r"\resizebox{\linewidth}{!}{%",
            rf"\begin{{tabular}}{{l{'r' * (len(sheet.header) - 1)}}}",
            *[r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"],
            r"\end{tabular}}",
            r"\end{table}",
        ]
    return "\n".join(parts) + "\n"


def _title(scores: Scores) -> str:
    return f"Scores against {scores.record['ground_truth']}"


def _notes(scores: Scores) -> list[str]:
    return [*scores.notes, f"Measured with {scores.version}."]


def _sheet(scores: Scores, title: str, classes: list[str]) -> Sheet:
    rows = []
    for name in classes:
        for measure in scores.measures:
            cells = [summary.cell(scores, method, measure.label, name) for method in scores.methods]
            if not any(found.n for found in cells):
                continue  # measured with the classes merged
            best = _best([found.mean for found in cells], measure)
            counts = [len(scores.of(method, measure.label)) for method in scores.methods]
            texts = [_number(found, measure) + _fewer(found.n, of) for found, of in zip(cells, counts, strict=True)]
            marked = [f"\0{text}\1" if number in best else text for number, text in enumerate(texts)]
            start = [measure.heading] if name == MEAN else [name, measure.heading]
            rows.append([*start, *marked, *_measured(measure)])
    start = ["metric"] if classes == [MEAN] else ["class", "metric"]
    return Sheet(title, [*start, *_columns(scores), *_MEASURED], rows, HOW_TO_READ)


def _columns(scores: Scores) -> list[str]:
    """Return the methods with their numbers of cases."""
    counts = {method["name"]: (method["cases"], len(method["missing"])) for method in scores.record["methods"]}
    return [
        f"{name} (n = {cases}{f' of {cases + missing}' if missing else ''})"
        for name, (cases, missing) in counts.items()
    ]


def _comparison(scores: Scores) -> Sheet:
    rows = [
        [
            found.measure.heading,
            found.other,
            f"{found.difference:+.{found.measure.digits}f}{stars(found.adjusted)}" if found.n else "undefined",
            _interval(found.low, found.high, found.measure.digits),
            _or_nothing(found.effect, "+.2f"),
            _or_nothing(found.wins, ".0%"),
            _or_nothing(found.adjusted, ".4f"),
            str(found.n),
            *_measured(found.measure),
        ]
        for found in summary.comparisons(scores)
    ]
    header = ["metric", "other", "difference", "95 % interval", "dz", "wins", "p (Holm)", "n", *_MEASURED]
    return Sheet(f"{scores.methods[0]} against the others", header, rows, HOW_TO_COMPARE)


def _measured(measure: Measure) -> list[str]:
    return [str(measure.adjacency), measure.region, str(measure.version)]


def _best(means: list[float], measure: Measure) -> set[int]:
    defined = [mean for mean in means if not math.isnan(mean)]
    if len(means) < 2 or not defined or measure.higher_is_better is None:
        return set()
    best = max(defined) if measure.higher_is_better else min(defined)
    return {number for number, mean in enumerate(means) if mean == best}


def _number(found: summary.Cell, measure: Measure) -> str:
    if found.undefined == found.n:
        return "undefined" if found.n else ""
    text = f"{found.mean:.{measure.digits}f}"
    if math.isfinite(found.std):
        text += f" ± {found.std:.{measure.digits}f} {_interval(found.low, found.high, measure.digits)}"
    return f"{text} [{found.n - found.undefined}/{found.n}]" if found.undefined else text


def _fewer(n: int, of: int) -> str:
    """Return how many cases have the class, if not all of them do."""
    return f" n = {n}" if 0 < n < of else ""


def _interval(low: float, high: float, digits: int) -> str:
    return f"({low:.{digits}f}, {high:.{digits}f})" if math.isfinite(low) else ""


def _or_nothing(value: float, how: str) -> str:
    return "" if math.isnan(value) else format(value, how)


def _markdown(text: str) -> str:
    return re.sub(r"([|*_])", r"\\\1", text).replace("\0", "**").replace("\1", "**")


def _html_row(texts: list[str], tag: str) -> str:
    cells = [html.escape(text).replace("\0", "<strong>").replace("\1", "</strong>") for text in texts]
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def _latex(text: str) -> str:
    text = re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", r"\textbackslash "))
    signs = {"±": r"$\pm$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "β": r"$\beta$", "χ": r"$\chi$", "<": "$<$"}
    for sign, command in signs.items():
        text = text.replace(sign, command)
    return text.replace("\0", r"\textbf{").replace("\1", "}")
