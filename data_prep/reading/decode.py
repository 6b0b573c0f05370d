"""Image files of any format that a dataset has, as arrays; every error names the file's path."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from data_prep._problems import PreparationError
from data_prep.reading.tiff import check_directories

# the formats that Pillow may try: by default it also starts other programs, as for PostScript
_PICTURES = ("PNG", "JPEG", "GIF", "BMP", "PPM", "TIFF", "WEBP")
_POINTER = b"version https://git-lfs"
# deflate cannot pack closer than 1032 : 1
_CLOSEST = 1100
# of an unpacked picture
_MOST_BYTES = 1 << 31


def decode(path: Path) -> tuple[np.ndarray, tuple[float, ...]]:
    """Read an image or a mask of any format that a dataset here has.

    Args:
        path: .png, .jpg, .gif, .bmp, .ppm, .ppm.gz, .webp, .tif, .tiff, .nii or .nii.gz.

    Returns:
        The array as stored, channels last in 2D, z, y, x in 3D, colours of a palette as RGB; and the spacing, empty
        where the format has none.

    Raises:
        PreparationError: the file is missing, truncated or not what its name says.
    """
    return _decode(path, palette="RGB")


def decode_mask(path: Path) -> np.ndarray:
    """Read a user's mask: as `decode`, but a palette's indices are kept, and equal channels are reduced to one.

    Args:
        path: see `decode`; a last axis of length 1 of a NIfTI file, and an opaque alpha channel, are ignored.

    Returns:
        (H, W) or (D, H, W).

    Raises:
        PreparationError: see `decode`; also a mask of several colours.
    """
    mask = _decode(path, palette=None)[0]
    if is_nifti(path):
        return drop_single_axes(mask)
    if mask.ndim == 3 and mask.shape[-1] in (3, 4):
        colours = drop_opaque_alpha(mask)
        if (colours != colours[..., :1]).any():
            raise PreparationError(f"{path}: a mask must have one channel, got colours; save class indices")
        return colours[..., 0]
    return mask


def is_nifti(path: Path) -> bool:
    """Return whether a file is NIfTI."""
    return path.name.lower().endswith((".nii", ".nii.gz"))


def drop_single_axes(volume: np.ndarray) -> np.ndarray:
    """Drop the further axes of length 1 that some NIfTI files have; here they come first."""
    while volume.ndim > 3 and volume.shape[0] == 1:
        volume = volume[0]
    return volume


def drop_opaque_alpha(image: np.ndarray) -> np.ndarray:
    """Drop the fourth of four channels (H, W, 4) where it is 255 everywhere."""
    return image[..., :3] if image.shape[-1] == 4 and (image[..., 3] == 255).all() else image


def _decode(path: Path, palette: str | None) -> tuple[np.ndarray, tuple[float, ...]]:
    if not path.is_file():
        raise PreparationError(f"{path}: no such file; complete the download or the copy")
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise PreparationError(f"{path}: a pointer of Git LFS, not the file itself; run `git lfs pull`")
    try:
        return _read(path, palette)
    except PreparationError:
        raise
    # libraries fail in many ways on damaged files, out of memory included
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PreparationError(f"{path}: cannot be read ({reason}); get this file again") from error


def _read(path: Path, palette: str | None) -> tuple[np.ndarray, tuple[float, ...]]:
    name = path.name.lower()
    if is_nifti(path):
        return _read_nifti(path)
    if name.endswith((".tif", ".tiff")):
        return _read_tiff(path), ()
    if name.endswith(".gz"):
        import gzip

        with gzip.open(path) as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES >> 30} GiB when unpacked")
        return _read_picture(io.BytesIO(content), palette), ()
    return _read_picture(path, palette), ()


def _read_picture(file: Any, palette: str | None) -> np.ndarray:
    from PIL import Image

    with Image.open(file, formats=_PICTURES) as image:
        return np.asarray(image.convert(palette) if image.mode == "P" and palette else image)


def _read_nifti(path: Path) -> tuple[np.ndarray, tuple[float, ...]]:
    import nibabel

    image: Any = nibabel.load(path)
    claimed = math.prod(image.shape) * image.get_data_dtype().itemsize
    held = path.stat().st_size * (_CLOSEST if path.name.lower().endswith(".gz") else 1)
    if claimed > held:
        raise ValueError(f"truncated, or its header is wrong: {claimed} bytes are claimed")
    volume = np.asanyarray(image.dataobj)
    zooms = [float(zoom) for zoom in image.header.get_zooms()[: volume.ndim]]
    if not all(math.isfinite(zoom) and zoom > 0 for zoom in zooms):
        raise ValueError(f"the spacing must be positive numbers, got {zooms}")
    return np.ascontiguousarray(volume.transpose()), tuple(reversed(zooms))


def _read_tiff(path: Path) -> np.ndarray:
    import tifffile

    check_directories(path)
    with tifffile.TiffFile(path) as file:
        size = path.stat().st_size
        for number, page in enumerate(file.pages):
            ends = [start + length for start, length in zip(page.dataoffsets, page.databytecounts, strict=True)]
            # tifffile fills a truncated page up with zeros
            if max(ends, default=0) > size:
                raise ValueError(f"truncated: page {number} ends at byte {max(ends)} of {size}")
        return file.asarray()
