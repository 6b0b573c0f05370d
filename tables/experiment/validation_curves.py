"""Curves of the validations made while training: all losses on one axis for each metric."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from pictures import style
from runs import history
from runs.banner import SMOKE
from runs.results import Results, RunResult, read_run
from tables.experiment.compare import BASELINE

_NAMES = {"dice": "Dice", "cldice": "clDice", "betti0_error": "Betti-0 error"}


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
    beside = folder.parents[1] / BASELINE / folder.name
    runs = [read_run(folder), *([read_run(beside)] if beside != folder and history.exists(beside) else [])]
    title = f"{runs[0].label} on {runs[0].run.dataset}: validations"
    return _draw(runs, title, SMOKE if runs[0].record.smoke else "")


def of_dataset(results: Results, dataset: str) -> Figure | None:
    """Draw the validations of each loss on a dataset, of the first fold and seed.

    Args:
        results: the runs.
        dataset: on which.

    Returns:
        The figure; None where no run has validated.
    """
    first: dict[tuple[str, str], RunResult] = {}
    for result in results.of(dataset):
        if result.run.stage == "finetune" and _course(result.folder) is not None:
            first.setdefault(result.row, result)
    if not first:
        return None
    return _draw(list(first.values()), f"Validations on {dataset}, first fold and seed", results.banner)


def _draw(runs: Sequence[RunResult], title: str, banner: str) -> Figure:
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    panels = figure.subplots(1, len(history.VALIDATED))
    for number, result in enumerate(runs):
        is_baseline = result.run.loss == BASELINE and not result.run.loss_parameters
        colour, again = style.series(number)
        colour, line = (style.BASELINE, "--") if is_baseline else (colour, ("-", "-.", ":")[again % 3])
        course = _course(result.folder)
        if course is None:
            continue
        for axes, name in zip(panels, history.VALIDATED, strict=True):
            axes.plot(
                course["iteration"], course[f"validation_{name}"], line, color=colour, label=result.label, markersize=3
            )  # fmt: skip
    for axes, name in zip(panels, history.VALIDATED, strict=True):
        axes.set(title=_NAMES[name], xlabel="iteration")
    style.heading(figure, title, banner)
    panels[-1].legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _course(folder: Path) -> pd.DataFrame | None:
    """Read the validations of a run, a row each; None where there are none."""
    found = history.read_history(folder)
    if found is None or "validation_seconds" not in found:
        return None
    return found[found["validation_seconds"].notna()]
