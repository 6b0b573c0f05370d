"""run.json: what a run records about itself, and the refusal of one that lies in another run's folder."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runs import files
from runs.paths import Run, parse_run

NAME = "run.json"


def read_record(folder: str | Path) -> dict[str, Any]:
    """Read a run's run.json and check that it belongs to its folder.

    Args:
        folder: the run's folder.

    Returns:
        The record.

    Raises:
        FileNotFoundError: when there is no run.json: the run was never started.
        ValueError: when run.json is not readable, or its run is not the one that the folder's name says.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: the run has not been started")
    record = files.read_json(path)
    try:
        recorded = Run(**record["run"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not describe a run ({error!r}); delete the folder and run again") from error
    named = parse_run(Path(folder).absolute())
    if recorded != named:
        raise ValueError(
            f"{path} describes {recorded}, its folder's name says {named}: was the folder moved or renamed?"
        )
    return record


def write_record(folder: str | Path, record: dict[str, Any]) -> Path:
    """Write a run's run.json, atomically, after checking that it belongs to its folder.

    Args:
        folder: the run's folder.
        record: the record; `record["run"]` holds the fields of `Run`.

    Returns:
        Path of the file.

    Raises:
        ValueError: when the record is of another run than the folder, or holds NaN.
    """
    recorded, named = Run(**record["run"]), parse_run(Path(folder).absolute())
    if recorded != named:
        raise ValueError(f"the record of {recorded} cannot be written into the folder of {named}")
    return files.write_json(Path(folder) / NAME, record)


def identity(run: Run) -> dict[str, Any]:
    """Return the fields of `run` as run.json holds them."""
    return asdict(run)


def fingerprint(content: Any) -> str:
    """Return the SHA-256 of `content` as canonical JSON: the same whatever the order of keys.

    Args:
        content: what strict JSON can hold.

    Returns:
        64 hexadecimal digits.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
