"""How much a plan asks for: jobs, hours on GPUs or cores, and the longest training against its time limit."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from runs import steps
from runs.plan import ExperimentPlan, Job
from tables.papers.duration import Rates, spoken

_MINUTES = re.compile(r"(\d+)\s*(\*\s*attempt)?")


def lines(plan: ExperimentPlan, batches: Sequence[Sequence[str]], device: str, profile: str | Path) -> Iterator[str]:
    """Say what is left to do and how long its trainings take.

    Args:
        plan: the experiment's plan; the flags of what is done have been put right.
        batches: the runs whose evaluations share a job.
        device: "cuda" or "cpu": only runs on the like of it are taken as measured.
        profile: folder of Snakemake's profile.

    Yields:
        Lines for people.
    """
    left = [job for job in plan.jobs if not steps.flag_of(job.folder, "trained").exists()]
    evaluations = sum(map(len, batches))
    yield f"to do: {len(left)} trainings, each a job of its own; {evaluations} evaluations in {len(batches)} jobs"
    if not left:
        return
    rates = Rates(plan.results, device)
    told = [(rates.seconds(job.train, len(job.train["patch_size"])), job) for job in left]
    known = [(seconds, job) for (seconds, measured), job in told if measured]
    unit = "GPU" if device == "cuda" else "core"
    if not known:
        yield f"{unit}-hours: not known, since {plan.results} holds no measured run on this kind of device ({device})"
        return
    hours = sum(seconds for seconds, _ in known) / 3600
    others = f", and {len(left) - len(known)} trainings of unknown length" if len(known) < len(left) else ""
    yield f"{unit}-hours: about {hours:.2g}, by the rates of runs on {device}{others}"
    yield _longest(*max(known, key=lambda each: each[0]), profile)


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
