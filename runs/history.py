"""history.csv: the loss of every iteration of a training, and the validations between them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runs import files

if TYPE_CHECKING:
    import pandas as pd

NAME = "history.csv"
COLUMNS = ("iteration", "loss", "learning_rate", "seconds")
VALIDATED = ("dice", "cldice", "betti0_error")  # metrics of a validation
VALIDATION = (*(f"validation_{name}" for name in VALIDATED), "validation_seconds")


def write_history(
    folder: str | Path, rows: Sequence[Mapping[str, Any]], validations: Sequence[Mapping[str, Any]] = ()
) -> Path:
    """Write a run's history.csv.

    Args:
        folder: the run's folder.
        rows: one for each iteration, with the columns `COLUMNS`.
        validations: one for each validation, with "iteration", the last one before it, and the columns `VALIDATION`;
            these are left out of the file where there are none, and empty where an iteration has none.

    Returns:
        Path of the file.
    """
    path = Path(folder) / NAME
    if not validations:
        return files.write_csv(path, COLUMNS, rows)
    found = {row["iteration"]: {name: row[name] for name in VALIDATION} for row in validations}
    nothing = dict.fromkeys(VALIDATION)
    joined = [{**row, **found.get(row["iteration"], nothing)} for row in rows]
    return files.write_csv(path, (*COLUMNS, *VALIDATION), joined)


def read_history(folder: str | Path) -> "pd.DataFrame | None":
    """Read a run's history.csv; None if there is none."""
    import pandas as pd

    path = Path(folder) / NAME
    return pd.read_csv(path) if path.is_file() else None


def exists(folder: str | Path) -> bool:
    """Return whether a run has a history."""
    return (Path(folder) / NAME).is_file()
