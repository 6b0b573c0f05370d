"""Tables and figures from the files of finished runs; nothing here trains, evaluates or imports torch."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Return `tables.plan`, whose module takes seconds to import, when it is asked for."""
    if name == "plan":
        from tables.papers.planning import plan

        return plan
    raise AttributeError(f"module 'tables' has no attribute {name!r}")
