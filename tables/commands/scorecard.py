"""python -m tables scorecard RESULTS... -o FOLDER: which of the papers' claims hold in the existing runs."""

import argparse
from pathlib import Path
from typing import Any

from runs.files import write_atomic
from tables.claims import exchange, page, scorecard


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: the result of `ArgumentParser.add_subparsers`.
    """
    parser = commands.add_parser("scorecard", help="answer the papers' claims from the existing runs")
    parser.add_argument("sources", type=Path, nargs="+", help="experiments, results folders, or scorecard.json files")
    parser.add_argument("-o", "--output", type=Path, help="folder that gets scorecard.md and scorecard.json")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Answer the claims, print the page, and write it if requested.

    Args:
        options: the parsed command line.

    Returns:
        Exit status.

    Raises:
        ValueError: a source without runs, or an unreadable scorecard.
    """
    cards = [exchange.read(path) for path in options.sources if path.suffix == ".json"]
    folders = [path for path in options.sources if path.suffix != ".json"]
    cards += [scorecard.make(folders)] if folders else []
    answers = scorecard.merge(cards)  # of a single card: judged again, by the claims and rules of today
    print(page.markdown(answers), end="")
    if options.output:
        write_atomic(options.output / "scorecard.md", page.markdown(answers))
        write_atomic(options.output / "scorecard.json", exchange.as_json(answers))
    return 0
