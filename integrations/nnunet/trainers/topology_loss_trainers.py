"""The trainers, where nnU-Net looks for them: this folder goes into nnUNet_extTrainer.

nnU-Net imports each module here and looks up the trainer's name in it; the class is created at that time. A wrong name
ends the command with a message of one line.
"""

_PREFIX = "nnUNetTrainer_"


def __getattr__(name: str) -> type:
    """Return the trainer class of that name."""
    if not name.startswith(_PREFIX):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from integrations.nnunet.trainer import trainer_class
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"{name} needs the topology-loss benchmark suite and its dependencies; this Python has no module "
            f"{error.name!r}: pip install -e the suite's checkout (`nnUNet_extTrainer` names a folder of it or a copy)"
        ) from None
    try:
        return trainer_class(name)
    except (ValueError, TypeError) as error:
        raise SystemExit(f"{name}: {error}") from None


def __dir__() -> list[str]:
    """Return the trainers with default parameters."""
    from integrations.nnunet.naming import names

    return names()
