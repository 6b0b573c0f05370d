"""The runs that a paper's tables need: which exist, which are missing, and how long those take.

`tables.plan` is this module's `plan`.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from runs import paths
from runs.results import DONE, RunResult
from tables.papers import duration, engines
from tables.papers import scale as scales
from tables.papers import spec as specs
from tables.papers.found_runs import find_run
from tables.papers.planned_runs import Place, PlannedRun, experiment, planned_runs
from tables.papers.required_runs import requirements
from tables.papers.spec_parts import Spec

__all__ = ["PaperPlan", "PlannedRun", "experiment", "plan", "summary", "unfillable"]


@dataclass(frozen=True)
class PaperPlan:
    """The runs of a paper at a scale, and their state.

    Args:
        spec: the paper.
        scale: in (0, 1].
        results: folder that gets the experiments.
        runs: every run once, a pretraining before those that start from it.
        found: by run folder, its content.
        answering: by (table, row, column), the folders of the runs that answer it.
    """

    spec: Spec
    scale: float
    results: Path
    runs: list[PlannedRun]
    found: dict[Path, RunResult] = field(default_factory=dict)
    answering: dict[Place, list[Path]] = field(default_factory=dict)

    def folder(self, planned: PlannedRun) -> Path:
        """Return a run's folder, whether it exists or not."""
        return paths.run_folder(self.results, planned.run)

    def start(self, planned: PlannedRun) -> Path:
        """Return the folder of the pretraining that a run starts from."""
        assert planned.after is not None
        return paths.run_folder(self.results, planned.after)

    def state(self, planned: PlannedRun) -> str:
        """Return the state of a run: "done", "failed", "no run", ..."""
        return self.found[self.folder(planned)].state

    @property
    def existing(self) -> list[PlannedRun]:
        """Return the finished runs."""
        return [planned for planned in self.runs if self.state(planned) == DONE]

    @property
    def missing(self) -> list[PlannedRun]:
        """Return all others."""
        return [planned for planned in self.runs if self.state(planned) != DONE]

    @property
    def possible(self) -> list[PlannedRun]:
        """Return those that are missing and whose data are available."""
        return [planned for planned in self.missing if not self.closed(planned)]

    def closed(self, planned: PlannedRun) -> str:
        """Return why only their owners have the data of a run; "" if they are available."""
        return self.spec.datasets[planned.entry].closed

    def seconds(self, runs: list[PlannedRun] | None = None) -> tuple[float, int]:
        """Estimate how long the suite's trainings take, one after another; nnU-Net's are left out.

        Args:
            runs: which; None for those that are missing and possible.

        Returns:
            Seconds, and the number of runs for which they come from existing runs.
        """
        rates = duration.Rates(self.results)
        wanted = [each for each in (self.possible if runs is None else runs) if not engines.trains(each.parameters)]
        found = [rates.seconds(each.parameters, self.spec.datasets[each.entry].dims) for each in wanted]
        return sum(seconds for seconds, _ in found), sum(known for _, known in found)


def plan(paper: str | Spec, results: str | Path = "results", scale: float = 1.0) -> PaperPlan:
    """Return the runs that a paper's tables need, with those that exist and those that are missing.

    Args:
        paper: name of the paper, or its spec.
        results: folder that holds the experiments.
        scale: in (0, 1], see `tables.papers.scale`.

    Returns:
        The plan.

    Raises:
        SpecError: a run's parameters are refused, or two different runs would share a folder.
        ValueError: the scale is invalid.
    """
    spec = specs.load(paper) if isinstance(paper, str) else paper
    size, folder = scales.check(scale), Path(results)
    runs, answering = planned_runs(spec, size, folder)
    found: dict[Path, RunResult] = {}
    for each in runs:
        where = paths.run_folder(folder, each.run)
        found[where] = find_run(where, each, folder, found)
    return PaperPlan(spec, size, folder, runs, found, answering)


def summary(plan: PaperPlan) -> pd.DataFrame:
    """Count a plan's runs.

    Args:
        plan: from `plan`.

    Returns:
        A row for each experiment and dataset: the tables that need it, its runs, how many of them are done, and how
        long the others take, or why they cannot be made.
    """
    grouped: dict[tuple[str, str], list[PlannedRun]] = {}
    for each in plan.runs:
        grouped.setdefault((each.run.experiment, each.entry), []).append(each)
    rows = []
    for (name, entry), runs in grouped.items():
        missing = [each for each in runs if plan.state(each) != DONE]
        tables = ", ".join(sorted({table for each in runs for table in each.tables}))
        time = "" if not missing else plan.closed(missing[0]) or duration.spoken(plan.seconds(missing)[0])
        row = {"experiment": name, "dataset": entry, "tables": tables, "runs": len(runs)}
        rows.append(row | {"done": len(runs) - len(missing), "time of the missing": time})
    return pd.DataFrame(rows)


def unfillable(plan: PaperPlan) -> dict[str, int]:
    """Count the cells that no run can ever fill.

    Args:
        plan: from `plan`.

    Returns:
        Each reason with its number of cells: numbers that the paper quotes or sets, what this suite cannot do, and data
        that nobody else can have, where there are no runs on them.
    """
    done = {planned.entry for planned in plan.existing}
    reasons: Counter[str] = Counter()
    for each in requirements(plan.spec):
        closed = plan.spec.datasets[each.dataset].closed if each.has_runs and each.dataset not in done else ""
        if reason := each.quoted or each.cannot or closed:
            reasons[reason] += 1
    return dict(reasons)
