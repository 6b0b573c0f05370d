"""The start-up check: are `losses`, `tables` and the other rooms this project's?

Several of these names are taken elsewhere as well (`tables` is PyTables' import name), and a wrong one shows only much
later and far away from its cause.
"""

import importlib.util
from pathlib import Path

from workflow.places import module, project_root

ROOMS = (
    "registry", "runs", "topology", "losses", "metrics", "data_prep", "pictures", "training", "evaluation", "tables",
    "workflow",
)  # fmt: skip


def check_rooms() -> None:
    """Make sure that each room that would be imported is this project's.

    Raises:
        ImportError: when another library is found under one of the names, naming all of them and what to do.
    """
    wrong = [f"`{name}` is {found}" for name in ROOMS if (found := _foreign(name)) is not None]
    if wrong:
        raise ImportError(
            f"{'; '.join(wrong)}, which is not this project's. Uninstall that library from this environment "
            f"(`tables` belongs to PyTables: pip uninstall tables), or start in {project_root()}"
        )


def _foreign(name: str) -> str | None:
    """Return where a room's name leads if not into this project."""
    spec = importlib.util.find_spec(module(name))
    if spec is None or spec.origin is None:
        return "missing"
    folder = Path(spec.origin).resolve().parent
    return None if folder == project_root() / name else str(folder)
