"""Run an experiment from start to table.

    python -m workflow smoke
    python -m workflow topomortar --data ../shared/data --quick
    python -m workflow contextloss --data ../shared/data --scale 0.01

Checks the experiment file, writes the plan, lets Snakemake run what is not there yet, and prints the table. After an
interruption the same command goes on where it stopped.
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from runs import plan as plan_file
from runs import repeat
from runs.plan import ExperimentPlan
from workflow import cluster, done, engine, follow, how_long, papers, remote
from workflow import plan as plans
from workflow.cluster import ClusterError
from workflow.experiment import ExperimentError, load, names
from workflow.head import head
from workflow.import_check import check_rooms
from workflow.places import module, notebook

INTERRUPTED = 130  # exit status after Ctrl-C


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {module('workflow')}", description=__doc__.splitlines()[0])
    parser.add_argument(
        "experiment",
        help=f"one of {', '.join(names())}; a paper's tables: {', '.join(papers.names())}; the path of a .yaml file",
    )
    parser.add_argument("--data", default="", help="folder that holds the official files of the datasets")
    parser.add_argument("--results", default="results", help="folder that gets everything (default: results)")
    parser.add_argument("--quick", action="store_true", help="the experiment's small variant")
    parser.add_argument("--scale", type=float, help="of a paper: its protocol made smaller, in (0, 1] (default: 1)")
    parser.add_argument("--cores", type=int, default=_cores(), help="jobs at a time, one thread each (default: all)")
    parser.add_argument("--gpus", default="", help="this machine's GPUs to use, such as 0,1 (default: all)")
    parser.add_argument("--gpu-jobs", type=int, default=1, help="trainings at a time on each of them (default: 1)")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY.KEY=VALUE", help="overrides")
    parser.add_argument("--profile", default="local", help="local, slurm, or the path of a Snakemake profile")
    parser.add_argument("--any-code", action="store_true", help="let runs count that another state of the code made")
    parser.add_argument("--overwrite", action="store_true", help="replace finished runs that have other parameters")
    parser.add_argument("--log", choices=["tensorboard"], help="also write each training's history as event files")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--force", action="store_true", help="make all runs again, the finished ones, too")
    only.add_argument("--plan", action="store_true", help="only check, and say what would run")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run as a command.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status: 0, 1 when something failed or is missing, 2 when the experiment was refused, 130 after Ctrl-C.
    """
    given = _arguments().parse_args(arguments)
    try:
        check_rooms()
        return _run_paper(given) if given.experiment in papers.names() else _run_experiment(given)
    except (ExperimentError, ImportError, ClusterError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{given.results} cannot be used: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        without = " without --force" if given.force else ""
        print(f"interrupted; the same command{without} goes on where it was", file=sys.stderr)
        return INTERRUPTED


def _run_experiment(given: argparse.Namespace) -> int:
    if given.scale is not None:
        raise ExperimentError(f"--scale is for a paper's tables ({', '.join(papers.names())})")
    start = time.monotonic()
    experiment = load(given.experiment, given.quick, tuple(given.set), f"{given.results}/data")
    plan = _as_asked(plans.make(experiment, given.results, given.data), given)
    given.loading = time.monotonic() - start
    print(f"{plan.title}: {len(plan.jobs)} runs on {', '.join(plan.datasets)}")
    print(f"results: {plan.folder}", flush=True)
    for slug, reason in plan.skipped.items():
        print(f"left out: {slug}: {reason}", flush=True)
    if given.plan:
        return _dry_run(given, plan)
    with head(given.results, engine.profile(given.profile)):
        status = _make(given, plan)
        if status:
            _render(plan)
        return _conclude(plan, status)


def _run_paper(given: argparse.Namespace) -> int:
    """Run all experiments of a paper, one after the other, and make its tables of what is there then."""
    start, size = time.monotonic(), 1.0 if given.scale is None else given.scale
    if given.quick or given.set:
        raise ExperimentError(f"{given.experiment} is a paper: use --scale in place of --quick and --set")
    try:
        made, left_out = papers.make(given.experiment, given.results, given.data, size)
    except ValueError as error:
        raise ExperimentError(str(error)) from error
    given.loading = time.monotonic() - start
    for what, reason in left_out.items():
        print(f"left out: {what}: {reason}", flush=True)
    if not made:
        print(f"nothing of {given.experiment} can be run: no dataset of its tables is at hand", file=sys.stderr)
    with contextlib.nullcontext() if given.plan else head(given.results, engine.profile(given.profile)):
        failed = [line for plan in made for line in _run_part(given, _as_asked(plan, given))]
        if not given.plan:
            _make_paper_tables(given.experiment, given.results, size)
    for failure in failed:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failed or not made else 0


def _run_part(given: argparse.Namespace, plan: ExperimentPlan) -> list[str]:
    """Run one experiment of a paper; return what failed or is missing."""
    print(f"{plan.title}: {len(plan.jobs)} runs on {', '.join(plan.datasets)}\nresults: {plan.folder}", flush=True)
    awaited = papers.awaited(plan)
    if given.plan and awaited:
        print(f"starts from {len(awaited)} pretrainings of another experiment, which has to run before")
        return []
    status = _dry_run(given, plan) if given.plan else _make(given, plan)
    if status:
        return follow.failures(plan) or [plan.folder]
    return [] if given.plan else list(done.lines(done.refresh(plan).missing))


def _as_asked(plan: ExperimentPlan, given: argparse.Namespace) -> ExperimentPlan:
    """Leave the state of the code out of the plan where any is to do; refuse to replace what has other parameters."""
    jobs = plan.jobs
    if given.any_code:
        jobs = [replace(job, sources="", measuring_sources="") for job in jobs]
    if given.overwrite or given.force:
        jobs = [replace(job, train=job.train | {"overwrite": True}) for job in jobs]
    if given.log:
        jobs = [replace(job, train=job.train | {"log": given.log}) for job in jobs]
    problems = plans.finished_otherwise(jobs)
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        how = "--overwrite makes these runs again; an experiment file of another name keeps both"
        raise ExperimentError(f"finished runs of {plan.folder} were made with other parameters:\n{lines}\n{how}")
    return replace(plan, jobs=jobs)


def _make(given: argparse.Namespace, plan: ExperimentPlan) -> int:
    """Write the plan, say what has to be repeated, and let Snakemake run what is not done."""
    path = plan_file.write_plan(plan)
    if given.force:
        repeat.forget_weights(job.folder for job in plan.jobs)
    progress = done.refresh(plan)
    for line in done.lines(progress.again):
        print(f"again: {line}", flush=True)
    if progress.missing and not cluster.is_slurm(engine.profile(given.profile)):
        seconds = how_long.estimate(plan, progress.missing, given.loading, given.cores)
        print(how_long.line(seconds, given.cores), flush=True)
    folder, logs = Path(plan.folder), remote.JobLogs(engine.logs(plan))
    command = engine.command(given, plan, path, engine.unevaluated(plan))
    status = follow.follow(command, folder, len(done.refresh(plan).missing), logs)
    if status == 0:
        done.note_tables(plan)
    elif rest := engine.unevaluated(plan, trained=True):  # they shared a job with one whose training failed
        print(f"{len(rest)} evaluations are left that can be done", flush=True)
        follow.follow(engine.command(given, plan, path, rest, "evaluations"), folder, len(rest), logs)
    return status


def _dry_run(given: argparse.Namespace, plan: ExperimentPlan) -> int:
    """Say what would run. A plan that is there already stays: results are compared with it."""
    if not plan_file.exists(plan.folder):
        plan_file.write_plan(plan)
    with tempfile.TemporaryDirectory() as folder:
        path = plan_file.write_plan(plan, Path(folder) / plan_file.NAME)
        done.refresh(plan)
        print("\n".join(engine.forecast(given, plan)), flush=True)
        return follow.follow(engine.command(given, plan, path, engine.unevaluated(plan)), Path(plan.folder))


def _make_paper_tables(paper: str, results: str, size: float) -> None:
    from tables.index import page
    from tables.papers import report
    from workflow.run_notebook import main as run_notebook

    folder = report.default_folder(results, paper, size)
    output = f"{folder}/tables_{paper}.ipynb"
    run_notebook([str(notebook(f"tables_{paper}")), output, "-p", "results", results, "-p", "scale", str(size)])
    print(f"\ntables:    {folder}\nnotebook:  {output}\nindex:     {page.write(results)}")


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _render(plan: ExperimentPlan) -> None:
    """Make the tables of what is there although jobs failed: Snakemake makes them only when all have succeeded."""
    from evaluation.steps import measure_experiment
    from workflow.run_notebook import main as run_notebook

    try:
        measure_experiment(plan.folder)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
    run_notebook([str(notebook("tables")), f"{plan.folder}/tables.ipynb", "-p", "experiment", plan.folder])


def _conclude(plan: ExperimentPlan, status: int) -> int:
    """Print the table, what failed or is missing, and where everything lies; return the exit status."""
    from runs.results import collect
    from tables.experiment import render
    from tables.index import page

    try:
        print(f"\n{render.terminal(collect(plan.folder))}")
    except ValueError as error:
        print(error, file=sys.stderr)
    print(f"\ntables:    {plan.folder}/tables\nfigures:   {plan.folder}/figures, and figures/ of each run")
    print(f"notebooks: {plan.folder}/tables.ipynb, and train.ipynb and evaluate.ipynb of each run")
    print(f"index:     {page.write(plan.results)}, of all experiments")
    missing = done.refresh(plan).missing
    if status or missing:
        how = f" (Snakemake was killed by signal {_signal(status)})" if status > 128 else ""
        print(f"\nSome steps failed or are missing{how}; the same command tries them again:", file=sys.stderr)
        for line in follow.failures(plan) or done.lines(missing):
            print(f"  {line}", file=sys.stderr)
    return 1 if status or missing else 0


def _signal(status: int) -> str:
    try:
        return signal.Signals(status - 128).name
    except ValueError:
        return str(status - 128)


if __name__ == "__main__":
    sys.exit(main())
