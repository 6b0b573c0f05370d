"""The geometry of one case's volumes: the same voxels must show the same place."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep._problems import PreparationError
from data_prep.reading.decode import is_nifti

# displacements in voxels: below the first, rounding of single precision; from the second on, another place
_ROUNDING, _ELSEWHERE = 0.01, 0.5


def check_geometry(paths: Sequence[Path], shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """Compare size and geometry of a case's volumes.

    Two NIfTI files have the same geometry if no corner of the first is displaced in the second, measured in its voxels:
    a flip, another spacing, and a shifted origin all displace some corner. Displacements below half a voxel are common
    (tools round differently) and only worth a warning.

    Args:
        paths: of the volumes.
        shapes: of the arrays, z, y, x.

    Returns:
        Warnings, one line each.

    Raises:
        PreparationError: the first two that differ in size, or by half a voxel or more in place.
    """
    for path, shape in zip(paths[1:], shapes[1:], strict=True):
        if shape != shapes[0]:
            sizes = f"{_size(shapes[0])} and {_size(shape)}"
            raise PreparationError(f"{paths[0]} and {path} must have the same size, got {sizes}; get both again")
    warnings = []
    for path in paths[1:]:
        if len(shapes[0]) != 3 or not (is_nifti(path) and is_nifti(paths[0])):
            continue
        displacement = _displacement(paths[0], path, shapes[0])
        # not a number, where an affine matrix cannot be inverted, is no small displacement either
        if not displacement < _ELSEWHERE:
            raise PreparationError(
                f"{paths[0]} and {path} must lie in the same place (spacing, origin and direction in their headers "
                f"displace voxels by up to {displacement:.3g} voxels); get both again, or resample one onto the other"
            )
        if displacement > _ROUNDING:
            warnings.append(f"{path}: displaced by up to {displacement:.2g} voxels against {paths[0].name}")
    return warnings


def _displacement(first: Path, second: Path, shape: tuple[int, ...]) -> float:
    """Return the largest displacement, in voxels, of a corner of the first in the second."""
    here, there = _affine(first), _affine(second)
    corners = np.array([(*corner, 1.0) for corner in itertools.product(*((0, length) for length in reversed(shape)))])
    moved = (corners @ (there - here).T)[:, :3]
    try:
        return float(np.abs(np.linalg.solve(here[:3, :3], moved.T)).max())
    except np.linalg.LinAlgError:
        return float("nan")


def _affine(path: Path) -> np.ndarray:
    import nibabel

    image: Any = nibabel.load(path)
    return np.asarray(image.affine, dtype=np.float64)


def _size(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
