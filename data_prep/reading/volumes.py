"""Shared by the 3D datasets: volumes of one or several channels with their labels, in the same geometry."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data_prep._plan import Sample
from data_prep._problems import PreparationError
from data_prep.reading.decode import decode, drop_single_axes
from data_prep.reading.geometry import check_geometry
from data_prep.reading.images import translate
from data_prep.reading.pairs import Pair

BINARY: Mapping[int, int] = {0: 0, 1: 1}


def load_volumes(pair: Pair, coding: Mapping[int, int] = BINARY, spacing: tuple[float, ...] = ()) -> Sample:
    """Read a volume's channels and its label; orientation and values of the images stay as stored.

    Args:
        pair: one path for each channel, and the label.
        coding: {value in the label file: class index}.
        spacing: z, y, x, if the files do not state it.

    Returns:
        The sample.

    Raises:
        PreparationError: an unreadable file, not three axes, another geometry, or an unexpected label value.
    """
    volumes = [read_volume(path) for path in pair.files]
    notes = check_geometry(pair.files, [volume.shape for volume, _ in volumes])
    own = volumes[0][1]
    image = np.stack([volume for volume, _ in volumes[:-1]])
    label = translate(volumes[-1][0], coding, pair.mask)
    return Sample(image, label, own if len(own) == 3 else spacing, notes=tuple(notes))


def read_volume(path: Path) -> tuple[np.ndarray, tuple[float, ...]]:
    """Read a volume.

    Args:
        path: NIfTI, or TIFF of several pages.

    Returns:
        The array (z, y, x), and the spacing, empty if the format has none.

    Raises:
        PreparationError: unreadable, or not three axes.
    """
    volume, spacing = decode(path)
    volume = drop_single_axes(volume)
    if volume.ndim != 3:
        raise PreparationError(f"{path}: expected a volume with three axes, got {volume.shape}; get it again")
    return volume, spacing[-3:]
