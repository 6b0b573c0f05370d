"""Run an experiment from start to table: see `workflow.command`.

python -m workflow smoke
"""

import sys

from workflow.interrupts import leave_at_once


def main(arguments: list[str] | None = None) -> int:
    """Run as a command.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status, see `workflow.command.main`.
    """
    with leave_at_once():
        from workflow.command import main as run  # libraries that take seconds to load

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
