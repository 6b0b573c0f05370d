"""What one start has to run: an experiment, its trials, or all experiments of a paper, whose steps form one graph."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runs import steps
from runs.plan import ExperimentPlan, Job

# Steps that share a process share its start, but what needs the first of them waits until the last one has ended.
_MOST_TOGETHER = 8
_MOST_TOGETHER_REMOTE, _REMOTE_JOBS = 50, 10


@dataclass(frozen=True)
class Grid:
    """The experiments of one start.

    Args:
        plans: of the experiments, which have one results folder.
        home: folder that gets what Snakemake and the jobs on a cluster say.
    """

    plans: Sequence[ExperimentPlan]
    home: Path

    @property
    def jobs(self) -> list[Job]:
        """Return the runs of all experiments."""
        return [job for plan in self.plans for job in plan.jobs]

    def untrained(self) -> list[Job]:
        """Return the runs without the flag of their training."""
        return [job for plan in self.plans for job in _untrained(plan)]

    def unevaluated(self, trained: bool = False) -> list[list[str]]:
        """Return the keys of the runs without the flag of their evaluation.

        Args:
            trained: only those with the flag of their training, and of that which they start from.

        Returns:
            Of each experiment the keys, in the order of its plan.
        """
        return [_unevaluated(plan, trained) for plan in self.plans]


def training_batches(plans: Sequence[ExperimentPlan], cores: int) -> list[dict[str, list[str]]]:
    """Group the trainings that are to do into jobs, where they are so many that all cores stay busy with groups.

    Args:
        plans: of the experiments.
        cores: of this machine.

    Returns:
        Of each experiment the keys of each job with more than one training, by the job's name. Trainings of one job are
        on one dataset and start from the same weights, or from scratch. Dice&CE comes first in its job, which is called
        a baseline's.
    """
    jobs = [_untrained(plan) for plan in plans]
    size = min(_MOST_TOGETHER, math.ceil(sum(map(len, jobs)) / (4 * max(1, cores))))
    return [_batches_of(each, size) for each in jobs]


def _untrained(plan: ExperimentPlan) -> list[Job]:
    return [job for job in plan.jobs if not steps.flag_of(job.folder, "trained").exists()]


def _batches_of(jobs: Sequence[Job], size: int) -> dict[str, list[str]]:
    # none waits for another one of its job
    grouped: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        grouped.setdefault((job.train["dataset"], job.after), []).append(job)
    made = {}
    for group in grouped.values():
        group.sort(key=_is_other_loss)
        for batch in _evenly(group, size):
            if len(batch) > 1:
                kind = "" if _is_other_loss(batch[0]) else "baseline-"
                made[f"{kind}{len(made)}"] = [steps.key(job.folder) for job in batch]
    return made


def _is_other_loss(job: Job) -> bool:
    return job.train["loss"] != "dice_ce"


def _evenly(group: Sequence[Job], size: int) -> Iterator[Sequence[Job]]:
    """Divide a group into batches that are as equal as possible, none larger than a size."""
    number = math.ceil(len(group) / size)
    for batch in range(number):
        yield group[batch * len(group) // number : (batch + 1) * len(group) // number]


def _unevaluated(plan: ExperimentPlan, trained: bool) -> list[str]:
    listed = [] if plan.only_trained else plan.jobs
    jobs = [job for job in listed if not steps.flag_of(job.folder, "evaluated").exists()]
    if trained:
        jobs = [
            job
            for job in jobs
            if all(steps.flag_of(each, "trained").exists() for each in (job.folder, job.after) if each)
        ]
    return [steps.key(job.folder) for job in jobs]


def batches(evaluate: Sequence[Sequence[str]], cores: int, remote: bool) -> list[list[list[str]]]:
    """Group evaluations into jobs: enough jobs to keep all cores busy, on a cluster ten at least.

    Args:
        evaluate: of each experiment the keys of runs, in the order in which they are trained.
        cores: of this machine.
        remote: whether the jobs run on a cluster.

    Returns:
        Of each experiment the keys of each job.
    """
    jobs, most = (_REMOTE_JOBS, _MOST_TOGETHER_REMOTE) if remote else (2 * max(1, cores), _MOST_TOGETHER)
    size = min(most, max(1, math.ceil(sum(map(len, evaluate)) / jobs)))
    return [[list(keys[start : start + size]) for start in range(0, len(keys), size)] for keys in evaluate]
