"""Run an experiment from start to table.

    python -m workflow smoke
    python -m workflow topomortar --data ../shared/data --quick
    python -m workflow contextloss --data ../shared/data --scale 0.01

Checks the experiment file, writes the plan, lets Snakemake run what is not there yet, and prints the table. After an
interruption the same command goes on where it stopped.
"""

import argparse
import os
import sys
from pathlib import Path

from workflow import follow, papers
from workflow import plan as plans
from workflow.experiment import Experiment, ExperimentError, load, names
from workflow.import_check import check_rooms

_HERE = Path(__file__).parent


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workflow", description=__doc__.splitlines()[0])
    parser.add_argument(
        "experiment",
        help=f"one of {', '.join(names())}; a paper's tables: {', '.join(papers.names())}; the path of a .yaml file",
    )
    parser.add_argument("--data", default="", help="folder that holds the official files of the datasets")
    parser.add_argument("--results", default="results", help="folder that gets everything (default: results)")
    parser.add_argument("--quick", action="store_true", help="the experiment's small variant")
    parser.add_argument("--scale", type=float, help="of a paper: its protocol made smaller, in (0, 1] (default: 1)")
    parser.add_argument("--cores", type=int, default=_cores(), help="jobs at a time, one thread each (default: all)")
    parser.add_argument("--gpu-jobs", type=int, default=1, help="trainings at a time where there is a GPU (default: 1)")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY.KEY=VALUE", help="overrides")
    parser.add_argument("--profile", default="local", help="local, slurm, or the path of a Snakemake profile")
    parser.add_argument("--plan", action="store_true", help="only check, write the plan and say what would run")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run as a command.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status: 0, 1 when a job failed, 2 when the experiment was refused.
    """
    given = _arguments().parse_args(arguments)
    if given.experiment in papers.names():
        return _run_paper(given)
    try:
        check_rooms()
        if given.scale is not None:
            raise ExperimentError(f"--scale is for a paper's tables ({', '.join(papers.names())})")
        experiment = load(given.experiment, given.quick, tuple(given.set), f"{given.results}/data")
        plan = plans.make(experiment, given.results, given.data)
    except (ExperimentError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    path = plans.write(plan)
    _announce(experiment, plan)
    status = follow.follow(_command(given, path), Path(plan["folder"]))
    if given.plan:
        return status
    if status:
        _render(plan)
    _conclude(plan, status)
    return 1 if status else 0


def _run_paper(given: argparse.Namespace) -> int:
    """Run all experiments of a paper, one after the other, and make its tables of what is there then."""
    size = 1.0 if given.scale is None else given.scale
    try:
        check_rooms()
        if given.quick or given.set:
            raise ExperimentError(f"{given.experiment} is a paper: use --scale in place of --quick and --set")
        made, left_out = papers.make(given.experiment, given.results, given.data, size)
    except (ValueError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    for what, reason in left_out.items():
        print(f"left out: {what}: {reason}", flush=True)
    if not made:
        print(f"nothing of {given.experiment} can be run: no dataset of its tables is at hand", file=sys.stderr)
    failed = []
    for plan in made:
        path = plans.write(plan)
        print(f"{plan['title']}: {len(plan['jobs'])} runs on {', '.join(plan['datasets'])}\nresults: {plan['folder']}")
        awaited = papers.awaited(plan)
        if given.plan and awaited:
            print(f"starts from {len(awaited)} pretrainings of another experiment, which has to run before")
            continue
        if follow.follow(_command(given, path), Path(plan["folder"])):
            failed += follow.failures(Path(plan["folder"])) or [plan["folder"]]
    if not given.plan:
        _make_paper_tables(given.experiment, given.results, size)
    for failure in failed:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failed or not made else 0


def _make_paper_tables(paper: str, results: str, size: float) -> None:
    from tables.papers import report
    from workflow.run_notebook import main as run_notebook

    folder = report.default_folder(results, paper, size)
    output = f"{folder}/tables_{paper}.ipynb"
    run_notebook([f"notebooks/tables_{paper}.ipynb", output, "-p", "results", results, "-p", "scale", str(size)])
    print(f"\ntables:    {folder}\nnotebook:  {output}")


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _announce(experiment: Experiment, plan: dict) -> None:
    print(f"{plan['title']}: {len(plan['jobs'])} runs on {', '.join(experiment.datasets)}")
    print(f"results: {plan['folder']}", flush=True)
    for slug, reason in plan["skipped"].items():
        print(f"left out: {slug}: {reason}", flush=True)


def _command(given: argparse.Namespace, plan: Path) -> list[str]:
    """Return Snakemake's command line: after a kill, stale locks are ignored and half-made steps made again."""
    profile = _HERE / "profiles" / given.profile
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(_HERE / "Snakefile"), "--config", f"plan={plan}"]
    command += ["--profile", str(profile if profile.is_dir() else given.profile), "--cores", str(max(1, given.cores))]
    command += ["--resources", f"gpu={given.gpu_jobs}"] if _has_gpu() else []
    return command + (["--dry-run"] if given.plan else [])


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _render(plan: dict) -> None:
    """Make the tables of what is there although jobs failed: Snakemake makes them only when all have succeeded."""
    from workflow.run_notebook import main as run_notebook

    folder = plan["folder"]
    run_notebook(["notebooks/tables.ipynb", f"{folder}/tables.ipynb", "-p", "experiment", folder])


def _conclude(plan: dict, status: int) -> None:
    """Print the table, what failed, and where everything lies."""
    from runs.results import collect
    from tables.experiment import render

    folder = Path(plan["folder"])
    try:
        print(f"\n{render.terminal(collect(folder))}")
    except ValueError as error:
        print(error, file=sys.stderr)
    print(f"\ntables:    {folder}/tables\nfigures:   {folder}/figures, and figures/ of each run")
    print(f"notebooks: {folder}/tables.ipynb, and train.ipynb and evaluate.ipynb of each run")
    if status:
        print("\nSome steps failed; the same command tries them again:", file=sys.stderr)
        for failure in follow.failures(folder):
            print(f"  {failure}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
