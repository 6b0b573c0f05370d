"""Train, or evaluate, several runs of a plan in one process, so that they share the start.

    python -m workflow.together evaluate --plan results/smoke/plan.json synthetic2d/closs/fold0-seed0 ...

Each run has its own notebook and its own kernel; a failure stops none of the others.
"""

import argparse
import json
import sys
from pathlib import Path

from runs import steps
from runs.plan import Job, read_plan
from workflow import places

_DONE = {"train": "trained", "evaluate": "evaluated"}  # the flag of each step


def main(arguments: list[str] | None = None) -> int:
    """Run as a command.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status: 0, or that of a run that failed.
    """
    parser = argparse.ArgumentParser(prog="python -m workflow.together", description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=list(_DONE), help="what to do")
    parser.add_argument("runs", nargs="+", help="keys of runs (runs.steps.key)")
    parser.add_argument("--plan", type=Path, required=True, help="the plan's file")
    parser.add_argument("--flag", type=Path, help="file to write when all went well")
    given = parser.parse_args(arguments)
    plan = read_plan(given.plan)
    if plan is None:
        parser.error(f"there is no plan {given.plan}")
    jobs = {steps.key(job.folder): job for job in plan.jobs}
    flags = {run: steps.flag_of(jobs[run].folder, _DONE[given.step]) for run in given.runs}
    # an existing flag is from this start: the first attempt at the batch came this far
    to_do = [run for run in given.runs if not flags[run].exists()]
    status = max((_run(given.step, jobs[run], flags[run], warm=len(to_do) > 1) for run in to_do), default=0)
    if status == 0 and given.flag:
        steps.write_flag(given.flag)
    return status


def _run(step: str, job: Job, flag: Path, warm: bool) -> int:
    from workflow import run_notebook  # not above: each forked kernel imports this file once more

    command = [str(places.notebook(step)), f"{job.folder}/{step}.ipynb", "--lock", "--title", f"{step} {job.title}"]
    command += ["--json", json.dumps(job.train if step == "train" else job.evaluate), "--flag", str(flag)]
    command += ["--record", job.folder] if step == "train" else []
    return run_notebook.main(command + (["--warm", f"workflow.warm_imports.{step}"] if warm else []))


if __name__ == "__main__":
    sys.exit(main())
