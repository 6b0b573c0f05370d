"""The JSON files of a prepared folder, and the check of its checksums."""

import json
from pathlib import Path
from typing import Any

from data_prep._problems import PreparationError
from data_prep.prepared import checksums

AGAIN = "prepare the dataset again"


def read_json(path: Path) -> Any:
    """Read a JSON file of a prepared folder.

    Args:
        path: the file.

    Returns:
        Its content.

    Raises:
        PreparationError: missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PreparationError(f"{path}: no such file; {AGAIN}, or see the README for a folder of your own") from None
    except (ValueError, OSError) as error:
        raise PreparationError(f"{path}: cannot be read as JSON ({error}); {AGAIN}") from error


def hash_output(folder: Path) -> dict[str, str]:
    """Hash every visible file of a folder except checksums.json: {relative path: SHA-256}."""
    return {name: checksums.hash_file(folder / name) for name in checksums.list_files(folder)}


def recorded_checksums(folder: Path) -> dict[str, str] | None:
    """Return the recorded checksums of a prepared folder's files; None for a folder without any (a user's own).

    Args:
        folder: the prepared folder.

    Returns:
        {relative path: SHA-256}, or None.

    Raises:
        PreparationError: `checksums.json` is broken.
    """
    path = folder / checksums.NAME
    if not path.exists():
        return None
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("output"), dict):
        raise PreparationError(f"{path}: expected an entry 'output'; {AGAIN}")
    return content["output"]


def compare_checksums(folder: Path, recorded: dict[str, str]) -> list[str]:
    """Return one line for each file that is missing, changed or not recorded.

    Args:
        folder: the prepared folder.
        recorded: {relative path: SHA-256}.

    Returns:
        The lines; empty if everything is as recorded.
    """
    present = hash_output(folder)
    problems = [f"{folder / name}: missing; {AGAIN}" for name in sorted(recorded.keys() - present.keys())]
    problems += [f"{folder / name}: not in {checksums.NAME}; remove it" for name in sorted(present.keys() - recorded)]
    for name in sorted(present.keys() & recorded.keys()):
        if present[name] != recorded[name]:
            problems.append(f"{folder / name}: changed since it was prepared (SHA-256 differs); {AGAIN}")
    return problems


def json_bytes(content: Any, *, sort_keys: bool = False) -> bytes:
    """Return strict, readable JSON that ends with a line feed."""
    text = json.dumps(content, indent=2, sort_keys=sort_keys, allow_nan=False, ensure_ascii=False)
    return (text + "\n").encode()
