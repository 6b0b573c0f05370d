"""The gallery of an experiment: a few cases as every loss predicts them, from the worst to the best for the best loss.

One static page and its pictures in `gallery/`; it needs no network, and its size is limited by `MOST`.
"""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evaluation import cases
from pictures.errors import side_by_side
from runs.banner import SMOKE
from runs.files import atomic, write_atomic
from runs.record import fingerprint
from runs.results import DONE, Results, RunResult
from tables import averages, markup
from tables.experiment import compare
from tables.experiment.compare import BASELINE, MetricColumn

FOLDER, NAME = "gallery", "index.html"
MOST = {2: 5, 3: 3}  # cases of a dataset, by its dimensions: a picture has a panel for every loss
_METRIC = "cldice"
_SIDE = 260  # pixels of a panel at least; more for large images, up to twice as many
_WIDTH = 26  # characters of a panel's title
_STYLE = markup.STYLE.removesuffix("</style>") + "img { max-width: 100%; border: 1px solid #ddd; }\n</style>"
_HOW_TO_READ = (
    "First fold and seed of every loss, without post-processing. Grey is found; false positives, false negatives and "
    "errors of the skeleton are coloured. A click on a picture shows it in full size."
)


@dataclass(frozen=True)
class Choice:
    """Which cases of a dataset to show.

    Attributes:
        column: the metric by which they are chosen.
        by: what is compared, in words.
        words: case to the reason why it is shown, from the worst to the best.
        values: of the metric, a row for each case, a column for each loss.
    """

    column: MetricColumn
    by: str
    words: dict[str, str]
    values: pd.DataFrame


def write(results: Results) -> Path:
    """Write page and pictures, unless they are of these very runs.

    Args:
        results: the experiment.

    Returns:
        Path of the page.
    """
    path = results.folder / FOLDER / NAME
    mark = f"<!-- {_mark(results)} -->"
    if path.is_file() and mark in path.read_text(encoding="utf-8"):
        return path
    for old in path.parent.glob("*.png"):
        old.unlink()
    parts = [f"<h1>{markup.html(results.title)}: cases</h1>", mark]
    parts += [f"<p><strong>{markup.html(results.banner)}</strong></p>"] if results.banner else []
    parts += [f"<p>{markup.html(_HOW_TO_READ)}</p>"]
    for dataset in results.datasets:
        runs = [run for run in cases.first_of_each(results.of(dataset)) if run.state == DONE]
        parts += _section(dataset, runs, path.parent) if runs else []
    return write_atomic(path, markup.html_page(f"{results.title}: cases", "\n".join(parts), _STYLE))


def choose(runs: list[RunResult], most: int) -> Choice:
    """Choose cases spread from the worst to the best for the best loss, compared with Dice&CE.

    Args:
        runs: one for each loss, finished.
        most: number of cases, at least 1.

    Returns:
        The choice. Without another loss than Dice&CE, or without Dice&CE, the best loss's own values count.
    """
    columns = compare.columns_of(runs)
    column = next((each for each in columns if each.slug == _METRIC), columns[0])
    values = pd.DataFrame({run.label: averages.per_case([run], column.slug, False) for run in runs})
    sign = -1 if column.higher_is_better is False else 1
    tuned = [run for run in runs if run.run.stage == "finetune"] or runs
    base = next((run.label for run in tuned if run.row[1] == BASELINE), None)
    others = [run.label for run in tuned if run.label != base] or [run.label for run in tuned]
    means = sign * values[others].mean()
    best = str(means.idxmax()) if means.notna().any() else others[0]
    against = base is not None and base != best
    order = sign * (values[best] - values[base] if against else values[best])
    order = order.dropna().sort_values(kind="stable")
    by = f"{column.title} of {best}" + (f" minus that of {base}" if against else "")
    count = min(most, len(order))
    places = [round(place * (len(order) - 1) / max(1, count - 1)) for place in range(count)]
    names = _names(places, len(order))
    words = {
        str(order.index[place]): f"{names[place]}{sign * order.iloc[place]:{'+' if against else ''}.{column.digits}f}"
        for place in places
    }
    return Choice(column, by, words, values)


def _names(places: list[int], count: int) -> Mapping[int, str]:
    """Return "worst: ", "median: ", "best: " for the places that are."""
    named = {count // 2: "median: ", 0: "worst: ", count - 1: "best: "}
    closest = min(places, key=lambda place: abs(place - count // 2), default=0)
    named[closest] = named.get(closest, "near the median: ")
    return {place: named.get(place, "") for place in places}


def _section(dataset: str, runs: list[RunResult], folder: Path) -> list[str]:
    """Draw the pictures of a dataset and return its part of the page."""
    parts = [f'<h2 id="{markup.html(dataset)}">{markup.html(dataset)}</h2>']
    try:
        dims = cases.load(runs[0].folder, str(runs[0].metrics["case"].iloc[0])).truth.ndim
        choice = choose(runs, MOST[dims])
        parts += [f"<p>{len(choice.words)} of {len(choice.values)} cases, by {markup.html(choice.by)}</p>"]
        for number, (case, words) in enumerate(choice.words.items()):
            name = f"{dataset}-{number}.png"
            _draw(case, runs, choice, folder / name)
            parts += [f"<h3>{markup.html(case)} ({markup.html(words)})</h3>", _picture(name, case)]
    except (OSError, ValueError) as error:  # data or predictions that are elsewhere
        parts += [f"<p>No pictures: {markup.html(' '.join(str(error).split()))}</p>"]
    return parts


def _picture(name: str, case: str) -> str:
    return f'<a href="{markup.html(name)}"><img loading="lazy" src="{markup.html(name)}" alt="{markup.html(case)}"></a>'


def _draw(case: str, runs: list[RunResult], choice: Choice, path: Path) -> None:
    column, loaded = choice.column, [cases.load(run.folder, case) for run in runs]
    numbers = [f"{column.short} {choice.values[run.label][case]:.{column.digits}f}" for run in runs]
    titles = [f"{textwrap.fill(run.label, _WIDTH)}\n{number}" for run, number in zip(runs, numbers, strict=True)]
    smoke = SMOKE if any(run.record.smoke for run in runs) else ""
    figure = side_by_side(list(zip(titles, loaded, strict=True)), case, smoke, columns=6)
    side = min(max(_SIDE, max(loaded[0].truth.shape[-2:])), 2 * _SIDE)
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=100 * side / _SIDE)


def _mark(results: Results) -> str:
    """Return a hash of what the gallery shows."""
    runs = [[str(run.run), run.label, run.state, run.evaluation.metrics_sha256] for run in results.runs]
    return fingerprint([runs, results.banner, str(MOST)])
