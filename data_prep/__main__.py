"""Command line: python -m data_prep list | prepare NAME | check DIR."""

import argparse
import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import data_prep

# where the workflow puts prepared datasets
_HERE = Path("results/data")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: of the command line; None takes the process's own.

    Returns:
        Exit status: 0, 1 with one line on standard error for each problem, or 130 when interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except data_prep.PreparationError as error:
        return _fail(error.problems)
    except (ValueError, OSError) as error:
        return _fail([str(error)])
    except KeyboardInterrupt:
        _fail(["interrupted; the destination is as before"])
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m data_prep", description="Prepare datasets and check them.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="show every dataset, its terms and where to get it")
    listing.add_argument(
        "--destination", type=Path, default=_HERE, help=f"folder for prepared datasets (default: {_HERE})"
    )
    listing.set_defaults(run=_list)
    prepare = commands.add_parser("prepare", help="official files in, prepared dataset out")
    prepare.add_argument("name", help="slug, see list")
    prepare.add_argument("--source", type=Path, help="folder or archive; none for embedded datasets")
    prepare.add_argument("--destination", type=Path, required=True, help="folder for prepared datasets")
    prepare.add_argument("--partial", action="store_true", help="go on where files are missing; the card records it")
    prepare.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=_option,
        help="option of the dataset, see list; may be given several times",
    )
    prepare.add_argument("--workers", type=int, default=0, help="processes; 0 (default): one for each core")
    prepare.set_defaults(run=_prepare)
    check = commands.add_parser("check", help="verify a prepared folder, or one's own in nnU-Net's raw layout")
    check.add_argument("folder", type=Path)
    check.add_argument(
        "--sheet",
        type=Path,
        help="PNG file for a few cases with outlines and numbers (default: figures/NAME-contact-sheet.png beside it)",
    )
    check.set_defaults(run=_check)
    return parser


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _list(options: argparse.Namespace) -> int:
    for name in data_prep.names():
        entry = data_prep.entry(name)
        print(f"{name}  {entry.title}, {entry.dims}D, classes: {', '.join(entry.classes)}")
        print(f"    size:    {entry.size}")
        print(f"    licence: {entry.licence}")
        print(f"    source:  {entry.where}")
        print(f"    papers:  {', '.join(entry.papers) or 'none'}; tables: {entry.tables}")
        print(f"    options: {', '.join(f'{key}={value!r}' for key, value in entry.parameters.items()) or 'none'}")
        print(f"    here:    {_describe_prepared(options.destination / name)}")
    return 0


def _describe_prepared(folder: Path) -> str:
    try:
        data = data_prep.Prepared(folder, verify=False)
    except data_prep.PreparationError:
        return f"{folder} is broken, see check" if folder.is_dir() else f"not prepared in {folder.parent}"
    lacking = ", partial" if data.card.partial else ""
    return (
        f"prepared in {folder}, {len(data.cases('train'))} training and {len(data.cases('test'))} test cases{lacking}"
    )


def _prepare(options: argparse.Namespace) -> int:
    folder = data_prep.prepare(
        options.name,
        options.source,
        options.destination,
        partial=options.partial,
        workers=options.workers,
        **dict(options.option),
    )
    print(folder)
    print("\n".join(_describe_coding(data_prep.Prepared(folder, verify=False))), end="")
    return 0


def _check(options: argparse.Namespace) -> int:
    problems = data_prep.check(options.folder, progress=True)
    if problems:
        return _fail(problems)
    data = data_prep.Prepared(options.folder)
    doubts = data_prep.audit_summary(data_prep.audit(data), data.dims)
    print(f"{data.name}: files, sizes, classes and folds are right")
    print("\n".join([*_describe_coding(data), *data.card.notes, *doubts] or ["the label audit found nothing"]))
    sheet = options.sheet or options.folder.absolute().parent / "figures" / f"{data.name}-contact-sheet.png"
    print(f"look at {data_prep.contact_sheet(data, sheet)}")
    return 0


def _describe_coding(data: data_prep.Prepared) -> list[str]:
    """Return how the values in the user's own files, and which files, were interpreted."""
    coding, layout = data.card.more.get("coding"), data.card.more.get("layout")
    lines = [f"taken: {layout}"] if layout else []
    return lines + (
        [f"coding: {', '.join(f'{value} is {meaning}' for value, meaning in coding.items())}"] if coding else []
    )


def _fail(problems: Sequence[str]) -> int:
    for problem in problems:
        print(" ".join(problem.split()), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
