"""python -m tables index [RESULTS]: what has been run, and which loss is best on each dataset."""

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: the result of `ArgumentParser.add_subparsers`.
    """
    parser = commands.add_parser("index", help="write the page of what has been run, with each dataset's best loss")
    parser.add_argument("results", type=Path, nargs="?", default=Path("results"), help="folder (default: results)")
    parser.add_argument("-o", "--output", type=Path, help="HTML file (default: index.html in the folder)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the page and print its path.

    Args:
        options: the parsed command line.

    Returns:
        Exit status.

    Raises:
        ValueError: no such folder.
    """
    from tables.index import page

    if not options.results.is_dir():
        raise ValueError(f"{options.results} is no folder: make reproduce makes results/, or name another one")
    print(page.write(options.results, options.output or ""))
    return 0
