"""Render an experiment's tables from its runs' files: python -m tables render results/smoke."""

import argparse
import sys
from pathlib import Path

from tables import aggregate, render


def main(arguments: list[str] | None = None) -> int:
    """Run as a command.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status: 0, 2 when the tables cannot be made.
    """
    parser = argparse.ArgumentParser(prog="python -m tables", description=__doc__)
    parser.add_argument("command", choices=["render"], help="what to do")
    parser.add_argument("folder", type=Path, help="the experiment's folder, such as results/smoke")
    given = parser.parse_args(arguments)
    try:
        results = aggregate.collect(given.folder)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(render.terminal(results))
    print("\n" + "\n".join(str(path) for path in render.render(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
