"""Atomically written files: temporary file in the same folder, fsync, rename."""

import contextlib
import csv
import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path to write to; on leaving the block it becomes `path`, after an exception it is deleted.

    The temporary name starts with a dot and ends like `path`, since image libraries choose the format by the suffix.

    Args:
        path: the file to create; missing parent folders are created.

    Yields:
        The temporary path, in the same folder, so that the rename is atomic.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    try:
        yield temporary
        _fsync(temporary)
        temporary.replace(path)
        _fsync(path.parent)
    finally:
        with contextlib.suppress(OSError):  # where nothing can be written, that is the error to show
            temporary.unlink(missing_ok=True)


def write_atomic(path: str | Path, content: bytes | str) -> Path:
    """Write `content` to `path` atomically.

    Args:
        path: the file to create or replace.
        content: bytes, or text, which is written as UTF-8.

    Returns:
        `path`.
    """
    with atomic(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    return Path(path)


def write_json(path: str | Path, content: Any) -> Path:
    """Write `content` as strict JSON, atomically.

    Args:
        path: the file to create or replace.
        content: anything that `json.dumps` accepts.

    Returns:
        `path`.

    Raises:
        ValueError: NaN and infinities, which JSON does not have; write None.
    """
    return write_atomic(path, json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Args:
        path: the file.

    Returns:
        Its content.

    Raises:
        ValueError: it is not JSON; with its path.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not readable as JSON ({error}); delete it and run again") from error


def write_csv(path: str | Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows as CSV, atomically, floats by repr so that they read back as the same number.

    Args:
        path: the file to create or replace.
        columns: the header, in order.
        rows: one mapping for each row, with exactly these columns.

    Returns:
        `path`.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return write_atomic(path, text.getvalue())


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
