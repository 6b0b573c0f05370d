"""What the 3D datasets share: volumes of one or several channels with their labels, in one geometry."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from data_prep._plan import Case, Sample
from data_prep._problems import PreparationError
from data_prep.reading.formats import decode
from data_prep.reading.official_files import find_lone, translate

BINARY: Mapping[int, int] = {0: 0, 1: 1}
# affine matrices are stored in single precision
_SAME = 1e-3

Volumes = tuple[tuple[Path, ...], Path]


def make_volume_cases(
    files: Mapping[str, Volumes],
    coding: Mapping[int, int],
    *,
    test: Sequence[str] = (),
    spacing: tuple[float, ...] = (),
) -> tuple[list[Case], list[str]]:
    """Turn files into cases, and give a line for each file whose partner is absent.

    Args:
        files: {case: (one path for each channel, path of the label)}; some may be absent.
        coding: {value in the label file: class index}.
        test: names of the test cases.
        spacing: z, y, x, where the files do not say.

    Returns:
        The complete cases in the given order, and the problems.
    """
    problems = [line for images, label in files.values() for image in images for line in find_lone([(image, label)])]
    complete = {name: found for name, found in files.items() if all(p.is_file() for p in (*found[0], found[1]))}
    cases = [
        Case(name, partial(load_volumes, images, label, coding, spacing), (*images, label), test=name in test)
        for name, (images, label) in complete.items()
    ]
    return cases, list(dict.fromkeys(problems))


def load_volumes(
    images: tuple[Path, ...], label: Path, coding: Mapping[int, int], spacing: tuple[float, ...] = ()
) -> Sample:
    """Read a volume's channels and its label; orientation and values of the images stay as stored.

    Args:
        images: one path for each channel.
        label: path of the label.
        coding: {value in the label file: class index}.
        spacing: z, y, x, where the files do not say.

    Returns:
        The sample.

    Raises:
        PreparationError: an unreadable file, not three axes, another geometry, or an unexpected label value.
    """
    volumes = [read_volume(path) for path in (*images, label)]
    check_geometry((*images, label), [volume for volume, _ in volumes])
    own = volumes[0][1]
    image = np.stack([volume for volume, _ in volumes[:-1]])
    return Sample(image, translate(volumes[-1][0], coding, label), own if len(own) == 3 else spacing)


def read_volume(path: Path) -> tuple[np.ndarray, tuple[float, ...]]:
    """Read a volume.

    Args:
        path: NIfTI, or TIFF of several pages.

    Returns:
        The array (z, y, x), and the spacing, empty where the format has none.

    Raises:
        PreparationError: unreadable, or not three axes.
    """
    volume, spacing = decode(path)
    # some NIfTI files carry a fourth axis of length 1
    while volume.ndim > 3 and volume.shape[0] == 1:
        volume, spacing = volume[0], spacing[1:]
    if volume.ndim != 3:
        raise PreparationError(f"{path}: expected a volume with three axes, got {volume.shape}; get it again")
    return volume, spacing


def check_geometry(paths: Sequence[Path], volumes: Sequence[np.ndarray]) -> None:
    """Refuse volumes of one case that differ in size, or as NIfTI files in their place in space.

    Args:
        paths: of the volumes.
        volumes: the arrays.

    Raises:
        PreparationError: the first two that differ.
    """
    for path, volume in zip(paths[1:], volumes[1:], strict=True):
        if volume.shape != volumes[0].shape:
            sizes = f"{_size(volumes[0])} and {_size(volume)}"
            raise PreparationError(f"{paths[0]} and {path} must have the same size, got {sizes}; get both again")
    affines = [_affine(path) for path in paths]
    for path, affine in zip(paths[1:], affines[1:], strict=True):
        if affine is not None and affines[0] is not None and np.abs(affine - affines[0]).max() > _SAME:
            raise PreparationError(
                f"{paths[0]} and {path} must lie in the same place (their affine matrices differ by up to "
                f"{np.abs(affine - affines[0]).max():.3g}); get both again, or resample one onto the other"
            )


def _affine(path: Path) -> np.ndarray | None:
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        return None
    import nibabel

    image = nibabel.load(path)
    return np.asarray(image.affine, dtype=np.float64)  # type: ignore[attr-defined]


def _size(volume: np.ndarray) -> str:
    return " x ".join(map(str, volume.shape))


def find_nifti(folder: Path, name: str) -> Path:
    """Give the path of NAME.nii where only that is there, else of NAME.nii.gz."""
    plain = folder / f"{name}.nii"
    packed = folder / f"{name}.nii.gz"
    return plain if plain.is_file() and not packed.is_file() else packed


def strip_ending(path: Path) -> str:
    """Give a volume's name without .nii.gz, .nii, .tif or .tiff."""
    for ending in (".nii.gz", ".nii", ".tiff", ".tif"):
        if path.name.endswith(ending):
            return path.name[: -len(ending)]
    return path.name


def describe_count(title: str, found: int, expected: int, where: Path, what: str = "volumes") -> list[str]:
    """Give one line where another number of volumes is there than officially.

    Args:
        title: of the dataset.
        found: how many are there.
        expected: how many there should be.
        where: the folder, for the message.
        what: the name of what is counted.

    Returns:
        The line, or none.
    """
    return [] if found == expected else [f"{where}: {title}: {found} {what} of {expected}; complete the download"]
