"""Measure what an experiment needs beyond its single runs: ensembles of folds, closings, other adjacencies.

    python -m evaluation results/smoke

Existing measurements are not repeated.
"""

import argparse
import sys
from pathlib import Path

from evaluation.steps import measure, measure_experiment
from runs.plan import read_plan
from runs.steps import write_flag


def main(arguments: list[str] | None = None) -> int:
    """Run as a command.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status: 0, or 1 if something could not be measured.
    """
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__.splitlines()[0])
    parser.add_argument("experiment", type=Path, help="the experiment's folder, such as results/smoke")
    parser.add_argument("--plan", type=Path, help="the plan's file (default: plan.json in the experiment's folder)")
    parser.add_argument("--step", type=int, help="number of one step of the plan (default: all)")
    parser.add_argument("--flag", type=Path, help="file to write on success")
    given = parser.parse_args(arguments)
    try:
        if given.step is None:
            paths = measure_experiment(given.experiment)
        else:
            plan = read_plan(given.plan or given.experiment)
            if plan is None:
                raise ValueError(f"{given.experiment} has no plan, and so no step {given.step}")
            paths = measure(plan.measurements[given.step], given.experiment.parent)
    except (ValueError, OSError) as error:
        print(f"failed: measure {given.experiment}: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
        return 1
    if given.flag:
        write_flag(given.flag)
    print(f"done: measure {given.experiment}: {len(paths)} files", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
