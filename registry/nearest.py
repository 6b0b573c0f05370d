"""Wording of an unknown name: what came, the nearest neighbour, and all that there are."""

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Say that a name is unknown.

    Args:
        what: what the name is of, such as "loss".
        name: the name that came.
        known: all names that there are.

    Returns:
        One line: "unknown loss 'clos'; did you mean 'closs'? (there are: ...)".
    """
    return f"unknown {what} {name!r}{instead(name, known)}"


def instead(name: object, known: Iterable[str]) -> str:
    """Say what an unknown name may have meant, to end a message with.

    Args:
        name: the name that came.
        known: all names that there are.

    Returns:
        Such as "; did you mean 'closs'? (there are: ...)".
    """
    names = sorted(known)
    close = get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f" did you mean {close[0]!r}?" if close else ""
    return f";{hint} (there are: {', '.join(names) or 'none'})"
