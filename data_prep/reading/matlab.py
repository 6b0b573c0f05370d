"""MATLAB files of format 5, read with every length checked: SciPy's reader can crash the process on a damaged one.

Reference: MathWorks, MAT-File Format (Level 5).
"""

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data_prep._problems import PreparationError

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
# numbers as stored
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
# numbers as MATLAB has them, by the class of the array
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_STRUCTURE, _COMPLEX = 2, 0x0800
_DEEPEST = 16
# of one compressed element when unpacked
_MOST_BYTES = 1 << 32


def read_matlab(path: Path) -> dict[str, Any]:
    """Read the numeric arrays and structures of a MATLAB file.

    Args:
        path: .mat of format 5, which MATLAB writes up to version 7.

    Returns:
        {name: array, or {field: the same} for a structure of one element}; anything else is None.

    Raises:
        PreparationError: another format, truncated, or lengths that contradict each other.
    """
    try:
        data = path.read_bytes()
        order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
        if order is None:
            raise ValueError("no header of MATLAB's format 5")
        found: dict[str, Any] = {}
        for kind, content in _elements(memoryview(data)[_HEADER:], order, 0):
            if kind == _MATRIX:
                name, value = _read_matrix(content, order, 0)
                found[name] = value
        return found
    except (ValueError, struct.error, zlib.error, MemoryError, OverflowError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PreparationError(f"{path}: cannot be read as MATLAB ({reason}); get this file again") from error


def _elements(data: memoryview, order: str, depth: int) -> Iterator[tuple[int, memoryview]]:
    """Return type and content of each element, compressed ones unpacked."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    place = 0
    while place < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        begin = place + 8
        if kind >> 16:
            # a small element: its size beside its type, up to four bytes in the place of the size
            kind, size, begin = kind & 0xFFFF, kind >> 16, place + 4
            if size > 4:
                raise ValueError(f"a small element of {size} bytes at byte {place}")
        if begin + size > len(data):
            raise ValueError(f"truncated: an element of {size} bytes at byte {place} of {len(data)}")
        content = data[begin : begin + size]
        if kind == _COMPRESSED:
            yield from _elements(_unpack(content), order, depth + 1)
            place = begin + size
        else:
            yield kind, content
            place = begin + (4 if begin == place + 4 else size + -size % 8)


def _unpack(content: memoryview) -> memoryview:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(content, _MOST_BYTES)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("a compressed element is truncated or too large")
    return memoryview(data)


def _read_matrix(content: memoryview, order: str, depth: int) -> tuple[str, Any]:
    parts = list(_elements(content, order, depth))
    if len(parts) < 3:
        return "", None
    flags = int(_numbers(parts[0], order)[0])
    shape = tuple(int(length) for length in _numbers(parts[1], order))
    name = bytes(parts[2][1]).decode("ascii")
    if not shape or min(shape) < 0:
        raise ValueError(f"the size {shape} of {name!r}")
    if (flags & 0xFF) == _STRUCTURE:
        return name, _read_structure(parts[3:], shape, order, depth)
    if (flags & 0xFF) not in _CLASSES or flags & _COMPLEX:
        return name, None
    values = _numbers(parts[3], order) if len(parts) > 3 else np.zeros(0)
    if len(values) != math.prod(shape):
        raise ValueError(f"{name!r} has {len(values)} values, its size is {shape}")
    return name, values.astype(_CLASSES[flags & 0xFF]).reshape(shape, order="F")


def _read_structure(
    parts: list[tuple[int, memoryview]], shape: tuple[int, ...], order: str, depth: int
) -> dict[str, Any] | None:
    """Read a structure of one element; larger ones are not needed here."""
    if math.prod(shape) != 1:
        return None
    length = int(_numbers(parts[0], order)[0])
    names = bytes(parts[1][1])
    if length <= 0 or len(names) % length or len(parts) - 2 != len(names) // length:
        raise ValueError(f"{len(parts) - 2} fields with {len(names)} bytes of names, {length} for each")
    fields = [names[start : start + length].split(b"\0")[0].decode("ascii") for start in range(0, len(names), length)]
    values = (_read_matrix(content, order, depth + 1)[1] for _, content in parts[2:])
    return dict(zip(fields, values, strict=True))


def _numbers(element: tuple[int, memoryview], order: str) -> np.ndarray:
    kind, content = element
    if kind not in _STORED:
        raise ValueError(f"numbers expected, got an element of type {kind}")
    kind_of_number = np.dtype(order + _STORED[kind])
    if len(content) % kind_of_number.itemsize or not len(content):
        raise ValueError(f"{len(content)} bytes of numbers of {kind_of_number.itemsize}")
    return np.frombuffer(content, kind_of_number)
