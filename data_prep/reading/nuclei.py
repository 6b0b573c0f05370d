"""Nuclei of cells: instances become one foreground class."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from data_prep._plan import Fold
from data_prep._problems import PreparationError
from data_prep.reading.pairs import deal_out

SPLIT_DOUBT = (
    "which images SCNP drew is not published; InstanSeg, which it trained with, has code that shuffles the sorted "
    "files with seed 42 and cuts them at 80 % and 90 %, which gives the same numbers but not the split made here"
)


def read_array(path: Path) -> np.ndarray:
    """Read an array that NumPy has saved.

    Args:
        path: .npy.

    Returns:
        The array.

    Raises:
        PreparationError: missing, truncated, no such file, or one that only Python could unpickle.
    """
    try:
        return np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise PreparationError(f"{path}: no such file; complete the download") from None
    except (ValueError, OSError, EOFError) as error:
        raise PreparationError(f"{path}: cannot be read as a NumPy array ({error}); get this file again") from error


def split_as_scnp(names: Sequence[str]) -> tuple[list[Fold], list[str]]:
    """Split nuclei images as SCNP does in numbers: about 80 % training, 10 % validation, 10 % test.

    Which images SCNP drew is not published: of the sorted list, position 0 of ten is for the test, 5 for validation.

    Args:
        names: of the cases.

    Returns:
        One fold, and the test cases.
    """
    split: Mapping[str, list[str]] = deal_out(names, test=(0,), val=(5,))
    return [{"train": split["train"], "val": split["val"]}], split["test"]


def to_8_bit(image: np.ndarray, path: Path) -> np.ndarray:
    """Return an RGB image (H, W, 3) of whole numbers 0..255 as uint8, channels first.

    Args:
        image: of any number type.
        path: for the message.

    Returns:
        (3, H, W), uint8.

    Raises:
        PreparationError: another shape or other values.
    """
    if (
        image.ndim != 3
        or image.shape[-1] != 3
        or image.min() < 0
        or image.max() > 255
        or (image != np.rint(image)).any()
    ):
        raise PreparationError(
            f"{path}: expected an RGB image of 8 bits, got {image.dtype} {image.shape}; get it again"
        )
    return np.moveaxis(image.astype(np.uint8), -1, 0)
