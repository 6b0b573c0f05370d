"""The tables of scored predictions as Markdown, LaTeX, HTML and CSV."""

import math
from dataclasses import dataclass
from pathlib import Path

from runs.files import write_atomic
from tables import intervals, legends, markup
from tables.scores import summary
from tables.scores.results import MEAN, Measure, Scores
from tables.statistics import stars

_MEASURED = ("adjacency", "region", "version")
_STYLE = (
    markup.STYLE.removesuffix("</style>")
    + "img { max-width: 100%; } li, p.small { color: #555; font-size: 0.9em; } .scroll { overflow-x: auto; }\n</style>"
)


@dataclass(frozen=True)
class Sheet:
    """One table: title, plain texts with `markup.strong`, and how to read it."""

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
        parts += [f"## {sheet.title}", markup.markdown_of([sheet.header, *sheet.rows]), sheet.explanation]
    return "\n\n".join([*parts, "\n".join(f"- {note}" for note in _notes(scores))]) + "\n"


def as_html(scores: Scores) -> str:
    """Return the tables as a piece of HTML, as notebooks show it."""
    parts = [f"<h2>{markup.html(_title(scores))}</h2>"]
    for sheet in sheets(scores):
        table = markup.html_of([sheet.header, *sheet.rows])
        parts += [f"<h3>{markup.html(sheet.title)}</h3>", f'<div class="scroll">{table}</div>']
        parts += [f'<p class="small">{markup.html(sheet.explanation)}</p>']
    notes = "".join(f"<li>{markup.html(note)}</li>" for note in _notes(scores))
    return "\n".join([*parts, f"<ul>{notes}</ul>"]) + "\n"


def page(scores: Scores) -> str:
    """Return the tables and the figure as a complete page."""
    figure = '<p><img src="scores.png" alt="Every metric of every case, with means and intervals"></p>\n'
    return markup.html_page(_title(scores), as_html(scores) + figure, _STYLE)


def latex(scores: Scores) -> str:
    """Return the tables as LaTeX, one `table` for each; needs the packages booktabs and graphicx."""
    parts = [f"% {note}" for note in [_title(scores), *_notes(scores)]]
    for sheet in sheets(scores):
        caption = f"{_title(scores)}. {sheet.title}. {sheet.explanation}"
        parts += ["", markup.latex_of([sheet.header, *sheet.rows], caption)]
    return "\n".join(parts) + "\n"


def _title(scores: Scores) -> str:
    return f"Scores against {scores.record.ground_truth}"


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
            marked = [markup.strong(text) if number in best else text for number, text in enumerate(texts)]
            start = [measure.heading] if name == MEAN else [name, measure.heading]
            rows.append([*start, *marked, *_measured(measure)])
    start = ["metric"] if classes == [MEAN] else ["class", "metric"]
    return Sheet(title, [*start, *_columns(scores), *_MEASURED], rows, legends.SCORES)


def _columns(scores: Scores) -> list[str]:
    """Return the methods with their numbers of cases."""
    counts = {method.name: (method.cases, len(method.missing)) for method in scores.record.methods}
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
            _interval(found.low, found.high, found.n, found.measure.digits),
            _or_nothing(found.effect, "+.2f"),
            _or_nothing(found.wins, ".0%"),
            _or_nothing(found.adjusted, ".4f"),
            str(found.n),
            *_measured(found.measure),
        ]
        for found in summary.comparisons(scores)
    ]
    header = ["metric", "other", "difference", "95 % interval", "dz", "wins", "p (Holm)", "n", *_MEASURED]
    return Sheet(f"{scores.methods[0]} against the others", header, rows, legends.SCORES_COMPARED)


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
    defined = found.n - found.undefined
    if math.isfinite(found.std):
        text += f" ± {found.std:.{measure.digits}f} {_interval(found.low, found.high, defined, measure.digits)}"
    return f"{text} [{defined}/{found.n}]" if found.undefined else text


def _fewer(n: int, of: int) -> str:
    """Return how many cases have the class, if not all of them do."""
    return f" n = {n}" if 0 < n < of else ""


def _interval(low: float, high: float, cases: int, digits: int) -> str:
    return f"({low:.{digits}f}, {high:.{digits}f}){intervals.mark(cases)}" if math.isfinite(low) else ""


def _or_nothing(value: float, how: str) -> str:
    return "" if math.isnan(value) else format(value, how)
