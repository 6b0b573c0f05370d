"""Snakemake's command line: profile, GPUs of this machine or ways of this cluster, and evaluations that go together."""

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from runs import files, steps
from runs.plan import ExperimentPlan, Job
from workflow import cluster, gpus
from workflow.forecast import lines

_HERE = Path(__file__).parent
# Evaluations that share a process share its start, but the first waits until the last one's training has ended.
_MOST_TOGETHER = 8
_MOST_TOGETHER_REMOTE, _REMOTE_JOBS = 50, 10


def profile(name: str) -> str:
    """Return the folder of a profile: one of this project's by name, or a folder of the user's own."""
    own = _HERE / "profiles" / name
    return str(own if own.is_dir() else name)


def logs(plan: ExperimentPlan) -> Path:
    """Return the folder of the logs of an experiment's jobs on a cluster."""
    return Path(plan.folder) / steps.FOLDER / cluster.LOGS


def command(
    given: argparse.Namespace, plan: ExperimentPlan, path: Path, evaluate: Sequence[str], target: str = "all"
) -> list[str]:
    """Return Snakemake's command line: after a kill, stale locks are ignored and half-made steps made again.

    Args:
        given: the command line of `python -m workflow`.
        plan: the experiment's plan.
        path: file of the plan.
        evaluate: keys of the runs to be evaluated.
        target: what to make.

    Returns:
        The words of the command.
    """
    place = profile(given.profile)
    remote = cluster.is_slurm(place)
    told = {
        "plan": str(path),
        "root": str(Path.cwd()),
        "batches": batches(evaluate, given.cores, remote),
        "gpus": [],
        "gpu_jobs": given.gpu_jobs,
    }
    if not remote:
        told["gpus"] = [name for name in given.gpus.split(",") if name] if given.gpus else gpus.visible()
    for flag in (Path(plan.folder) / steps.FOLDER).glob("evaluate-*"):
        flag.unlink()  # of batches of an earlier start
    # in a file, since Snakemake reads a value of --config as YAML
    config = files.write_json(Path(plan.folder) / steps.FOLDER / "config.json", told)
    words = [sys.executable, "-m", "snakemake", target, "--snakefile", str(_HERE / "Snakefile")]
    words += ["--configfile", str(config), "--profile", place]
    if remote:
        words += [] if given.plan else cluster.options(given.results, logs(plan))
    else:
        words += ["--cores", str(max(1, given.cores))]
        words += ["--resources", f"gpu={len(told['gpus']) * max(1, given.gpu_jobs)}"] if told["gpus"] else []
    return words + (["--dry-run"] if given.plan else [])


def forecast(given: argparse.Namespace, plan: ExperimentPlan, trials: Sequence[Job] = ()) -> Iterator[str]:
    """Say what is left to do of a plan and of the trials before it, and how long it takes by what has been measured."""
    place = profile(given.profile)
    remote = cluster.is_slurm(place)
    device = "cuda" if remote or given.gpus or gpus.visible() else "cpu"
    both = replace(plan, jobs=[*plan.jobs, *trials])
    yield from lines(both, batches(unevaluated(plan), given.cores, remote), device, place)


def batches(evaluate: Sequence[str], cores: int, remote: bool) -> list[list[str]]:
    """Group evaluations into jobs: enough jobs to keep all cores busy, on a cluster ten at least.

    Args:
        evaluate: keys of runs, in the order in which they are trained.
        cores: of this machine.
        remote: whether the jobs run on a cluster.

    Returns:
        Keys of each job.
    """
    jobs, most = (_REMOTE_JOBS, _MOST_TOGETHER_REMOTE) if remote else (2 * max(1, cores), _MOST_TOGETHER)
    size = min(most, max(1, math.ceil(len(evaluate) / jobs)))
    return [list(evaluate[start : start + size]) for start in range(0, len(evaluate), size)]


def unevaluated(plan: ExperimentPlan, trained: bool = False) -> list[str]:
    """Return the keys of the runs of a plan without the flag of their evaluation.

    Args:
        plan: the experiment's plan.
        trained: only those with the flag of their training, and of that which they start from.

    Returns:
        Keys in the order of the plan.
    """
    listed = [] if plan.only_trained else plan.jobs
    jobs = [job for job in listed if not steps.flag_of(job.folder, "evaluated").exists()]
    if trained:
        jobs = [
            job
            for job in jobs
            if all(steps.flag_of(each, "trained").exists() for each in (job.folder, job.after) if each)
        ]
    return [steps.key(job.folder) for job in jobs]
