"""Where the project's own files lie and what its modules are called: in a checkout, and in an installed wheel.

The wheel has all rooms in one package; in a checkout they stand by themselves.
"""

from pathlib import Path

PACKAGE = __package__.rpartition(".")[0]


def project_root() -> Path:
    """Return the folder that holds the rooms."""
    return Path(__file__).resolve().parents[1]


def notebook(name: str) -> Path:
    """Return the path of a notebook, such as that of "train"."""
    return project_root() / "notebooks" / f"{name}.ipynb"


def module(name: str) -> str:
    """Return the name by which Python finds a module of the rooms, such as "workflow.jobs.leash", for `python -m`."""
    return f"{PACKAGE}.{name}" if PACKAGE else name
