"""`python -m integrations.nnunet path`: the folder for nnUNet_extTrainer; `list`: the trainers in it."""

import argparse
import sys
from pathlib import Path

from integrations.nnunet.requirements import problem

FOLDER = Path(__file__).parent / "trainers"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: of the command; None: those of the process.

    Returns:
        Exit status: 1 where nnU-Net is missing or too old.
    """
    parser = argparse.ArgumentParser(prog="python -m integrations.nnunet", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("path", help="print the folder of trainers, for the environment variable nnUNet_extTrainer")
    commands.add_parser("list", help="print the trainers, one for each loss, and the losses' parameters")
    command = parser.parse_args(arguments).command
    wrong = problem()
    if wrong:
        print(wrong, file=sys.stderr)
        return 1
    print(FOLDER if command == "path" else _trainers())
    return 0


def _trainers() -> str:
    import losses
    from integrations.nnunet.naming import PREFIX, names

    return "\n".join(f"{name}  {', '.join(losses.parameters(name.removeprefix(PREFIX)))}" for name in names())


if __name__ == "__main__":
    sys.exit(main())
