"""The validations made while training, all losses beside one another for each metric."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pictures import style
from runs import history
from runs.banner import SMOKE
from runs.results import Results, RunResult, read_run
from tables.experiment.compare import BASELINE

Courses = list[tuple[RunResult, pd.DataFrame]]

_NAMES = {"dice": "Dice", "cldice": "clDice", "betti0_error": "Betti-0 error"}
_MANY = 30  # below, a linear scale is easier to read
_COLOUR = style.OKABE_ITO[0]  # of all losses, where each has a line of its own
_LEGEND = [
    Line2D([], [], color=_COLOUR, marker="o", markerfacecolor="white", markersize=4, label="earlier validations"),
    Line2D([], [], color=_COLOUR, marker="o", linestyle="", markersize=5, label="the last one"),
    Line2D([], [], color=style.BASELINE, linestyle="--", linewidth=0.8, label="Dice&CE's last one"),
]


def of_run(folder: str | Path) -> Figure | None:
    """Draw a run's validations, with those of the Dice&CE run beside it where there are any.

    Args:
        folder: the run's folder.

    Returns:
        The figure; None for a run without validations.
    """
    folder = Path(folder)
    if _course(folder) is None:
        return None
    run, beside = read_run(folder), folder.parents[1] / BASELINE / folder.name
    runs = [run, *([read_run(beside)] if beside != folder and history.exists(beside) else [])]
    return _draw(_courses(runs), f"{run.label} on {run.run.dataset}: validations", SMOKE if run.record.smoke else "")


def of_dataset(results: Results, dataset: str) -> Figure | None:
    """Draw the validations of each loss on a dataset, of the first fold and seed.

    Args:
        results: the runs.
        dataset: on which.

    Returns:
        The figure; None where no run has validated.
    """
    first: dict[tuple[str, str], tuple[RunResult, pd.DataFrame]] = {}
    for result, course in _courses(each for each in results.of(dataset) if each.run.stage == "finetune"):
        first.setdefault(result.row, (result, course))
    if not first:
        return None
    return _draw(list(first.values()), f"Validations on {dataset}, first fold and seed", results.banner)


def _draw(courses: Courses, title: str, banner: str) -> Figure:
    """Draw curves as long as colours tell the losses apart, a line of points for each loss where there are more."""
    return (_curves if len(courses) <= len(style.OKABE_ITO) else _paths)(courses, title, banner)


def _curves(courses: Courses, title: str, banner: str) -> Figure:
    """Draw each metric over the iterations, all losses on one axis."""
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    panels = figure.subplots(1, len(history.VALIDATED))
    for number, (result, course) in enumerate(courses):
        colour, line = (style.BASELINE, "--") if _is_baseline(result) else (style.series(number)[0], "-")
        for axes, name in zip(panels, history.VALIDATED, strict=True):
            axes.plot(course["iteration"], course[f"validation_{name}"], line, color=colour, label=result.label)
    for axes, name in zip(panels, history.VALIDATED, strict=True):
        axes.set(title=_NAMES[name], xlabel="iteration")
    style.heading(figure, title, banner)
    panels[-1].legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _paths(courses: Courses, title: str, banner: str) -> Figure:
    """Draw the validations of each loss as points on a line of its own: those that lie together have levelled off."""
    figure = Figure(figsize=(12, 0.2 * len(courses) + 2), layout="constrained")
    panels = figure.subplots(1, len(history.VALIDATED), sharey=True)
    for axes, name in zip(panels, history.VALIDATED, strict=True):
        for row, (result, course) in enumerate(courses):
            values = course[f"validation_{name}"].to_numpy()
            axes.plot(values, [row] * len(values), "-", color=_COLOUR, linewidth=1)
            axes.plot(values[:-1], [row] * (len(values) - 1), "o", color=_COLOUR, markerfacecolor="white", markersize=4)
            axes.plot(values[-1:], [row], "o", color=_COLOUR, markersize=5)
            if _is_baseline(result):
                axes.axvline(values[-1], color=style.BASELINE, linestyle="--", linewidth=0.8, zorder=0)
        axes.set(title=_NAMES[name], xlabel=_NAMES[name], ylim=(len(courses) - 0.4, -0.6))
        axes.grid(axis="y", color="#E6E6E6", linewidth=0.5)
    _stretch(panels[-1], pd.concat([course["validation_betti0_error"] for _, course in courses]))
    panels[0].set_yticks(range(len(courses)), [result.label for result, _ in courses])
    style.heading(figure, title, banner)
    figure.legend(handles=_LEGEND, loc="outside lower center", ncols=len(_LEGEND), frameon=False)
    return figure


def _stretch(axes: Axes, errors: pd.Series) -> None:
    """Take a logarithmic scale where a loss leaves many times the components of another."""
    least, greatest = errors.min(), errors.max()
    if greatest > _MANY * max(least, 1):
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(left=0.7 * least)


def _is_baseline(result: RunResult) -> bool:
    return result.run.loss == BASELINE and not result.run.loss_parameters


def _courses(runs: Iterable[RunResult]) -> Courses:
    """Return the runs that have validated, each with its validations."""
    return [(result, course) for result in runs if (course := _course(result.folder)) is not None]


def _course(folder: Path) -> pd.DataFrame | None:
    """Read the validations of a run, a row each; None where there are none."""
    found = history.read_history(folder)
    if found is None or "validation_seconds" not in found:
        return None
    return found[found["validation_seconds"].notna()]
