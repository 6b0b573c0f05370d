"""python -m tables render FOLDER: an experiment's tables from its runs' files."""

import argparse
from pathlib import Path
from typing import Any

from tables.experiment import latex, saved_figures
from tables.experiment import render as rendering
from tables.sources import undisturbed


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: the result of `ArgumentParser.add_subparsers`.
    """
    parser = commands.add_parser("render", help="make an experiment's tables from its runs' files")
    parser.add_argument("folder", type=Path, help="the experiment's folder, such as results/smoke")
    parser.add_argument("--columns", nargs="+", default=[], metavar="NAME",
                        help="of the LaTeX tables: slugs of metrics, seconds, memory (default: all)")  # fmt: skip
    parser.add_argument("--style", choices=latex.STYLES, default=latex.FULL,
                        help="of the LaTeX tables' cells; all but full are short (default: full)")  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Render the tables and print them.

    Args:
        options: the parsed command line.

    Returns:
        Exit status.

    Raises:
        ValueError: there is nothing to render, it is broken, or there is no such column.
    """
    with undisturbed(options.folder) as results:
        print(rendering.terminal(results))
        tables = rendering.render(results, options.columns, options.style)
        written = [*tables, *saved_figures.advice(results), *saved_figures.stability(results)]
    print("\n" + "\n".join(map(str, written)))
    return 0
