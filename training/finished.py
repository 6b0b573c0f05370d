"""A finished run is never replaced by one with other parameters unless that is asked for: a typo must not cost it."""

from runs.belonging import parameter_differences
from runs.record import COMPLETED, read_record_or_none
from training.config import Config


def other_parameters(config: Config) -> list[str]:
    """Say what a finished run in the run's folder was made with instead; nothing where it may be written into.

    Args:
        config: the parameters of the run that is to be made.

    Returns:
        One text for each parameter that determines the result and differs: "`iterations` 200 instead of 5". Empty where
        there is no finished run, where it has the same parameters, and with `overwrite`.
    """
    found = None if config.overwrite else read_record_or_none(config.run_folder)
    if found is None or found.exit_cause != COMPLETED:
        return []
    # a record of an older version does not know the newer parameters
    known = {name: value for name, value in config.as_dict().items() if name in found.parameters}
    return parameter_differences(known, found.parameters)


def refuse_to_replace(config: Config) -> None:
    """Stop where a finished run with other parameters would be lost.

    Args:
        config: the parameters of the run that is to be made.

    Raises:
        ValueError: there is one; the message says where, what differs, and how to keep or replace it.
    """
    differing = other_parameters(config)
    if differing:
        raise ValueError(
            f"{config.run_folder} holds a finished run that was made with other parameters: {'; '.join(differing)}. "
            "Another `experiment` keeps both; `overwrite` replaces it"
        )
