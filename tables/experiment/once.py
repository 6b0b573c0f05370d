"""Values that several tables show, made once for each collected experiment: their tests and resamples take seconds."""

import functools
import weakref
from collections.abc import Callable
from typing import TypeVar

from runs.results import Results

_Made = TypeVar("_Made")


def once(make: Callable[[Results], _Made]) -> Callable[[Results], _Made]:
    """Return a function that makes something of an experiment when it is first asked for, and then remembers it.

    Args:
        make: what depends on the runs alone; nobody may change what it returns.

    Returns:
        The function. It forgets when the runs are no longer in use.
    """
    made: dict[int, _Made] = {}

    @functools.wraps(make)
    def remembered(results: Results) -> _Made:
        key = id(results)
        if key not in made:
            made[key] = make(results)
            weakref.finalize(results, made.pop, key, None)
        return made[key]

    return remembered
