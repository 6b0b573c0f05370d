"""Archives as sources: unpacked into a temporary folder, which no member can escape."""

import gzip
import hashlib
import lzma
import shutil
import stat
import struct
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
# of a file name, in bytes, on the usual file systems
_LONGEST_NAME = 255
_ELSEWHERE = "unpack it yourself and give the folder"

Member = tuple[str, int, Any]


def is_archive(path: Path) -> bool:
    """Return whether a file is a zip, tar, 7z or rar archive, or a single file packed by gzip."""
    name = path.name.lower()
    return path.is_file() and (
        name.endswith((".zip", ".7z", ".rar", *_TAR)) or (name.endswith(".gz") and not name.endswith(_KEPT_GZ))
    )


def unpack(archive: Path, folder: Path, *, progress: bool) -> str:
    """Unpack an archive into a folder.

    Only plain files and folders are unpacked. Nothing is written before every member's name has been checked.

    Args:
        archive: .zip, .tar, .tar.gz, .tar.bz2, .tar.xz (and their short forms), .7z, or .gz of one file.
        folder: an existing folder.
        progress: show a bar (on a terminal only).

    Returns:
        SHA-256 of the archive.

    Raises:
        PreparationError: broken, encrypted or not what its name says; a member with an absolute path or "..", a link or
            a device; two members with the same path; members that together need more than the free space; .rar, and .7z
            without py7zr.
        OSError: the folder cannot be written.
    """
    name = archive.name.lower()
    kind = next((unpacker for ending, unpacker in _UNPACKERS.items() if name.endswith(ending)), _unpack_gzip)
    try:
        kind(archive, folder, progress=progress)
    except (*_BROKEN, RuntimeError, NotImplementedError, OverflowError, ValueError, struct.error) as error:
        if isinstance(error, PreparationError):
            raise
        # NotImplementedError: a compression that Python does not have
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PreparationError(f"{archive}: cannot be unpacked ({reason}); get it again, or {_ELSEWHERE}") from error
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack_zip(archive: Path, folder: Path, *, progress: bool) -> None:
    with zipfile.ZipFile(archive) as opened:
        if any(info.flag_bits & 1 for info in opened.infolist()):
            raise PreparationError(f"{archive}: encrypted; {_ELSEWHERE}")
        _extract(archive, list(_zip_members(archive, opened)), opened.open, folder, progress=progress)


def _unpack_tar(archive: Path, folder: Path, *, progress: bool) -> None:
    with tarfile.open(archive) as opened:
        try:
            members = list(_tar_members(archive, opened))
        except OSError as error:
            # such as a member that claims to end beyond what a file can have
            raise PreparationError(f"{archive}: cannot be unpacked ({error}); get it again") from error
        _extract(archive, members, opened.extractfile, folder, progress=progress)


def _unpack_7z(archive: Path, folder: Path, *, progress: bool) -> None:
    try:
        import py7zr
    except ImportError:
        raise PreparationError(f"{archive}: needs py7zr (pip install py7zr), or {_ELSEWHERE}") from None
    try:
        with py7zr.SevenZipFile(archive) as opened:
            if opened.needs_password():
                raise PreparationError(f"{archive}: encrypted; {_ELSEWHERE}")
            members = []
            for info in opened.list():
                _check_name(archive, info.filename)
                if info.is_symlink:
                    _refuse(archive, info.filename, "a link or a device")
                if not info.is_directory:
                    members.append((info.filename, info.uncompressed, info))
            _check_members(archive, members, folder)
            opened.extractall(folder)
    except py7zr.exceptions.PasswordRequired as error:
        raise PreparationError(f"{archive}: encrypted; {_ELSEWHERE}") from error
    except py7zr.exceptions.ArchiveError as error:
        raise ValueError(str(error)) from error


def _unpack_rar(archive: Path, folder: Path, *, progress: bool) -> None:
    raise PreparationError(f"{archive}: RAR archives cannot be read here; {_ELSEWHERE}")


def _unpack_gzip(archive: Path, folder: Path, *, progress: bool) -> None:
    left = shutil.disk_usage(folder).free
    with gzip.open(archive) as packed, (folder / archive.name[: -len(".gz")]).open("wb") as file:
        while block := packed.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise PreparationError(f"{archive}: needs more than the free space; choose another destination")
            file.write(block)


_UNPACKERS = {".zip": _unpack_zip, ".7z": _unpack_7z, ".rar": _unpack_rar} | dict.fromkeys(_TAR, _unpack_tar)


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
    if any(len(part.encode(errors="surrogateescape")) > _LONGEST_NAME for part in posix.parts) or "\0" in name:
        _refuse(archive, f"{name[:40]}...", "no name that a file can have")
    if ".." in posix.parts or ".." in windows.parts:
        _refuse(archive, name, "a path that leaves the folder")


def _refuse(archive: Path, name: str, what: str) -> None:
    raise PreparationError(f"{archive}: member {name!r} is {what}; nothing was unpacked, get the official archive")


def _check_members(archive: Path, members: list[Member], folder: Path) -> None:
    """Reject members that need more than the free space, or that would overwrite each other."""
    size, free = sum(member[1] for member in members), shutil.disk_usage(folder).free
    if size > free:
        raise PreparationError(
            f"{archive}: needs {size / 1e9:.1f} GB, {folder} has {free / 1e9:.1f} GB free; choose another destination"
        )
    places: set[PurePosixPath] = set()
    for name, _, _ in members:
        if PurePosixPath(name) in places:
            _refuse(archive, name, "in the archive twice")
        places.add(PurePosixPath(name))
    for place in places:
        if inside := places.intersection(place.parents):
            _refuse(archive, str(place), f"inside {str(next(iter(inside)))!r}, which is a file")


def _extract(archive: Path, members: list[Member], open_member: Any, folder: Path, *, progress: bool) -> None:
    _check_members(archive, members, folder)
    quiet = None if progress else True
    for name, expected, member in tqdm(members, desc=f"unpack {archive.name}", unit="file", disable=quiet):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_member(member) as packed, target.open("wb") as file:
            _copy(packed, file, expected, f"{archive}: member {name!r}")


def _copy(packed: IO[bytes], file: IO[bytes], expected: int, what: str) -> None:
    """Copy a member; stop if it is longer than the archive's own list says (a zip bomb)."""
    left = expected
    while block := packed.read(_BLOCK):
        left -= len(block)
        if left < 0:
            raise PreparationError(f"{what} is longer than the archive says; get the official archive")
        file.write(block)
    if left:
        raise PreparationError(f"{what} is shorter than the archive says; get the archive again")


def find_archives(folder: Path) -> list[Path]:
    """Return the archives that lie directly in a folder, sorted."""
    return sorted(path for path in folder.iterdir() if is_archive(path) and not path.name.startswith("."))
