"""Snakemake's command line: profile, GPUs of this machine or ways of this cluster, and steps that go together."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from runs import files, steps
from workflow.jobs import cluster, gpus
from workflow.jobs.forecast import Machine
from workflow.jobs.grid import Grid, batches, training_batches

_HERE = Path(__file__).parents[1]  # the folder of the Snakefile


def profile(name: str) -> str:
    """Return the folder of a profile: one of this project's by name, or a folder of the user's own."""
    own = _HERE / "profiles" / name
    return str(own if own.is_dir() else name)


def logs(grid: Grid) -> Path:
    """Return the folder of the logs of the jobs on a cluster."""
    return grid.home / steps.FOLDER / cluster.LOGS


def machine(given: argparse.Namespace) -> Machine:
    """Return what a forecast must know of the machine, or cluster, that `python -m workflow` was given."""
    place = profile(given.profile)
    if cluster.is_slurm(place):
        return Machine("cuda", place, loading=given.loading)
    names = _gpus(given)
    trainings = min(given.cores, len(names) * max(1, given.gpu_jobs)) if names else given.cores
    return Machine("cuda" if names else "cpu", place, max(1, given.cores), max(1, trainings), given.loading)


def command(
    given: argparse.Namespace,
    grid: Grid,
    paths: Sequence[Path],
    evaluate: Sequence[Sequence[str]],
    target: str = "all",
) -> list[str]:
    """Return Snakemake's command line: after a kill, stale locks are ignored and half-made steps made again.

    Args:
        given: the command line of `python -m workflow`.
        grid: the experiments.
        paths: files of their plans.
        evaluate: of each experiment the keys of the runs to be evaluated.
        target: what to make.

    Returns:
        The words of the command.
    """
    place = profile(given.profile)
    remote = cluster.is_slurm(place)
    names = [] if remote else _gpus(given)
    # on a cluster and on a GPU each training is a job of its own
    train = [{} for _ in paths] if remote or names else training_batches(grid.plans, given.cores)
    together = zip(paths, train, batches(evaluate, given.cores, remote), strict=True)
    told = {
        "experiments": [{"plan": str(path), "trainings": some, "batches": keys} for path, some, keys in together],
        "root": str(Path.cwd()),
        "gpus": names,
        "gpu_jobs": given.gpu_jobs,
    }
    _forget_batches(grid)
    # in a file, since Snakemake reads a value of --config as YAML
    config = files.write_json(grid.home / steps.FOLDER / "config.json", told)
    words = [sys.executable, "-m", "snakemake", target, "--snakefile", str(_HERE / "Snakefile")]
    words += ["--configfile", str(config), "--profile", place]
    if remote:
        words += [] if given.plan else cluster.options(given.results, logs(grid))
    else:
        words += ["--cores", str(max(1, given.cores))]
        words += ["--resources", f"gpu={len(names) * max(1, given.gpu_jobs)}"] if names else []
    return words + (["--dry-run"] if given.plan else [])


def _forget_batches(grid: Grid) -> None:
    """Delete the flags of batches of an earlier start."""
    for plan in grid.plans:
        for step in ("train", "evaluate"):
            for flag in (Path(plan.folder) / steps.FOLDER).glob(f"{step}-*"):
                if flag.is_file():  # the folder of a dataset may be called so
                    flag.unlink()


def _gpus(given: argparse.Namespace) -> list[str]:
    return [name for name in given.gpus.split(",") if name] if given.gpus else gpus.visible()
