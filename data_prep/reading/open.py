"""From the user's source, a folder or archives, to the dataset's plan."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_prep._plan import Plan
from data_prep._problems import PreparationError
from data_prep._register import Entry
from data_prep.reading.archives import find_archives, is_archive, unpack
from data_prep.reading.listing import is_litter

# an archive that holds archives, as some downloads do, but no deeper
_DEPTH = 2


@contextmanager
def open_plan(
    entry: Entry, source: str | Path | None, destination: Path, options: Mapping[str, Any], *, progress: bool
) -> Iterator[Plan]:
    """Plan a dataset from a folder, an archive, or a folder of archives.

    Archives are unpacked below `destination`, for as long as the context lasts. A folder that already holds the
    official layout is used unchanged, even if there are archives beside it.

    Args:
        entry: the dataset.
        source: what the user gave; not used for embedded data.
        destination: folder for prepared datasets; created if archives need it.
        options: options of the dataset.
        progress: show a bar (on a terminal only).

    Yields:
        The plan.

    Raises:
        PreparationError: no source, a broken archive, or no such layout.
    """
    if entry.embedded:
        yield _plan(entry, None, options)
        return
    path = _check_source(entry, source)
    if path.is_dir():
        try:
            plan = _plan(entry, path, options)
        except PreparationError:
            if not find_archives(path):
                raise
        else:
            yield plan
            return
    with _unpacked(path, destination, progress=progress) as (folder, hashes):
        plan = _plan(entry, folder, options)
        plan.card["archives"] = hashes
        yield plan


def _plan(entry: Entry, source: Path | None, options: Mapping[str, Any]) -> Plan:
    """Call the dataset's function, and fill in what the plan leaves to the registry."""
    plan = entry.plan(source, **options)
    plan.name = plan.name or entry.slug
    plan.dims = plan.dims or entry.dims
    plan.classes = plan.classes or entry.classes
    plan.missing = [*plan.lone, *plan.missing]
    return plan


def _check_source(entry: Entry, source: str | Path | None) -> Path:
    if source is None:
        raise PreparationError(f"dataset {entry.slug!r} needs a source folder or archive: {entry.where}")
    path = Path(source)
    if path.is_dir() or is_archive(path):
        return path
    if path.exists():
        raise PreparationError(f"{path}: neither a folder nor a zip, tar, 7z or gz archive; {entry.where}")
    raise PreparationError(f"{path}: no such folder or archive; {entry.where}")


@contextmanager
def _unpacked(source: Path, destination: Path, *, progress: bool) -> Iterator[tuple[Path, dict[str, str]]]:
    """Unpack an archive, or a folder's archives into one folder that also shows the folder's other files."""
    made = [folder for folder in (destination, *destination.parents) if not folder.exists()]
    destination.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".source-", dir=destination))
    try:
        archives = find_archives(source) if source.is_dir() else [source]
        if source.is_dir():
            for path in source.iterdir():
                if path not in archives:
                    os.symlink(path.absolute(), folder / path.name)
        hashes = {archive.name: _merge(archive, folder, progress=progress) for archive in archives}
        for _ in range(_DEPTH - 1):
            for archive in (path for path in find_archives(folder) if not path.is_symlink()):
                _merge(archive, folder, progress=progress)
                archive.unlink()
        yield folder, hashes
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for empty in made:
            # the destination is as before; where a dataset was written, it is not empty
            if empty.is_dir() and not any(empty.iterdir()):
                empty.rmdir()


def _merge(archive: Path, folder: Path, *, progress: bool) -> str:
    """Unpack beside existing files, and refuse to overwrite them."""
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=folder) as workplace:
        digest = unpack(archive, Path(workplace), progress=progress)
        for path in sorted(Path(workplace).rglob("*")):
            target = folder / path.relative_to(workplace)
            if path.is_dir() or any(is_litter(Path(part)) for part in path.relative_to(workplace).parts):
                continue
            # below a link lies the user's own folder
            if target.exists() or any(parent.is_symlink() for parent in target.parents if folder in parent.parents):
                raise PreparationError(
                    f"{archive}: {target.relative_to(folder)} is there already, from another archive or beside it; "
                    "unpack them yourself and give the folder"
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
    return digest
