"""Run an experiment from start to table.

    python -m workflow smoke
    python -m workflow topomortar --data ../shared/data --quick
    python -m workflow contextloss --data ../shared/data --scale 0.01

Checks the experiment file, writes the plan, lets Snakemake run what is not there yet, and prints the table. After an
interruption the same command goes on where it stopped.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from runs import plan as plan_file
from runs import repeat
from runs.plan import ExperimentPlan
from workflow import done, papers, tuning
from workflow import plan as plans
from workflow.experiment import ExperimentError, load, names
from workflow.import_check import check_rooms
from workflow.interrupts import INTERRUPTED, leave_at_once
from workflow.jobs import engine, follow, forecast, remote
from workflow.jobs.cluster import ClusterError
from workflow.jobs.grid import Grid
from workflow.jobs.head import head
from workflow.places import module, notebook
from workflow.tuning import Rounds


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
        # a paper may have an experiment of its name, whose small variant is what --quick runs
        as_paper = given.experiment in papers.names() and not (given.quick and given.experiment in names())
        return _run_paper(given) if as_paper else _run_experiment(given)
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
    with leave_at_once():
        experiment = load(given.experiment, given.quick, tuple(given.set), f"{given.results}/data")
        rounds = tuning.make_rounds(experiment, given.results, given.data, lambda plan: _as_asked(plan, given))
        plan = plans.make(experiment, given.results, given.data)
        plan = plan if rounds else _as_asked(plan, given)
    given.loading = time.monotonic() - start
    _announce([plan], plan.skipped)
    for line in tuning.describe(rounds, plan) if rounds else ():
        print(line, flush=True)
    if given.plan:
        return _dry_run(given, _as_grid(plan)) if rounds is None else _dry_run_tuned(given, rounds, plan)
    with head(given.results, engine.profile(given.profile)):
        if rounds:
            if _try(given, rounds):
                return 1
            plan = _as_asked(_with_choices(given, rounds), given)
        status = _make(given, _as_grid(plan), rounds=rounds)
        if status:
            _render(plan)
        return _conclude(plan, status)


def _as_grid(plan: ExperimentPlan) -> Grid:
    return Grid([plan], Path(plan.folder))


def _try(given: argparse.Namespace, rounds: Rounds) -> int:
    """Run the trials that are not finished; return 1 when some failed."""
    grid = Grid(rounds.plans, Path(rounds.start.folder))
    if not given.force and not any([done.refresh(plan).missing for plan in grid.plans]):
        return 0
    if not _make(given, grid, start_file=rounds.start_file):
        return 0
    for line in follow.failures(grid):
        print(f"failed: {line}", file=sys.stderr)
    print("nothing can be chosen before all trials are finished", file=sys.stderr)
    return 1


def _with_choices(given: argparse.Namespace, rounds: Rounds) -> ExperimentPlan:
    """Choose values, say which, and return the plan with them."""
    found = tuning.choose(rounds)
    for choice in found.choices:
        values = ", ".join(f"{name}={value}" for name, value in choice.values.items())
        print(f"chosen: {choice.entry} on {choice.dataset}: {values}", flush=True)
    values_by_place = tuning.values_of(rounds.experiment, found)
    return plans.make(rounds.experiment, given.results, given.data, values_by_place)


def _dry_run_tuned(given: argparse.Namespace, rounds: Rounds, plan: ExperimentPlan) -> int:
    """Say what would run of a tuned experiment: of its trials, and of the rest once these are finished."""
    if not any([done.refresh(part).missing for part in rounds.plans]):
        return _dry_run(given, _as_grid(_as_asked(_with_choices(given, rounds), given)))
    grid = Grid([plan, *rounds.trials], Path(plan.folder))
    missing = sum(len(done.refresh(part).missing) for part in grid.plans)
    print("\n".join(forecast.lines(grid, missing, engine.machine(given))), flush=True)
    return 0


def _run_paper(given: argparse.Namespace) -> int:
    """Run all experiments of a paper in one graph, and make its tables of what is there then."""
    start, size = time.monotonic(), 1.0 if given.scale is None else given.scale
    if given.quick or given.set:
        raise ExperimentError(f"{given.experiment} is a paper: use --scale in place of --quick and --set")
    try:
        with leave_at_once():
            made, left_out = papers.make(given.experiment, given.results, given.data, size)
            made = [_as_asked(plan, given) for plan in made]
    except ValueError as error:
        raise ExperimentError(str(error)) from error
    given.loading = time.monotonic() - start
    _announce(made, left_out)
    grid = Grid(made, papers.home(given.experiment, given.results, size))
    if not made:
        print(f"nothing of {given.experiment} can be run: none of its datasets is available", file=sys.stderr)
    if given.plan:
        return _dry_run(given, grid) if made else 1
    with head(given.results, engine.profile(given.profile)):
        status = _make(given, grid) if made else 1
        missing = [line for plan in made for line in done.lines(done.refresh(plan).missing)]
        failed = (follow.failures(grid) if status else []) or missing
        _make_paper_tables(given.experiment, given.results, size)
    for failure in failed:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if status or failed else 0


def _announce(made: Sequence[ExperimentPlan], left_out: Mapping[str, str]) -> None:
    for plan in made:
        print(f"{plan.title}: {len(plan.jobs)} runs on {', '.join(plan.datasets)}\nresults: {plan.folder}")
    for what, reason in left_out.items():
        print(f"left out: {what}: {reason}")
    sys.stdout.flush()


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


def _make(given: argparse.Namespace, grid: Grid, start_file: Path | None = None, rounds: Rounds | None = None) -> int:
    """Write the plans, say what has to be repeated and how long it takes, and let Snakemake run what is not done.

    Args:
        given: the command line.
        grid: the experiments.
        start_file: of the first plan; None: plan.json in its folder.
        rounds: finished trials, whose trainings are taken over where the plan has the same.

    Returns:
        Snakemake's exit status.
    """
    files = [plan_file.write_plan(plan, None if number else start_file) for number, plan in enumerate(grid.plans)]
    if given.force:
        repeat.forget_weights(job.folder for plan in grid.plans for job in plan.jobs)
    if rounds and (taken := tuning.take_over(rounds, grid.plans[0], done.refresh(grid.plans[0]).missing)):
        print(f"{taken} trainings are taken over from trials", flush=True)
    progress = [done.refresh(plan) for plan in grid.plans]
    for line in (line for each in progress for line in done.lines(each.again)):
        print(f"again: {line}", flush=True)
    missing = sum(len(each.missing) for each in progress)
    if missing:
        print("\n".join(forecast.lines(grid, missing, engine.machine(given))), flush=True)
    logs = remote.JobLogs(engine.logs(grid))
    status = follow.follow(engine.command(given, grid, files, grid.unevaluated()), grid.home, missing, logs)
    for plan in filter(done.has_tables, grid.plans):
        done.note_tables(plan)
    rest = grid.unevaluated(trained=True) if status else []
    if any(rest):  # they shared a job with one whose training failed
        number = sum(map(len, rest))
        print(f"{number} evaluations are left that can be done", flush=True)
        follow.follow(engine.command(given, grid, files, rest, "evaluations"), grid.home, number, logs)
    return status


def _dry_run(given: argparse.Namespace, grid: Grid) -> int:
    """Say what would run. A plan that is there already stays: results are compared with it."""
    for plan in grid.plans:
        if not plan_file.exists(plan.folder):
            plan_file.write_plan(plan)
    with tempfile.TemporaryDirectory() as folder:
        names = [f"{number}-{plan_file.NAME}" for number in range(len(grid.plans))]
        files = [plan_file.write_plan(plan, Path(folder) / name) for plan, name in zip(grid.plans, names, strict=True)]
        missing = sum(len(done.refresh(plan).missing) for plan in grid.plans)
        print("\n".join(forecast.lines(grid, missing, engine.machine(given))), flush=True)
        return follow.follow(engine.command(given, grid, files, grid.unevaluated()), grid.home)


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
    from tables.experiment import tuning as tried
    from tables.index import page

    try:
        results = collect(plan.folder)
        print("\n" + "\n\n".join(filter(None, [render.terminal(results), tried.terminal(results)])))
    except ValueError as error:
        print(error, file=sys.stderr)
    print(f"\ntables:    {plan.folder}/tables\nfigures:   {plan.folder}/figures, and figures/ of each run")
    print(f"notebooks: {plan.folder}/tables.ipynb, and train.ipynb and evaluate.ipynb of each run")
    print(f"index:     {page.write(plan.results)}, of all experiments")
    missing = done.refresh(plan).missing
    if status or missing:
        how = f" (Snakemake was killed by signal {_signal(status)})" if status > 128 else ""
        print(f"\nSome steps failed or are missing{how}; the same command tries them again:", file=sys.stderr)
        for line in follow.failures(Grid([plan], Path(plan.folder))) or done.lines(missing):
            print(f"  {line}", file=sys.stderr)
    return 1 if status or missing else 0


def _signal(status: int) -> str:
    try:
        return signal.Signals(status - 128).name
    except ValueError:
        return str(status - 128)
