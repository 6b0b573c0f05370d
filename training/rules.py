"""Rules of parameters: each field of a configuration states its meaning, what it may be, and what it decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# what a parameter decides, and so when a run has to be repeated
WEIGHTS = "weights"
PREDICTIONS = "predictions"  # read after the last iteration only: changing it predicts again, from the same weights
# Where the files lie and what computes them changes neither the experiment nor, but for rounding, its result: a run
# that is finished stays finished when the results move. `init_from` counts by its weights, not by its path.
NOTHING = "nothing"


@dataclass(frozen=True)
class Rule:
    """What a parameter may be.

    Args:
        meaning: what it is, with unit and range; the parameters cell of `notebooks/train.ipynb` says the same.
        expectation: what a value must be, in words, for messages.
        allowed: whether a value of the right type is allowed.
        decides: WEIGHTS, PREDICTIONS or NOTHING.
    """

    meaning: str
    expectation: str
    allowed: Callable[[Any], bool]
    decides: str = WEIGHTS


def _any(_: Any) -> bool:
    return True


def parameter(
    default: Any, meaning: str, expectation: str, allowed: Callable[[Any], bool] = _any, decides: str = WEIGHTS
) -> Any:
    """Declare a parameter as a dataclass field; lists and dicts are made anew for each configuration.

    Args:
        default: its value where none is given.
        meaning: see `Rule`, as are the others.
        expectation: what a value must be, in words.
        allowed: whether a value of the right type is allowed.
        decides: what the parameter decides.

    Returns:
        The field.
    """
    metadata = {"rule": Rule(meaning, expectation, allowed, decides)}
    if isinstance(default, (list, dict)):
        return field(default_factory=type(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def choice(default: str, meaning: str, choices: Sequence[str], decides: str = WEIGHTS) -> Any:
    """Declare a parameter that is one of several words; arguments as of `parameter`."""
    return parameter(default, meaning, f"one of {', '.join(choices)}", lambda value: value in choices, decides)


def flag(default: bool, meaning: str, decides: str = WEIGHTS) -> Any:
    """Declare a parameter that is true or false; arguments as of `parameter`."""
    return parameter(default, meaning, "true or false", decides=decides)


def count(default: int, meaning: str, lowest: int = 1, decides: str = WEIGHTS) -> Any:
    """Declare an integer with a lower limit; arguments as of `parameter`."""
    return parameter(default, meaning, f"an integer from {lowest}", lambda value: value >= lowest, decides)


def converted(value: Any, kind: type) -> Any:
    """Take integers for floats, and give back a list or dict of one's own."""
    if kind is float and is_of(value, int):
        return float(value)
    if (kind is list and isinstance(value, (list, tuple))) or (kind is dict and isinstance(value, Mapping)):
        return kind(value)
    return value


def is_of(value: Any, kind: type) -> bool:
    """Whether `value` is of the type; True is no integer here."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
