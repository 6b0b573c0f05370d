"""python -m tables audit [CSV ...]: contradictions in published numbers."""

import argparse
import sys
from pathlib import Path
from typing import Any

from runs.files import write_atomic
from tables.audits import audit


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: the result of `ArgumentParser.add_subparsers`.
    """
    parser = commands.add_parser("audit", help="look for contradictions in published numbers, the papers' or yours")
    parser.add_argument("files", type=Path, nargs="*", help="CSV files, one row per number (default: the papers')")
    parser.add_argument("-o", "--output", type=Path, help="folder that gets audit.md and audit.json")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Audit, print, and write the findings if requested.

    Args:
        options: the parsed command line.

    Returns:
        Exit status: 0, or 1 if something could not be read or checked. Findings are not failures.
    """
    found, problems = audit.audit(options.files)
    print(audit.markdown(found, problems), end="")
    if options.output:
        write_atomic(options.output / "audit.md", audit.markdown(found, problems))
        write_atomic(options.output / "audit.json", audit.as_json(found, problems))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0
