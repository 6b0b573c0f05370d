"""failure.json: why a notebook failed, in one line, beside the notebook with its traceback."""

from dataclasses import asdict, dataclass
from pathlib import Path

from runs import files
from runs.schema import from_json

NAME = "failure.json"


@dataclass(frozen=True)
class Failure:
    """A notebook that failed: its file name, and the error in one line."""

    notebook: str
    error: str


def write_failure(folder: str | Path, failure: Failure) -> Path:
    """Write a folder's failure.json."""
    return files.write_json(Path(folder) / NAME, asdict(failure))


def clear_failure(folder: str | Path) -> None:
    """Delete a folder's failure.json, if there is one."""
    (Path(folder) / NAME).unlink(missing_ok=True)


def read_failure(folder: str | Path) -> Failure | None:
    """Read a folder's failure.json; None if there is none.

    Raises:
        ValueError: it is unreadable.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        return None
    return from_json(Failure, files.read_json(path), str(path))


def find_failures(*folders: str | Path) -> list[tuple[Path, Failure]]:
    """Find the failed notebooks below some folders.

    Args:
        *folders: the folders to search.

    Returns:
        Path of each failed notebook with its failure, sorted within each folder; an unreadable failure.json counts as a
        failure that says so.
    """
    found = []
    for folder in folders:
        for path in sorted(Path(folder).rglob(NAME)):
            try:
                failure = read_failure(path.parent)
            except (OSError, ValueError) as error:
                failure = Failure(NAME, str(error))
            if failure is not None:
                found.append((path.parent / failure.notebook, failure))
    return found
