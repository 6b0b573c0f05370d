"""Official folders as users have them: upper or lower case in the names, and clutter left by operating systems."""

import fnmatch
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from data_prep._problems import PreparationError

_LITTER = ("thumbs.db", "desktop.ini", "__macosx")
# volumes with and without compression are the same to a reader
_SAME = ((".nii.gz", ".nii"), (".tiff", ".tif"), (".ppm.gz", ".ppm"))
_VOLUME_ENDINGS = (".nii.gz", ".nii", ".tiff", ".tif")


def is_litter(path: Path) -> bool:
    """Return whether a file or folder is left behind by an operating system: hidden (`._*` too), Thumbs.db, ..."""
    return path.name.startswith(".") or path.name.lower() in _LITTER


class Listing:
    """The files below a folder, found regardless of the case of their names, without clutter.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folders: dict[Path, dict[str, Path]] = {}

    def glob(self, *patterns: str) -> list[Path]:
        """Return files and folders.

        Args:
            *patterns: relative paths with wildcards in any part, such as "*/*_sat.jpg"; no "**".

        Returns:
            The paths that match any of them, sorted, each once.
        """
        return sorted({path for pattern in patterns for path in self._match(self.root, PurePosixPath(pattern).parts)})

    def find(self, *names: str) -> Path:
        """Return one file or folder.

        Args:
            *names: relative paths, the official one first; other endings of one format (.nii for .nii.gz, .tif for
                .tiff) need not be given.

        Returns:
            The first that exists, else the first official name.
        """
        for name in (variant for given in names for variant in _variants(given)):
            if found := self._descend(name):
                return found
        return self.root / names[0]

    def has(self, *patterns: str) -> bool:
        """Return whether anything matches."""
        return any(True for pattern in patterns for _ in self._match(self.root, PurePosixPath(pattern).parts))

    def _descend(self, name: str) -> Path | None:
        place = self.root
        for part in PurePosixPath(name).parts:
            if (place / part).exists():
                place = place / part
            elif found := self._entries(place).get(part.lower()):
                place = found
            else:
                return None
        return place

    def _match(self, folder: Path, parts: Sequence[str]) -> Iterator[Path]:
        if not parts:
            yield folder
            return
        for name, path in self._entries(folder).items():
            if fnmatch.fnmatchcase(name, parts[0].lower()):
                yield from self._match(path, parts[1:])

    def _entries(self, folder: Path) -> dict[str, Path]:
        """Return the content of a folder, {name in lower case: path}; of names that differ only in case, the first."""
        if folder not in self._folders:
            names = sorted(os.listdir(folder), reverse=True) if folder.is_dir() else []
            self._folders[folder] = {name.lower(): folder / name for name in names if not is_litter(folder / name)}
        return self._folders[folder]


def _variants(name: str) -> Iterator[str]:
    yield name
    for endings in _SAME:
        for ending in endings:
            if name.lower().endswith(ending):
                yield from (name[: -len(ending)] + other for other in endings if other != ending)
                return


def strip_ending(path: Path) -> str:
    """Return a volume's name without .nii.gz, .nii, .tif or .tiff."""
    for ending in _VOLUME_ENDINGS:
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)]
    return path.name


def find_root(source: Path, folders: Sequence[str], markers: Sequence[str], where: str) -> Listing:
    """Find the folder that holds an official layout: the source itself, or one below it.

    Archives often wrap everything in an extra folder, so after the usual names, every folder down to three levels is
    searched.

    Args:
        source: folder that the user gave.
        folders: relative paths that the layout may lie in; "" is tried first anyway.
        markers: relative paths of which at least one exists in the right folder; may hold wildcards.
        where: where to get the dataset, for the message.

    Returns:
        The folder's listing.

    Raises:
        PreparationError: no such folder, or several.
    """
    whole = Listing(source)
    for folder in (source, *(path for name in folders if (path := whole.find(name)).is_dir())):
        if (listing := Listing(folder)).has(*markers):
            return listing
    for pattern in ("*", "*/*", "*/*/*"):
        below = (Listing(folder) for folder in whole.glob(pattern) if folder.is_dir())
        found = [listing for listing in below if listing.has(*markers)]
        if len(found) > 1:
            raise PreparationError(
                f"{source}: the layout is there twice, in {found[0].root} and {found[1].root}; give one of them"
            )
        if found:
            return found[0]
    places = " or ".join(str(source / marker) for marker in markers)
    raise PreparationError(f"{source}: expected {places} (also looked in the folders below); {where}")
