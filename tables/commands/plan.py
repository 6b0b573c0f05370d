"""python -m tables plan PAPER: the runs that a paper's tables need, which exist, and how long the others take."""

import argparse
from typing import Any

from tabulate import tabulate

from tables.papers import duration, nnunet, planning, spec
from tables.papers.scale import describe


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: the result of `ArgumentParser.add_subparsers`.
    """
    parser = commands.add_parser("plan", help="list the runs that a paper's tables need, and how long they take")
    parser.add_argument("paper", help=f"one of {', '.join(spec.papers())}")
    parser.add_argument("--scale", type=float, default=1.0, help="in (0, 1]: the protocol made smaller (default: 1)")
    parser.add_argument("--results", default="results", help="folder that holds the experiments (default: results)")
    parser.add_argument("--runs", action="store_true", help="list every run, not only the numbers of runs")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the plan.

    Args:
        options: the parsed command line.

    Returns:
        Exit status.

    Raises:
        ValueError: no such paper, a wrong scale, or a spec that cannot be used.
    """
    plan = planning.plan(options.paper, options.results, options.scale)
    print(f"{plan.spec.title}: {len(plan.runs)} runs, {len(plan.existing)} done, {len(plan.missing)} missing")
    print(describe(plan.scale) or "Scale 1: the paper's protocol.")
    summary = planning.summary(plan)
    print("\n" + tabulate(summary.to_numpy().tolist(), headers=list(summary.columns)))
    never = planning.unfillable(plan)
    if never:
        reasons = "; ".join(f"{count}: {reason}" for reason, count in never.items())
        print(f"\n{sum(never.values())} of {len(plan.spec.published)} cells can never be filled here: {reasons}")
    seconds, known = plan.seconds()
    source = f"from the seconds per iteration of finished runs for {known} of {len(plan.possible)} runs"
    print(f"\ntime of the missing runs: {duration.spoken(seconds)} ({duration.HOW}; {source}, else a stated rate)")
    commands = nnunet.commands(plan)
    if commands:
        print("\nwith nnU-Net, whose time is not included (docs/nnunet.md):\n\n" + "\n".join(commands))
    if options.runs:
        print("\n" + "\n".join(f"{plan.folder(each)}: {plan.found[plan.folder(each)].state}" for each in plan.runs))
    return 0
