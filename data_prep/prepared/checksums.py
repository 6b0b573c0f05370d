"""SHA-256 of files, and one number for a whole dataset."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

NAME = "checksums.json"


def hash_bytes(data: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_files(folder: Path) -> list[str]:
    """Return the relative paths of a prepared folder's files, sorted, without checksums.json and hidden files."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    visible = (path for path in paths if not any(part.startswith(".") for part in path.parts))
    return sorted(path.as_posix() for path in visible if path.as_posix() != NAME)


def combine(hashes: Mapping[str, str]) -> str:
    """Return one SHA-256 for a set of files: of the lines "hash, two spaces, path", sorted by path."""
    lines = "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes))
    return hash_bytes(lines.encode())
