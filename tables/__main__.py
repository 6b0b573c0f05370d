"""Command line: python -m tables COMMAND; each file of tables/commands is one."""

import argparse
import importlib
import pkgutil
import sys

from tables import commands


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status: that of the command, or 2 with the reason on standard error when it cannot be run.
    """
    parser = argparse.ArgumentParser(prog="python -m tables", description="Make tables from runs, and check tables.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda found: found.name):
        importlib.import_module(f"{commands.__name__}.{module.name}").add(subparsers)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError) as error:  # results that cannot be read, or a folder that cannot be written
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
