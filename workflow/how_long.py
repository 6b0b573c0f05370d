"""How long an experiment will take here, from what this machine has just shown of its speed."""

from collections.abc import Iterable
from typing import Any

from runs.plan import ExperimentPlan, Job
from tables.papers.duration import Rates, spoken

# a step starts a notebook, which loads the libraries, works for a moment and draws: this many times the loading
_LOADINGS = 3.0


def estimate(plan: ExperimentPlan, missing: Iterable[str], loading: float, cores: int) -> float:
    """Estimate the seconds until an experiment is finished.

    Args:
        plan: the experiment's plan.
        missing: titles of the steps that are not done, of `workflow.done`.
        loading: seconds that this process needed to load the libraries.
        cores: steps at a time.

    Returns:
        Seconds: those of the trainings by the rates of runs in the results folder, or where there are none by a stated
        rate, and those of the notebooks around them.
    """
    waiting = set(missing)
    rates = Rates(plan.results)
    trainings = sum(rates.seconds(_sized(job), _dims(job))[0] for job in plan.jobs if f"train {job.title}" in waiting)
    return (trainings + len(waiting) * _LOADINGS * loading) / max(1, cores)


def line(seconds: float, cores: int) -> str:
    """Return the estimate in words."""
    return (
        f"this takes about {spoken(seconds)} here, {cores} steps at a time, if the machine stays as busy as it is now"
    )


def _sized(job: Job) -> dict[str, Any]:
    sides = job.train["patch_size"] or ([128, 128] if _dims(job) == 2 else [32, 32, 32])
    return job.train | {"patch_size": sides}


def _dims(job: Job) -> int:
    import data_prep

    if job.train["patch_size"]:
        return len(job.train["patch_size"])
    name = job.train["dataset"]
    return data_prep.entry(name).dims if name in data_prep.names() else 2
