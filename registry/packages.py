"""Whether the optional packages that an entry needs are installed."""

import importlib.util
from collections.abc import Sequence


def availability(requires: Sequence[str]) -> tuple[bool, str]:
    """Return whether all packages are installed, and what to do if one is missing.

    Args:
        requires: import names of the packages.

    Returns:
        (True, "") or (False, "needs gudhi: pip install gudhi").
    """
    missing = [name for name in requires if importlib.util.find_spec(name) is None]
    return (False, f"needs {', '.join(missing)}: pip install {' '.join(missing)}") if missing else (True, "")
