"""The measurements of an experiment beyond its single runs, as its plan lists them."""

from collections.abc import Iterable
from pathlib import Path

from evaluation import adjacency, closing, ensemble
from evaluation.cases import first_of_each
from runs.plan import ADJACENCY, CLOSING, ENSEMBLE, MeasuringStep, read_plan, relocated
from runs.results import DONE, RunResult, collect, read_run


def measure_experiment(folder: str | Path) -> list[Path]:
    """Measure what an experiment's plan lists; without a plan, the adjacencies of the first run of each loss.

    Existing measurements are not repeated, and unfinished runs are left out.

    Args:
        folder: the experiment's folder.

    Returns:
        Paths of the metrics.csv files.
    """
    plan = read_plan(folder)
    steps = plan.measurements if plan else adjacency_steps(collect(folder).runs)
    return [path for step in steps for path in measure(step, Path(folder).parent)]


def adjacency_steps(runs: Iterable[RunResult]) -> list[MeasuringStep]:
    """Return the step for the first fold and seed of each loss on each dataset."""
    by_dataset: dict[str, list[RunResult]] = {}
    for run in runs:
        by_dataset.setdefault(run.run.dataset, []).append(run)
    return [
        MeasuringStep(ADJACENCY, [str(run.folder) for run in first_of_each(on_it)]) for on_it in by_dataset.values()
    ]


def measure(step: MeasuringStep, results: Path) -> list[Path]:
    """Carry out one step.

    Args:
        step: from a plan.
        results: the results folder that currently holds the runs.

    Returns:
        Paths of the metrics.csv files; none if too few of its runs are finished.
    """
    pairs = [(read_run(relocated(folder, results)), start) for folder, start in _with_starts(step)]
    done = [(run, start) for run, start in pairs if run.state == DONE]
    if step.kind == ENSEMBLE:
        starts = [relocated(start, results) for _, start in done if start]
        return [ensemble.measure([run for run, _ in done], starts, step.elsewhere)] if len(done) > 1 else []
    if step.kind == CLOSING:
        return [closing.measure(run.folder, step.metrics) for run, _ in done]
    return [adjacency.measure(run.folder) for run, _ in done]


def _with_starts(step: MeasuringStep) -> list[tuple[str, str]]:
    return list(zip(step.runs, step.starts or [""] * len(step.runs), strict=True))
