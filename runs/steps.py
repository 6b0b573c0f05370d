"""The flags of finished steps, below `.steps/`, by which the workflow's engine decides what is left to do.

A flag is only a note: before every start the workflow compares the results themselves and deletes the flags of steps
that are not, or no longer, done (`workflow.done`). Their names have no comma, at which snakemake would split them.
"""

from pathlib import Path
from urllib.parse import quote

from runs.files import write_atomic

FOLDER = ".steps"


def key(folder: str | Path) -> str:
    """Return the name of a run's flags: its path below `runs/`, with a `+` for each comma.

    Args:
        folder: the run's folder.

    Returns:
        Such as "synthetic2d/dice_ce+stage=pretrain/fold0-seed0".
    """
    return "/".join(Path(folder).parts[-3:]).replace(",", "+")


def flag_of(folder: str | Path, step: str) -> Path:
    """Return the flag of a run's step.

    Args:
        folder: the run's folder, `<experiment>/runs/<dataset>/<loss>/<fold and seed>`.
        step: "trained" or "evaluated".

    Returns:
        Its path in the experiment that the run belongs to.
    """
    return Path(folder).parents[3] / FOLDER / f"{key(folder)}.{step}"


def dataset_key(dataset: str) -> str:
    """Return the name of a dataset's flag: letters and digits are unchanged."""
    return quote(dataset, safe="")


def prepared_flag(data: str | Path, dataset: str) -> Path:
    """Return the flag of a prepared dataset, which holds the dataset's checksum."""
    return Path(data) / FOLDER / f"{dataset_key(dataset)}.prepared"


def read_prepared(data: str | Path, dataset: str) -> str:
    """Return the checksum of a dataset when it was prepared; "" if unknown."""
    try:
        return prepared_flag(data, dataset).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def write_flag(path: str | Path, content: str = "") -> Path:
    """Write a flag."""
    return write_atomic(path, content)
