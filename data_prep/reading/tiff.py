"""The chain of directories in a TIFF file, looked at before a library follows it."""

import struct
from pathlib import Path
from typing import BinaryIO

_BIG = 43


def check_directories(path: Path) -> None:
    """Reject a TIFF file whose directories (one for each page) run in a circle: readers would follow them for ever.

    Args:
        path: the file; one that is no TIFF is left to the reader that comes after.

    Raises:
        ValueError: a directory that comes twice.
    """
    with path.open("rb") as file:
        order = {b"II": "<", b"MM": ">"}.get(file.read(2))
        if order is None:
            return
        is_big = _read(file, order + "H") == _BIG
        file.seek(8 if is_big else 4)
        seen: set[int] = set()
        while offset := _read(file, order + ("Q" if is_big else "I")):
            if offset in seen:
                raise ValueError(f"its directories run in a circle, at byte {offset}")
            seen.add(offset)
            file.seek(offset)
            entries = _read(file, order + ("Q" if is_big else "H"))
            file.seek(entries * (20 if is_big else 12), 1)


def _read(file: BinaryIO, kind: str) -> int:
    """Read one number; 0 behind the end of the file."""
    data = file.read(struct.calcsize(kind))
    return struct.unpack(kind, data)[0] if len(data) == struct.calcsize(kind) else 0
