"""python -m tables paper PAPER: a paper's tables and figures, published beside measured."""

import argparse
from typing import Any

from tables.papers import spec


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: the result of `ArgumentParser.add_subparsers`.
    """
    parser = commands.add_parser("paper", help="make a paper's tables, published numbers beside measured ones")
    parser.add_argument("paper", help=f"one of {', '.join(spec.papers())}")
    parser.add_argument("--results", default="results", help="folder that holds the experiments (default: results)")
    parser.add_argument("--scale", type=float, default=0.0, help="of the runs (default: the largest that exists)")
    parser.add_argument("--benchmark", default="", help="JSON file of the training-step benchmark")
    parser.add_argument("--counts", default="", help="JSON file of the networks' parameter counts")
    parser.add_argument("--folder", default="", help="gets the files (default: <results>/<paper>/paper)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the tables and print their paths.

    Args:
        options: the parsed command line.

    Returns:
        Exit status.

    Raises:
        ValueError: no such paper, a wrong scale, or a file that cannot be read.
    """
    from tables.papers import report

    paper = report.collect(
        options.paper, options.results, options.scale, options.benchmark, options.counts, options.folder
    )
    print(report.overview(paper).drop(columns="most often").to_string())
    print("\n" + "\n".join(str(path) for path in report.render(paper) + report.figures(paper)))
    return 0
