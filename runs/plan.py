"""plan.json: every run of an experiment, the parameters of its notebooks, and what a run must match to count."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runs import files, paths
from runs.paths import Run
from runs.schema import from_json

NAME = "plan.json"
ENSEMBLE, CLOSING, ADJACENCY = "ensemble", "closing", "adjacency"


@dataclass(frozen=True)
class Job:
    """One run and what is done with it.

    Args:
        folder: the run's folder.
        loss_title: printed name of its loss.
        after: folder of the pretraining run from which it starts; "" for a run from scratch.
        title: its name in messages.
        train: parameters of notebooks/train.ipynb.
        evaluate: parameters of notebooks/evaluate.ipynb.
        loss_parameters: all parameters of the loss, defaults filled in.
        sources: hash of the source files that determine the result; "" for any.
        measuring_sources: hash of those that determine the numbers of the evaluation; "" for any.
        entry: printed name of a tuned entry of the list of losses, the same whatever was chosen; "" for one not tuned.
        tuned: the values that were chosen for it on validation cases, by parameter; of a trial, those tried.
    """

    folder: str
    loss_title: str = ""
    after: str = ""
    title: str = ""
    train: dict[str, Any] = field(default_factory=dict)
    evaluate: dict[str, Any] = field(default_factory=dict)
    loss_parameters: dict[str, Any] = field(default_factory=dict)
    sources: str = ""
    measuring_sources: str = ""
    entry: str = ""
    tuned: dict[str, Any] = field(default_factory=dict)

    @property
    def run(self) -> Run:
        """Return what distinguishes the run."""
        return paths.parse_run(self.folder)

    def below(self, results: Path) -> Path:
        """Return the run's folder below a results folder, which may have moved since the plan was made."""
        return relocated(self.folder, results)

    def start_below(self, results: Path) -> Path | None:
        """Return the pretraining's folder below a results folder; None for a run from scratch."""
        return relocated(self.after, results) if self.after else None


@dataclass(frozen=True)
class DatasetPlan:
    """The preparation of a dataset: parameters of notebooks/prepare.ipynb."""

    dataset: str
    source: str = ""
    data: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    partial: bool = False


@dataclass(frozen=True)
class MeasuringStep:
    """A step that measures something derived from evaluated runs.

    Args:
        kind: "ensemble", "closing" or "adjacency".
        runs: folders of the runs.
        starts: of an ensemble with post-processing, folders of the pretraining runs, one for each run.
        metrics: of a closing, slugs.
        elsewhere: metrics measured on patches: slug to options.
    """

    kind: str
    runs: list[str]
    starts: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    elsewhere: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class ExperimentPlan:
    """The content of plan.json.

    Args:
        experiment: name.
        title: printed above the tables.
        note: printed below the title.
        smoke: the numbers only show that everything works.
        results: folder that holds the experiments.
        folder: the experiment's folder.
        data: folder of the prepared datasets.
        datasets: name to preparation.
        metrics: slugs; empty: all.
        skipped: what is left out, with the reason.
        jobs: the runs, a pretraining before those that start from it.
        measurements: steps after all evaluations.
        paper: name of the paper whose tables need the runs, "" for none.
        scale: the factor by which the paper's protocol was reduced.
        remarks: lines to print below the paper's tables.
        only_trained: its runs are trained and no more: trials, and the pretraining that they start from.
    """

    experiment: str = ""
    title: str = ""
    note: str = ""
    smoke: bool = False
    results: str = ""
    folder: str = ""
    data: str = ""
    datasets: dict[str, DatasetPlan] = field(default_factory=dict)
    metrics: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    measurements: list[MeasuringStep] = field(default_factory=list)
    paper: str = ""
    scale: float = 1.0
    remarks: list[str] = field(default_factory=list)
    only_trained: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the content as JSON can hold it. Nothing is copied: there may be thousands of jobs."""
        parts = {
            "datasets": {name: vars(entry) for name, entry in self.datasets.items()},
            "jobs": [vars(job) for job in self.jobs],
            "measurements": [vars(step) for step in self.measurements],
        }
        return vars(self) | parts

    def data_below(self, results: Path) -> Path:
        """Return the folder of the prepared datasets if the results folder has moved."""
        data = Path(self.data or f"{self.results}/data")
        return results / data.relative_to(self.results) if data.is_relative_to(self.results) else data


def relocated(folder: str, results: Path) -> Path:
    """Return a run's folder if its results folder has moved."""
    return results.joinpath(*Path(folder).parts[-paths.DEPTH :])


def write_plan(plan: ExperimentPlan, path: str | Path | None = None) -> Path:
    """Write a plan.

    Args:
        plan: the plan.
        path: the file; None: plan.json in the experiment's folder.

    Returns:
        Path of the file.
    """
    return files.write_json(path or Path(plan.folder) / NAME, plan.as_dict())


def exists(folder: str | Path) -> bool:
    """Return whether an experiment has a plan."""
    return (Path(folder) / NAME).is_file()


def read_plan(path: str | Path) -> ExperimentPlan | None:
    """Read a plan.

    Args:
        path: an experiment's folder, or the plan's file.

    Returns:
        The plan; None if there is none.

    Raises:
        ValueError: it is unreadable.
    """
    file = Path(path) / NAME if Path(path).is_dir() else Path(path)
    if not file.is_file():
        return None
    return from_json(ExperimentPlan, files.read_json(file), str(file))


def join_plans(plans: Sequence[ExperimentPlan], jobs: Sequence[Job], folder: str | Path) -> ExperimentPlan:
    """Merge the plans of several machines.

    Args:
        plans: of one experiment, at least one.
        jobs: all runs.
        folder: the experiment's new folder.

    Returns:
        The first plan with the additions of the others.
    """
    notes = list(dict.fromkeys(plan.note for plan in plans if plan.note))
    return replace(
        plans[0],
        folder=str(folder),
        results=str(Path(folder).parent),
        jobs=list(jobs),
        skipped={what: reason for plan in plans for what, reason in plan.skipped.items()},
        note=" ".join(notes),
        smoke=any(plan.smoke for plan in plans),
    )
