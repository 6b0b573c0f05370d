"""What was tried on the validation cases and what was chosen: a table and a figure."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from tabulate import tabulate

import metrics
from pictures import style
from runs.banner import SMOKE
from runs.choices import Choice, Choices, Trial, read_choices
from runs.files import write_atomic
from runs.history import VALIDATED
from runs.results import Results
from tables import markup

_HEADINGS = ("dataset", "loss", "tried", "chosen")
_COLUMNS = 3  # panels in a row


def terminal(results: Results) -> str:
    """Return the table for a terminal; "" where nothing was tuned.

    Args:
        results: the experiment.

    Returns:
        The text.
    """
    found = read_choices(results.folder)
    if found is None:
        return ""
    table = tabulate(_rows(found), headers=_headings(), tablefmt="simple", disable_numparse=True)
    return "\n".join([_heading(found), table, *_differences(results, found)])


def save(results: Results) -> list[Path]:
    """Write tuning.csv, tuning.md and tuning.html below tables/, and tuning.png below figures/.

    Args:
        results: the experiment.

    Returns:
        Paths of the files, the figure last; none where nothing was tuned.
    """
    found = read_choices(results.folder)
    if found is None:
        return []
    rows = [[markup.markdown(text) for text in row] for row in _rows(found)]
    table = markup.markdown_table([_headings(), *rows], ["---"] * 4 + ["---:"] * len(VALIDATED))
    lines = [f"# {results.title}: tuning", results.banner, _heading(found), table, *_differences(results, found)]
    contents = {
        "csv": _as_csv(found),
        "md": "\n\n".join(line for line in lines if line) + "\n",
        "html": markup.html_page(f"{results.title}: tuning", as_html(results)),
    }
    written = [write_atomic(results.folder / "tables" / f"tuning.{suffix}", text) for suffix, text in contents.items()]
    return [*written, style.save(figure(found, SMOKE if results.smoke else ""), results.folder / "figures/tuning.png")]


def as_html(results: Results) -> str:
    """Return the table as a piece of HTML; a sentence where nothing was tuned."""
    found = read_choices(results.folder)
    if found is None:
        return "<p>Nothing was tuned.</p>"
    rows = [markup.html_row([markup.html(text) for text in row]) for row in _rows(found)]
    notes = "".join(f"<p>{markup.html(line)}</p>" for line in [_heading(found), *_differences(results, found)])
    return f"{notes}<table>{markup.html_row(_headings(), 'th')}{''.join(rows)}</table>"


def figure(found: Choices, banner: str = "") -> Figure:
    """Draw the deciding metric over the values, a panel for each tuned loss, a line for each dataset.

    Args:
        found: the trials.
        banner: what the reader must know first; "" for nothing.

    Returns:
        The figure; what was chosen has a filled mark.
    """
    entries = list(dict.fromkeys(choice.entry for choice in found.choices))
    datasets = list(dict.fromkeys(choice.dataset for choice in found.choices))
    columns = min(_COLUMNS, len(entries))
    rows = -(-len(entries) // columns)
    drawn = Figure(figsize=(4.2 * columns, 2.8 * rows + 0.9), layout="constrained")
    grid = drawn.subplots(rows, columns, squeeze=False).ravel()
    for axes, entry in zip(grid, entries, strict=False):
        for choice in found.choices:
            if choice.entry == entry:
                _line(axes, choice, found.metric, *_look(datasets.index(choice.dataset)))
        axes.set_title(entry)
        axes.set_ylabel(metrics.entry(found.metric).title)
    for axes in grid[len(entries) :]:
        axes.axis("off")
    style.heading(drawn, "Tuned on validation cases; filled: chosen", banner)
    looks = [(dataset, *_look(place)) for place, dataset in enumerate(datasets)]
    handles = [Line2D([], [], color=colour, marker=marker, label=dataset) for dataset, colour, marker in looks]
    drawn.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    return drawn


def _look(place: int) -> tuple[str, str]:
    """Return colour and marker of a dataset's line: further ones take the colours again with another marker."""
    colour, again = style.series(place)
    return colour, "osD^"[again % 4]


def _line(axes: Axes, choice: Choice, metric: str, colour: str, marker: str) -> None:
    """Draw the trials of a loss on one dataset, equally far apart, in order if they are numbers."""
    order = sorted(range(len(choice.trials)), key=lambda number: _numbers(choice.trials[number]))
    trials = [choice.trials[number] for number in order]
    values = [float("nan") if (value := trial.scores[metric]) is None else value for trial in trials]
    axes.plot(values, color=colour, marker=marker, markerfacecolor="white", linewidth=1)
    chosen = order.index(choice.chosen)
    axes.plot(chosen, values[chosen], color=colour, marker=marker)
    axes.set_xticks(range(len(trials)), [_told(trial, names=len(trial.values) > 1) for trial in trials])
    axes.set_xlabel(", ".join(trials[0].values))


def _numbers(trial: Trial) -> list[float]:
    """Return a trial's values; none if one of them is no number."""
    values = list(trial.values.values())
    return values if all(isinstance(value, int | float) for value in values) else []


def _heading(found: Choices) -> str:
    return f"Tuned on the validation cases, never on the test cases. Chosen by {found.rule}."


def _headings() -> list[str]:
    return [*_HEADINGS, *(metrics.entry(name).title for name in VALIDATED)]


def _rows(found: Choices) -> list[list[str]]:
    return [
        [choice.dataset, choice.entry, _told(trial), "chosen" if number == choice.chosen else "", *_scores(trial)]
        for choice in found.choices
        for number, trial in enumerate(choice.trials)
    ]


def _told(trial: Trial, names: bool = True) -> str:
    """Return a trial's values in words."""
    return ", ".join(f"{name}={value}" if names else f"{value}" for name, value in trial.values.items())


def _scores(trial: Trial) -> list[str]:
    values = [trial.scores[name] for name in VALIDATED]
    digits = [2 if name.endswith("_error") else 4 for name in VALIDATED]
    return [
        "undefined" if value is None else f"{value:.{places}f}" for value, places in zip(values, digits, strict=True)
    ]


def _as_csv(found: Choices) -> str:
    """Return every trial with all digits; an undefined value is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_HEADINGS, *VALIDATED])
    for choice in found.choices:
        for number, trial in enumerate(choice.trials):
            scores: Sequence[Any] = [trial.scores[name] for name in VALIDATED]
            writer.writerow([choice.dataset, choice.entry, _told(trial), int(number == choice.chosen), *scores])
    return text.getvalue()


def _differences(results: Results, found: Choices) -> list[str]:
    """Say where the runs of the tables were not made with the chosen values: the trials were made again since."""
    chosen = {(choice.dataset, choice.entry): choice for choice in found.choices}
    told = []
    for run in results.runs:
        choice = chosen.get((run.run.dataset, run.entry))
        if run.entry and (choice is None or dict(run.tuned) != choice.values):
            told.append(f"{run.label} on {run.run.dataset} is not what was chosen last: run the experiment again")
    return list(dict.fromkeys(told))
