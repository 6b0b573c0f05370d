"""Rules of parameters: each field of a configuration states its meaning, what it may be, and what it decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# what a parameter decides, and so when a run has to be repeated
WEIGHTS = "weights"
PREDICTIONS = "predictions"  # read after the last iteration only: changing it predicts again, from the same weights
# The location of the files and the device change neither the experiment nor, except for rounding, its result: a
# finished run stays finished when the results move. `init_from` counts by its weights, not by its path.
NOTHING = "nothing"


@dataclass(frozen=True)
class Rule:
    """What a parameter may be.

    Args:
        meaning: what it is, with unit and range; the parameters cell of `notebooks/train.ipynb` says the same.
        expectation: what a value must be, in words, for messages.
        allowed: whether a value of the right type is allowed.
        decides: WEIGHTS, PREDICTIONS or NOTHING.
        later: came when there were runs already, which it leaves what they are: at its default it is in no hash.
    """

    meaning: str
    expectation: str
    allowed: Callable[[Any], bool]
    decides: str = WEIGHTS
    later: bool = False


def _any(_: Any) -> bool:
    return True


def parameter(
    default: Any,
    meaning: str,
    expectation: str,
    allowed: Callable[[Any], bool] = _any,
    decides: str = WEIGHTS,
    later: bool = False,
) -> Any:
    """Declare a parameter as a dataclass field; lists and dicts are made anew for each configuration.

    Args:
        default: its value if none is given.
        meaning: see `Rule` for this and the others.
        expectation: what a value must be, in words.
        allowed: whether a value of the right type is allowed.
        decides: what the parameter decides.
        later: see `Rule`.

    Returns:
        The field.
    """
    metadata = {"rule": Rule(meaning, expectation, allowed, decides, later)}
    if isinstance(default, (list, dict)):
        return field(default_factory=type(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def choice(default: str, meaning: str, choices: Sequence[str], decides: str = WEIGHTS, later: bool = False) -> Any:
    """Declare a parameter that is one of several words; arguments as for `parameter`."""
    return parameter(default, meaning, f"one of {', '.join(choices)}", lambda value: value in choices, decides, later)


def flag(default: bool, meaning: str, decides: str = WEIGHTS, later: bool = False) -> Any:
    """Declare a parameter that is true or false; arguments as for `parameter`."""
    return parameter(default, meaning, "true or false", decides=decides, later=later)


def count(default: int, meaning: str, lowest: int = 1, decides: str = WEIGHTS, later: bool = False) -> Any:
    """Declare an integer with a lower limit; arguments as for `parameter`."""
    return parameter(default, meaning, f"an integer from {lowest}", lambda value: value >= lowest, decides, later)


def converted(value: Any, kind: type) -> Any:
    """Convert integers to floats where needed, and copy lists and dicts."""
    if kind is float and is_of(value, int):
        return float(value)
    if (kind is list and isinstance(value, (list, tuple))) or (kind is dict and isinstance(value, Mapping)):
        return kind(value)
    return value


def is_of(value: Any, kind: type) -> bool:
    """Return whether `value` is of the type; True is not an integer here."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
