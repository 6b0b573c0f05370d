"""python -m tables publish EXPERIMENT -o FOLDER: tables, figures, scorecard and provenance in small files."""

import argparse
from pathlib import Path
from typing import Any

from tables.experiment.publish import LIMIT, publish


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: the result of `ArgumentParser.add_subparsers`.
    """
    parser = commands.add_parser("publish", help="keep an experiment's tables, figures, scorecard and provenance")
    parser.add_argument("experiment", type=Path, help="the experiment's folder, such as results/desk")
    most = f"{LIMIT / 2**20:.0f} MB at most"
    parser.add_argument("-o", "--output", type=Path, required=True, help=f"folder that gets it, {most}")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Publish the experiment.

    Args:
        options: the parsed command line.

    Returns:
        Exit status.

    Raises:
        ValueError: nothing to publish, or too much.
    """
    print("\n".join(str(path) for path in publish(options.experiment, options.output)))
    return 0
