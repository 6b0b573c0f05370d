"""Evaluate several runs of a plan in one process, so that they share the start.

    python -m workflow.evaluate_runs --plan results/smoke/plan.json synthetic2d/closs/fold0-seed0 ...

Each run has its own notebook and its own kernel; a failure stops none of the others.
"""

import argparse
import json
import sys
from pathlib import Path

from runs import steps
from runs.plan import Job, read_plan
from workflow import places


def main(arguments: list[str] | None = None) -> int:
    """Run as a command.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status: 0, or that of a run that failed.
    """
    parser = argparse.ArgumentParser(prog="python -m workflow.evaluate_runs", description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", help="keys of runs (runs.steps.key)")
    parser.add_argument("--plan", type=Path, required=True, help="the plan's file")
    parser.add_argument("--flag", type=Path, help="file to write when all went well")
    given = parser.parse_args(arguments)
    plan = read_plan(given.plan)
    if plan is None:
        parser.error(f"there is no plan {given.plan}")
    jobs = {steps.key(job.folder): job for job in plan.jobs}
    flags = {run: steps.flag_of(jobs[run].folder, "evaluated") for run in given.runs}
    # an existing flag is from this start: the first attempt at the batch came this far
    to_do = [run for run in given.runs if not flags[run].exists()]
    status = max((_evaluate(jobs[run], flags[run], warm=len(to_do) > 1) for run in to_do), default=0)
    if status == 0 and given.flag:
        steps.write_flag(given.flag)
    return status


def _evaluate(job: Job, flag: Path, warm: bool) -> int:
    from workflow import run_notebook  # not above: each forked kernel imports this file once more

    command = [
        str(places.notebook("evaluate")),
        f"{job.folder}/evaluate.ipynb",
        "--lock",
        "--title",
        f"evaluate {job.title}",
    ]
    command += ["--json", json.dumps(job.evaluate), "--flag", str(flag)]
    return run_notebook.main(command + (["--warm"] if warm else []))


if __name__ == "__main__":
    sys.exit(main())
