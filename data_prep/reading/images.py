"""2D images and masks of official files: what their pixels may be."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data_prep._problems import PreparationError
from data_prep.reading.decode import decode, drop_opaque_alpha


def read_image(path: Path, channels: int) -> np.ndarray:
    """Read a 2D image of 8 bits.

    Args:
        path: the file.
        channels: 1 (grey) or 3 (RGB; an opaque alpha channel is ignored).

    Returns:
        (channels, H, W), uint8.

    Raises:
        PreparationError: unreadable, or another kind of image.
    """
    image, _ = decode(path)
    if image.ndim == 2:
        image = image[..., np.newaxis]
    image = drop_opaque_alpha(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != channels:
        kind = {1: "grey", 3: "RGB"}[channels]
        raise PreparationError(f"{path}: expected an 8 bit {kind} image, got {image.dtype} {image.shape}; get it again")
    return np.moveaxis(image, -1, 0)


def read_mask(path: Path, coding: Mapping[int, int]) -> np.ndarray:
    """Read a 2D mask and translate its values.

    Args:
        path: the file; grey, or RGB with three equal channels. One bit reads as 0 and 255.
        coding: {value in the file: class index}.

    Returns:
        (H, W), uint8, class indices.

    Raises:
        PreparationError: unreadable, not one channel, or a value that the coding does not have.
    """
    mask, _ = decode(path)
    mask = drop_opaque_alpha(mask) if mask.ndim == 3 else mask
    if mask.ndim == 3 and mask.shape[-1] == 3 and (mask == mask[..., :1]).all():
        mask = mask[..., 0]
    if mask.dtype == bool:
        mask = mask * np.uint8(255)
    if mask.ndim != 2:
        raise PreparationError(f"{path}: expected a mask of one channel, got {mask.shape}; get it again")
    return translate(mask, coding, path)


def translate(mask: np.ndarray, coding: Mapping[int, int], path: Path) -> np.ndarray:
    """Translate a mask's values into class indices.

    Args:
        mask: of any shape.
        coding: {value in the file: class index}.
        path: for the message.

    Returns:
        uint8, same shape.

    Raises:
        PreparationError: a value that the coding does not have.
    """
    label = np.zeros(mask.shape, np.uint8)
    known = np.zeros(mask.shape, bool)
    for value, index in coding.items():
        is_value = mask == value
        label[is_value] = index
        known |= is_value
    if not known.all():
        values = np.unique(mask[~known])
        shown = ", ".join(map(str, values[:8].tolist())) + (", ..." if len(values) > 8 else "")
        allowed = ", ".join(map(str, coding))
        raise PreparationError(
            f"{path}: a mask may hold the values {allowed}, got also {shown}; get the file again as released (not "
            "resized, not saved as JPEG)"
        )
    return label
