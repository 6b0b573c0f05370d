"""Tables and figures from the files of finished runs; nothing here trains, evaluates or imports torch."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Import `tables.plan`, which takes seconds, when it is first used."""
    if name == "plan":
        from tables.papers.planning import plan

        return plan
    raise AttributeError(f"module 'tables' has no attribute {name!r}")
