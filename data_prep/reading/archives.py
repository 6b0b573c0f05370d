"""Archives as sources: unpacked into a temporary folder, and no member ever leaves it."""

import gzip
import hashlib
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

from tqdm import tqdm

from data_prep._problems import PreparationError

_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
# compressed files that the datasets read as they are
_KEPT_GZ = (".nii.gz", ".ppm.gz")
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError)
_BLOCK = 1 << 20

Member = tuple[str, int, Any]


def is_archive(path: Path) -> bool:
    """Tell from its name whether a file is a zip or tar archive, or a single file packed by gzip."""
    name = path.name.lower()
    return path.is_file() and (name.endswith((".zip", *_TAR)) or (name.endswith(".gz") and not name.endswith(_KEPT_GZ)))


def unpack(archive: Path, folder: Path, *, progress: bool) -> str:
    """Unpack an archive into a folder.

    Only plain files and folders come out. Nothing is written before every member's name has been looked at.

    Args:
        archive: .zip, .tar, .tar.gz, .tar.bz2, .tar.xz (and their short forms), or .gz of one file.
        folder: an existing folder.
        progress: show a bar (on a terminal only).

    Returns:
        SHA-256 of the archive.

    Raises:
        PreparationError: broken or not what its name says; a member with an absolute path or "..", a link or a device;
            members that together need more than the free space.
        OSError: the folder cannot be written.
    """
    try:
        if archive.name.lower().endswith(".zip"):
            with zipfile.ZipFile(archive) as opened:
                _extract(archive, list(_zip_members(archive, opened)), opened.open, folder, progress=progress)
        elif archive.name.lower().endswith(_TAR):
            with tarfile.open(archive) as opened_tar:
                members = list(_tar_members(archive, opened_tar))
                _extract(archive, members, opened_tar.extractfile, folder, progress=progress)
        else:
            with gzip.open(archive) as packed, (folder / archive.name[: -len(".gz")]).open("wb") as file:
                shutil.copyfileobj(packed, file, _BLOCK)
    except (*_BROKEN, RuntimeError, NotImplementedError) as error:
        # zipfile's RuntimeError: a password; NotImplementedError: a compression that Python does not have
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PreparationError(
            f"{archive}: cannot be unpacked ({reason}); get it again, or unpack it yourself and give the folder"
        ) from error
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _zip_members(archive: Path, opened: zipfile.ZipFile) -> Iterator[Member]:
    for info in opened.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            _refuse(archive, info.filename, "a link or a device")
        # Python's zipfile has taken leading slashes off `filename`
        _check_name(archive, info.orig_filename)
        if not info.is_dir():
            yield info.filename, info.file_size, info


def _tar_members(archive: Path, opened: tarfile.TarFile) -> Iterator[Member]:
    for info in opened:
        _check_name(archive, info.name)
        if info.isdir():
            continue
        if not info.isreg():
            _refuse(archive, info.name, "a link or a device")
        yield info.name, info.size, info


def _check_name(archive: Path, name: str) -> None:
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.is_absolute() or windows.drive:
        _refuse(archive, name, "an absolute path")
    if ".." in posix.parts or ".." in windows.parts:
        _refuse(archive, name, "a path that leaves the folder")


def _refuse(archive: Path, name: str, what: str) -> None:
    raise PreparationError(f"{archive}: member {name!r} is {what}; nothing was unpacked, get the official archive")


def _extract(archive: Path, members: list[Member], open_member: Any, folder: Path, *, progress: bool) -> None:
    size, free = sum(member[1] for member in members), shutil.disk_usage(folder).free
    if size > free:
        raise PreparationError(
            f"{archive}: needs {size / 1e9:.1f} GB, {folder} has {free / 1e9:.1f} GB free; choose another destination"
        )
    quiet = None if progress else True
    for name, expected, member in tqdm(members, desc=f"unpack {archive.name}", unit="file", disable=quiet):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_member(member) as packed, target.open("wb") as file:
            _copy(packed, file, expected, f"{archive}: member {name!r}")


def _copy(packed: IO[bytes], file: IO[bytes], expected: int, what: str) -> None:
    """Copy a member, and stop one that is longer than the archive's own list says (a zip bomb)."""
    left = expected
    while block := packed.read(_BLOCK):
        left -= len(block)
        if left < 0:
            raise PreparationError(f"{what} is longer than the archive says; get the official archive")
        file.write(block)
    if left:
        raise PreparationError(f"{what} is shorter than the archive says; get the archive again")


def find_archives(folder: Path) -> list[Path]:
    """Give the archives that lie directly in a folder, sorted."""
    return sorted(path for path in folder.iterdir() if is_archive(path) and not path.name.startswith("."))
