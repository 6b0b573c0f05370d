"""The chain of directories in a TIFF file, checked before a library follows it."""

import struct
from pathlib import Path
from typing import BinaryIO

_BIG = 43


def check_directories(path: Path) -> None:
    """Reject a TIFF file whose directories (one for each page) form a cycle: readers would follow them forever.

    Args:
        path: the file; one that is not a TIFF is left to the next reader.

    Raises:
        ValueError: a directory that occurs twice.
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
    """Read one number; 0 after the end of the file."""
    data = file.read(struct.calcsize(kind))
    return struct.unpack(kind, data)[0] if len(data) == struct.calcsize(kind) else 0
