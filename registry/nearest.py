"""Messages about unknown names: the name, the nearest known one, and all known names."""

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Return a message that a name is unknown.

    Args:
        what: what is named, such as "loss".
        name: the unknown name.
        known: all known names.

    Returns:
        One line: "unknown loss 'clos'; did you mean 'closs'? (there are: ...)".
    """
    return f"unknown {what} {name!r}{instead(name, known)}"


def instead(name: object, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: what may have been meant.

    Args:
        name: the unknown name.
        known: all known names.

    Returns:
        Such as "; did you mean 'closs'? (there are: ...)".
    """
    names = sorted(known)
    close = get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f" did you mean {close[0]!r}?" if close else ""
    return f";{hint} (there are: {', '.join(names) or 'none'})"
