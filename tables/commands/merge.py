"""python -m tables merge A B -o C: join the results of several machines."""

import argparse
from pathlib import Path
from typing import Any

from runs.merge import merge


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: the result of `ArgumentParser.add_subparsers`.
    """
    parser = commands.add_parser("merge", help="join results folders of several machines into a new one")
    parser.add_argument("folders", type=Path, nargs="+", help="results folders, such as results/")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the new results folder")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Merge the folders.

    Args:
        options: the parsed command line.

    Returns:
        Exit status.

    Raises:
        ValueError: the folders cannot be merged.
    """
    print(merge(options.folders, options.output))
    return 0
