"""Metrics with parameters, written after the slug: `nsd,tolerance=2`.

This is the metric's name everywhere: in `evaluate`, in tables, in metrics.csv. So no table can show a value without the
parameters with which it was measured.
"""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any


def parameters(function: Callable[..., float]) -> dict[str, Any]:
    """Return the parameters of a metric with their defaults: the keyword-only arguments of its function."""
    return {
        name: found.default
        for name, found in inspect.signature(function).parameters.items()
        if found.kind is inspect.Parameter.KEYWORD_ONLY
    }


def bind(slug: str, function: Callable[..., float], settings: str) -> Callable[..., float]:
    """Set parameters of a metric.

    Args:
        slug: its name, for messages.
        function: computes it.
        settings: such as "tolerance=2,width=1".

    Returns:
        The function with these parameters, to be called with the pair alone.

    Raises:
        ValueError: no such parameter, or an invalid value.
    """
    known, given = parameters(function), {}
    for setting in settings.split(","):
        name, equals, text = setting.partition("=")
        if name not in known or not equals:
            offers = ", ".join(f"{key}={value}" for key, value in known.items()) or "none"
            raise ValueError(f"metric {slug!r} has no parameter {setting!r}; it has: {offers}")
        if name in given:
            raise ValueError(f"metric {slug!r}: parameter {name!r} is given twice")
        given[name] = _value(slug, name, text, type(known[name]))
    return partial(function, **given)


def _value(slug: str, name: str, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError(f"metric {slug!r}: `{name}` must be a {kind.__name__}, got {text!r}") from error
