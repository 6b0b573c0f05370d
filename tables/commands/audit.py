"""python -m tables audit [CSV ...]: what cannot be right in published numbers."""

import argparse
import sys
from pathlib import Path
from typing import Any

from runs.files import write_atomic
from tables.audits import audit


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: what `ArgumentParser.add_subparsers` gave.
    """
    parser = commands.add_parser(
        "audit", help="look for what cannot be right in published numbers, the papers' or yours"
    )
    parser.add_argument("files", type=Path, nargs="*", help="CSV files, one row a number (default: the papers')")
    parser.add_argument("-o", "--output", type=Path, help="folder that gets audit.md and audit.json")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Audit, print, and write where asked to.

    Args:
        options: the parsed command line.

    Returns:
        Exit status: 0, or 1 when something could not be read or checked. Findings are no failure.
    """
    found, problems = audit.audit(options.files)
    print(audit.markdown(found, problems), end="")
    if options.output:
        write_atomic(options.output / "audit.md", audit.markdown(found, problems))
        write_atomic(options.output / "audit.json", audit.as_json(found, problems))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0
