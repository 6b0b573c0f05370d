"""How much is asked for: jobs, time on this machine or hours on GPUs, and the longest training against its limit."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from runs.plan import Job
from tables.papers.duration import Rates, spoken
from workflow.jobs.grid import Grid, batches, training_batches

_MINUTES = re.compile(r"(\d+)\s*(\*\s*attempt)?")
# a step starts a notebook, which loads the libraries, works for a moment and draws: this many times the loading
_LOADINGS = 3.0
_SIDES = {2: [128, 128], 3: [32, 32, 32]}  # where the data decide


@dataclass(frozen=True)
class Machine:
    """Where the steps run.

    Args:
        device: "cuda" or "cpu": only runs on the like of it are taken as measured.
        profile: folder of Snakemake's profile.
        cores: steps at a time; 0 on a cluster.
        trainings: of them trainings.
        loading: seconds that this process needed to load the libraries.
    """

    device: str
    profile: str | Path
    cores: int = 0
    trainings: int = 0
    loading: float = 0.0

    @property
    def shares(self) -> bool:
        """Whether trainings may share a job: those on a cluster and on a GPU do not."""
        return self.cores > 0 and self.device == "cpu"


def lines(grid: Grid, missing: int, machine: Machine) -> Iterator[str]:
    """Say what is left to do, and how long it takes.

    Args:
        grid: the experiments; the flags of what is done have been put right.
        missing: number of steps that are not done.
        machine: where they run.

    Yields:
        Lines for people.
    """
    left, evaluate = grid.untrained(), grid.unevaluated()
    jobs = sum(map(len, batches(evaluate, machine.cores, remote=not machine.cores)))
    how = ", each a job of its own"
    if machine.shares and (shared := _shared(grid, machine.cores)):
        how = f" in {len(left) - sum(shared) + len(shared)} jobs"
    yield f"to do: {len(left)} trainings{how}; {sum(map(len, evaluate))} evaluations in {jobs} jobs"
    rates = Rates(grid.plans[0].results, machine.device)
    told = [(*rates.seconds(_sized(job), _dims(job)), job) for job in left]
    known = [(seconds, job) for seconds, measured, job in told if measured]
    if machine.cores and missing:
        trainings = sum(seconds for seconds, _, _ in told) / machine.trainings
        seconds = trainings + missing * _LOADINGS * machine.loading / machine.cores
        yield f"this takes about {spoken(seconds)} here, {machine.cores} steps at a time, if the machine stays as busy"
    unit = "GPU" if machine.device == "cuda" else "core"
    if known:
        hours = sum(seconds for seconds, _ in known) / 3600
        others = f", and {len(left) - len(known)} trainings of unknown length" if len(known) < len(left) else ""
        yield f"{unit}-hours: about {hours:.2g}, by the rates of runs on {machine.device}{others}"
        yield _longest(*max(known, key=lambda each: each[0]), machine.profile)
    elif left and not machine.cores:
        where = f"{grid.plans[0].results} holds no measured run on this kind of device ({machine.device})"
        yield f"{unit}-hours: not known, since {where}"


def _shared(grid: Grid, cores: int) -> list[int]:
    """Return how many trainings each job with several of them has."""
    return [len(keys) for jobs in training_batches(grid.plans, cores) for keys in jobs.values()]


def _sized(job: Job) -> dict[str, Any]:
    return job.train | {"patch_size": job.train["patch_size"] or _SIDES[_dims(job)]}


def _dims(job: Job) -> int:
    import data_prep

    if job.train["patch_size"]:
        return len(job.train["patch_size"])
    name = job.train["dataset"]
    return data_prep.entry(name).dims if name in data_prep.names() else 2


def _longest(seconds: float, job: Job, profile: str | Path) -> str:
    minutes = time_limit(profile, "train_baseline" if job.train["loss"] == "dice_ce" else "train")
    text = f"longest job: {job.title}, about {spoken(seconds)}"
    if minutes is None:
        return f"{text}; there is no time limit"
    verdict = "; it would not end in time, though it goes on from its checkpoint" if seconds > 60 * minutes else ""
    return f"{text} of {minutes} min{verdict}"


def time_limit(profile: str | Path, rule: str) -> int | None:
    """Return the time that a profile gives a rule's first attempt.

    Args:
        profile: folder of the profile.
        rule: name of the rule.

    Returns:
        Minutes; None where it gives no limit, or one that is not a number, perhaps times the attempt.
    """
    path = Path(profile) / "config.yaml"
    settings: Mapping[str, Any] = (yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None) or {}
    given = (settings.get("set-resources") or {}).get(rule, {}).get("runtime")
    given = (settings.get("default-resources") or {}).get("runtime") if given is None else given
    match = _MINUTES.fullmatch(str(given).strip())
    return int(match[1]) if match else None
