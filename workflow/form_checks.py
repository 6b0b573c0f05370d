"""Checks common to all forms: the types of their fields, and that there are no problems."""

from typing import Any


def wrong_types(form: Any) -> list[str]:
    """Return what is wrong with the types of a form's values, compared with the annotations of its fields."""
    wanted = {name: getattr(kind, "__origin__", kind) for name, kind in type(form).__annotations__.items()}
    return [
        f"`{name}` must be of type {kind.__name__}, got {getattr(form, name)!r}"
        for name, kind in wanted.items()
        if type(getattr(form, name)) is not kind
    ]


def refuse(problems: list[str]) -> None:
    """Raise a ValueError with all problems, one per line, if there are any."""
    if problems:
        raise ValueError("\n".join(problems))
