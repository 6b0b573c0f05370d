"""python -m tables coverage: how often intervals cover the mean and the paired test errs, simulated."""

import argparse
from typing import Any

import pandas as pd


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: the result of `ArgumentParser.add_subparsers`.
    """
    parser = commands.add_parser("coverage", help="simulate how far intervals and tests can be trusted")
    parser.add_argument("--simulations", type=int, default=4000, help="of each row (default: 4000)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Simulate and print two Markdown tables.

    Args:
        options: the parsed command line.

    Returns:
        Exit status.

    Raises:
        ValueError: no simulations.
    """
    from tables import coverage

    if options.simulations < 1:
        raise ValueError(f"`--simulations` must be at least 1, got {options.simulations}")
    print("Share of 95 % intervals that cover the mean, %\n")
    print(_markdown(coverage.coverage(options.simulations)))
    print("\nShare of paired tests with p < 0.05 although the mean difference is 0, %\n")
    print(_markdown(coverage.rejections(options.simulations)))
    return 0


def _markdown(table: pd.DataFrame) -> str:
    from tables import markup

    texts = [[f"{value:.0f}" if isinstance(value, float) else str(value) for value in row]
             for row in table.itertuples(index=False)]  # fmt: skip
    rule = ["---:" if name == "n" or table[name].dtype == float else "---" for name in table.columns]
    return markup.markdown_table([list(table.columns), *texts], rule)
