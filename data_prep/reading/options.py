"""Checks of the options that several datasets have."""

from collections.abc import Sequence


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Reject an option's value that is not among its choices.

    Args:
        name: of the option.
        value: the value given.
        choices: the allowed values.

    Raises:
        ValueError: another value.
    """
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, choices))}, got {value!r}")
