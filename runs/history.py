"""history.csv: the loss of every iteration of a training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runs import files

if TYPE_CHECKING:
    import pandas as pd

NAME = "history.csv"
COLUMNS = ("iteration", "loss", "learning_rate", "seconds")


def write_history(folder: str | Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a run's history.csv, one row for each iteration with the columns `COLUMNS`."""
    return files.write_csv(Path(folder) / NAME, COLUMNS, rows)


def read_history(folder: str | Path) -> "pd.DataFrame | None":
    """Read a run's history.csv; None if there is none."""
    import pandas as pd

    path = Path(folder) / NAME
    return pd.read_csv(path) if path.is_file() else None


def exists(folder: str | Path) -> bool:
    """Return whether a run has a history."""
    return (Path(folder) / NAME).is_file()
