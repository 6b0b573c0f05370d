"""Axons (DeepACSON): myelinated axons of rat brain in electron microscopy volumes."""

from pathlib import Path
from typing import Any

import numpy as np

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    PreparationError,
    Sample,
    describe_absent,
    find_root,
    grouped_folds,
    make_cases,
    names,
    read_matlab,
    split_pairs,
)

ANIMALS = ("Sham_25", "Sham_49", "TBI_24", "TBI_28", "TBI_2")
SIDES = ("contra", "ipsi")
# micrometres, z first
_SPACING = (0.05, 0.015, 0.015)
_WHERE = (
    "https://etsin.fairdata.fi/dataset/f8ccc23a-1f1a-4c98-86b7-b63652a809c3; the source holds a folder for each "
    "sample, such as Sham_25_contra/, with HM_25_contra.h5 (the volume) and HM_25_contra_myelinated_axons.mat (the "
    "axons' labels)"
)


@register(
    "axons",
    title="Axons (DeepACSON)",
    dims=3,
    structure="axons in 3D",
    classes=("background", "axon"),
    licence="CC BY 4.0 (as others quote the record, not read there)",
    where=_WHERE,
    size="10 high-magnification volumes of 5 animals, about 1062 x 1067 x 285",
    uses={"scnp": ["H.8", "I.9"]},
    reference="Abdollahzadeh, Belevich, Jokitalo, Sierra, Tohka: DeepACSON, Communications Biology 2021",
    unchecked=(
        "no file of the dataset was at hand: folders, names, inner layout, order of the axes and size of the "
        "voxels are as published code of others reads them",
    ),
)
def axons(source: Path) -> Plan:
    """Plan five folds, one animal each, so that both hemispheres of an animal stay together; no test set.

    SCNP uses five folds over the ten volumes and does not list them. Every labelled axon is foreground.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("White matter EM", "White_matter_EM"), tuple(f"{a}_*" for a in ANIMALS), _WHERE)
    listed = [_pair(files, animal, side) for animal in ANIMALS for side in SIDES]
    pairs, lone = split_pairs(listed)
    owners = {pair.name: pair.name.rpartition("_")[0] for pair in pairs}
    return Plan(
        cases=make_cases(pairs, _load),
        channels=["EM"],
        folds=grouped_folds(owners),
        source=files.root,
        lone=lone,
        missing=describe_absent("Axons", len(listed), names(pair for pair in listed if pair.is_absent)),
        card={
            "foreground": "axon (every label but 0)",
            "folds": "five, one animal each (SCNP does not list its folds)",
            "notes": [
                "rats, though SCNP says mice; voxels of 15 x 15 x 50 nm, given here in micrometres (which spacing SCNP "
                "gave nnU-Net is not stated)",
                "myelin has files of its own, which are not used: it is background",
            ],
        },
    )


def _pair(files: Listing, animal: str, side: str) -> Pair:
    number = animal.rpartition("_")[2]
    stem = f"{animal}_{side}/HM_{number}_{side}"
    return Pair.of(f"{animal}_{side}", files.find(f"{stem}.h5"), files.find(f"{stem}_myelinated_axons.mat"))


def _load(pair: Pair) -> Sample:
    image, axon = _read(pair.image), _read(pair.mask)
    if image.shape != axon.shape and image.shape == axon.shape[::-1]:
        # MATLAB counts its axes x, y, z
        axon = np.transpose(axon)
    return Sample(image[np.newaxis], (axon > 0).astype(np.uint8), _SPACING)


def _read(path: Path) -> np.ndarray:
    """Read the one volume of a file: HDF5, as MATLAB writes too from version 7.3 on, or MATLAB's format before that."""
    try:
        volumes = _read_hdf5(path) if path.suffix.lower() != ".mat" or _is_hdf5(path) else _read_matlab(path)
    except PreparationError:
        raise
    # h5py fails in many ways on damaged files
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PreparationError(f"{path}: cannot be read as HDF5 ({reason}); get this file again") from error
    if len(volumes) != 1:
        found = ", ".join(volumes) or "none"
        raise PreparationError(f"{path}: expected one array with three axes, found {found}; get this file again")
    return next(iter(volumes.values()))


def _is_hdf5(path: Path) -> bool:
    import h5py

    return bool(h5py.is_hdf5(path))


def _read_hdf5(path: Path) -> dict[str, np.ndarray]:
    import h5py

    found: dict[str, np.ndarray] = {}

    def collect(name: str, item: Any) -> None:
        # an axis of length 1 for the channels
        if isinstance(item, h5py.Dataset) and sum(length > 1 for length in item.shape) == 3:
            found[name] = np.squeeze(item[()])

    with h5py.File(path, "r") as file:
        file.visititems(collect)
    return found


def _read_matlab(path: Path) -> dict[str, np.ndarray]:
    arrays = read_matlab(path)
    return {name: array for name, array in arrays.items() if isinstance(array, np.ndarray) and array.ndim == 3}
