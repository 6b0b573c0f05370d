"""python -m metrics score PREDICTIONS GROUND_TRUTH: the command line of scoring."""

import argparse
import sys
from pathlib import Path
from typing import Any

from evaluation.scoring import presets
from evaluation.scoring.problems import ScoringError
from evaluation.scoring.score import Request, score
from tables.scores import figure, render, results

_MANUAL = """\
Masks are PNG, TIFF or NIfTI; files of equal names belong together. The ground truth may be a dataset's folder in
nnU-Net's layout (labelsTs or labelsTr, dataset.json with classes, regions and ignore label). Spacing comes from the
file. Repeat an interrupted command to continue it."""


def add(commands: Any) -> None:
    """Declare the command.

    Args:
        commands: the result of `ArgumentParser.add_subparsers`.
    """
    parser = commands.add_parser(
        "score", help="score folders of predictions against their ground truth", epilog=_MANUAL
    )
    parser.add_argument("predictions", type=Path, help="folder of masks")
    parser.add_argument("ground_truth", type=Path, help="folder of masks, or of an nnU-Net dataset")
    parser.add_argument("--compare", type=Path, nargs="+", default=[], metavar="OTHER", help="further predictions")
    parser.add_argument("-o", "--output", type=Path, default=Path("scores"), help="gets the results (default: scores)")
    parser.add_argument("--preset", default="", help=f"a challenge's or paper's metrics: {', '.join(presets.names())}")
    parser.add_argument("--metrics", nargs="+", default=[], help="such as: dice nsd,tolerance=2 (or: all)")
    parser.add_argument(
        "--adjacency", type=int, help="of the foreground: 8 or 4 in 2D, 26 or 6 in 3D (default: the larger)"
    )
    parser.add_argument("--spacing", type=_numbers, help="of all images, instead of the files': 0.5,0.5")
    parser.add_argument("--ignore", type=int, metavar="VALUE", help="pixels of the ground truth that do not count")
    parser.add_argument("--binary", action="store_true", help="every value above 0 is foreground")
    parser.add_argument("--partial", action="store_true", help="score the existing predictions if some are missing")
    parser.add_argument("--ignore-geometry", action="store_true", help="compare pixel by pixel even if affines differ")
    parser.add_argument("--workers", type=int, default=0, help="processes (default: one per core)")
    parser.set_defaults(run=run)


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status: 0; 2 with the reason on standard error if files or options are wrong; 130 if interrupted.
    """
    parser = argparse.ArgumentParser(prog="python -m metrics", description="Metrics of this field as a command.")
    add(parser.add_subparsers(required=True, metavar="COMMAND"))
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def run(options: argparse.Namespace) -> int:
    """Score, print the tables and their paths.

    Args:
        options: the parsed command line.

    Returns:
        Exit status.

    Raises:
        ScoringError: files or options are wrong.
    """
    request = Request(
        predictions=options.predictions,
        ground_truth=options.ground_truth,
        output=options.output,
        compare=tuple(options.compare),
        preset=options.preset,
        metrics=tuple(options.metrics),
        adjacency=options.adjacency,
        spacing=options.spacing,
        ignore=options.ignore,
        binary=options.binary,
        partial=options.partial,
        ignore_geometry=options.ignore_geometry,
        workers=options.workers,
    )
    written = report(request)
    print(render.markdown(results.read(request.output)))
    print("\n".join(str(path) for path in written))
    return 0


def report(request: Request, progress: bool = True) -> list[Path]:
    """Score, and write tables and figure.

    Args:
        request: the request.
        progress: show progress bars where the output is a terminal.

    Returns:
        Paths of the files.

    Raises:
        ScoringError: files or options are wrong.
    """
    scores = results.read(score(request, progress))
    return [scores.folder / "metrics.csv", *render.write(scores), figure.save(scores)]


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in text.replace("x", ",").split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected numbers such as 0.5,0.5, got {text!r}") from error


__all__ = ["ScoringError", "add", "main", "report", "run"]
