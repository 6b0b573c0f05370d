"""One file of labels: values, spacing, geometry."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data_prep import PreparationError
from data_prep.reading import decode
from evaluation.scoring.problems import ScoringError

SUFFIXES = (".nii.gz", ".nii", ".png", ".tif", ".tiff")
_CHANNELS = (3, 4)
# ImageJ's names of units, in millimetres
_UNITS = {"micron": 1e-3, "um": 1e-3, "µm": 1e-3, "\\u00B5m": 1e-3, "nm": 1e-6, "mm": 1.0, "cm": 10.0}


@dataclass(frozen=True)
class LabelImage:
    """The labels of a case.

    Attributes:
        values: (H, W) or (D, H, W), any integer type; of a NIfTI file the axes are z, y, x.
        spacing: along each axis; None if the file has none.
        affine: of a NIfTI file, (4, 4); None for other formats.
    """

    values: npt.NDArray[Any]
    spacing: tuple[float, ...] | None
    affine: npt.NDArray[np.float64] | None


def read(path: Path) -> LabelImage:
    """Read a file of labels.

    Args:
        path: PNG, TIFF or NIfTI.

    Returns:
        Its content.

    Raises:
        ScoringError: unreadable or truncated; not a label image: colours, NaN, probabilities, negative values.
    """
    try:
        values, spacing = decode(path)
    except PreparationError as error:
        raise ScoringError(str(error)) from error
    values, spacing = _squeezed(path, values, spacing)
    name = path.name.lower()
    if name.endswith((".tif", ".tiff")):
        return LabelImage(_whole_numbers(path, values), _tiff_spacing(path, values.ndim), None)
    if name.endswith((".nii", ".nii.gz")):
        return LabelImage(_whole_numbers(path, values), spacing, _affine(path))
    return LabelImage(_whole_numbers(path, values), None, None)


def _squeezed(path: Path, values: npt.NDArray[Any], spacing: tuple[float, ...]) -> tuple[Any, tuple[float, ...]]:
    """Drop identical channels, and time axes with one point."""
    is_nifti = bool(spacing)
    if is_nifti and values.ndim > 3 and set(values.shape[:-3]) == {1}:
        return values.reshape(values.shape[-3:]), spacing[-3:]
    if not is_nifti and values.ndim == 3 and values.shape[-1] in _CHANNELS and min(values.shape[:2]) > max(_CHANNELS):
        first = values[..., :1]
        if not (values[..., :3] == first).all():
            raise ScoringError(f"{path}: a colour image; write class indices, one channel")
        return values[..., 0], spacing
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise ScoringError(
            f"{path}: expected one 2D or 3D label image, got shape {values.shape}; write one file a case"
        )
    return values, spacing


def _whole_numbers(path: Path, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values.dtype == bool:
        return values.astype(np.uint8)
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise ScoringError(
                f"{path}: {np.count_nonzero(~np.isfinite(values))} values are NaN or infinite; write 0 there"
            )
        if not (values == np.round(values)).all():
            raise ScoringError(
                f"{path}: values from {values.min():.3g} to {values.max():.3g} are no class indices; threshold the "
                "probabilities (or take the argmax) first"
            )
    elif values.dtype.kind not in "iu":
        raise ScoringError(f"{path}: expected class indices, got {values.dtype}")
    if values.min() < 0:
        raise ScoringError(f"{path}: class indices start at 0, got {values.min():.0f}")
    return values if values.dtype.kind in "u" else values.astype(np.uint16 if values.max() < 2**16 else np.int64)


def _affine(path: Path) -> npt.NDArray[np.float64]:
    import nibabel

    image: Any = nibabel.load(path)
    return np.asarray(image.affine, np.float64)


def _tiff_spacing(path: Path, ndim: int) -> tuple[float, ...] | None:
    """Return the spacing in mm that ImageJ wrote; the resolution of other TIFF files is that of a printer."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        known = file.imagej_metadata or {}
        tags = file.pages[0].tags  # type: ignore[union-attr]
        unit = _UNITS.get(str(known.get("unit", "")).strip())
        if unit is None or "XResolution" not in tags or "YResolution" not in tags:
            return None
        sides = [tags[name].value for name in ("YResolution", "XResolution")]
    plane = [unit * bottom / top if top else 0.0 for top, bottom in sides]
    found = [unit * float(known.get("spacing", 0.0)), *plane] if ndim == 3 else plane
    return tuple(found) if min(found) > 0 else None
