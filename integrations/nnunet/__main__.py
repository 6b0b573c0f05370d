"""`python -m integrations.nnunet path | list | score`: the suite's losses in nnU-Net, see docs/nnunet.md."""

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
        Exit status: 1 if nnU-Net is missing or too old, or if the trained model is not the requested one.
    """
    options = _parser().parse_args(arguments)
    try:
        print(options.run(options))
    except (ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m integrations.nnunet", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    path = commands.add_parser(
        "path", help="print the folder of trainers, for the environment variable nnUNet_extTrainer"
    )
    path.set_defaults(run=_path)
    trainers = commands.add_parser("list", help="print the trainers, one for each loss, and the losses' parameters")
    trainers.set_defaults(run=_list)
    score = commands.add_parser("score", help="evaluate nnU-Net's predictions as a run of a paper's plan")
    score.add_argument("paper", help="name of the paper, or path of its spec")
    score.add_argument("folder", type=Path, help="of the run, as `python -m tables plan` prints it")
    score.add_argument("--model", type=Path, required=True, help="folder of the fold that nnU-Net trained")
    score.add_argument("--data", type=Path, required=True, help="the prepared dataset")
    score.add_argument("--scale", type=float, default=1.0, help="of the plan (default: 1)")
    score.set_defaults(run=_score)
    return parser


def _path(options: argparse.Namespace) -> Path:
    wrong = problem()
    if wrong:
        raise ValueError(wrong)
    return FOLDER


def _list(options: argparse.Namespace) -> str:
    import losses
    from integrations.nnunet.naming import PREFIX, names

    return "\n".join(f"{name}  {', '.join(losses.parameters(name.removeprefix(PREFIX)))}" for name in names())


def _score(options: argparse.Namespace) -> Path:
    from integrations.nnunet import results

    return results.score(options.paper, options.folder, options.model, options.data, options.scale)


if __name__ == "__main__":
    sys.exit(main())
