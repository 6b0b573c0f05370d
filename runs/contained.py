"""Whether a folder holds nothing but files of its own: no links that leave it, no devices, pipes or sockets."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def strangers(folder: Path, within: Path) -> list[str]:
    """Find what must not be read or copied from a folder that comes from elsewhere.

    Reading a device or a pipe may never end, and a link may lead to any file of this machine.

    Args:
        folder: the folder, or a single file; nothing is opened.
        within: links may lead to files in here, such as the results folder around it.

    Returns:
        One line for each: the path and what it is.
    """
    inside = within.resolve()
    if not folder.resolve().is_relative_to(inside):
        return [f"{folder} leads out of {within}"]
    return [f"{path} {problem}" for path in _entries(folder) if (problem := _problem(path, inside))]


def _entries(folder: Path) -> Iterator[Path]:
    """Yield a folder and everything in it, links unfollowed."""
    yield folder
    if folder.is_dir():
        for place, folders, files in os.walk(folder):
            yield from (Path(place, name) for name in sorted((*folders, *files)))


def _problem(path: Path, inside: Path) -> str:
    """Say what is wrong with an entry; nothing for an ordinary file or folder."""
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    if not stat.S_ISLNK(mode):
        return "is neither a file nor a folder"
    target = path.resolve()
    if not target.is_relative_to(inside):
        return f"is a link out of the folder, to {target}"
    return "" if target.is_file() else "is a link, but not to a file"
