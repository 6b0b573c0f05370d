"""Axons (DeepACSON): myelinated axons of mouse brain in electron microscopy volumes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data_prep._folds import grouped_folds
from data_prep._plan import Case, Plan, Sample
from data_prep._problems import PreparationError
from data_prep._register import register
from data_prep._source import describe_missing, find_lone, find_root

ANIMALS = ("Sham_25", "Sham_49", "TBI_24", "TBI_28", "TBI_2")
SIDES = ("contra", "ipsi")
_WHERE = (
    "https://etsin.fairdata.fi/dataset/f8ccc23a-1f1a-4c98-86b7-b63652a809c3; the source holds a folder for each "
    "sample, such as Sham_25_contra/, with HM_25_contra.h5 (the volume) and HM_25_contra_axons.mat (the axons' labels)"
)


@register(
    "axons",
    title="Axons (DeepACSON)",
    dims=3,
    classes=("background", "axon"),
    licence="CC BY 4.0 (recalled, not read)",
    where=_WHERE,
    size="10 high-magnification volumes of 5 animals, about 1062 x 1067 x 285",
    papers=("scnp",),
    reference="Abdollahzadeh, Belevich, Jokitalo, Sierra, Tohka: DeepACSON, Communications Biology 2021",
)
def axons(source: Path) -> Plan:
    """Plan five folds, one animal each, so that both hemispheres of an animal stay together; no test set.

    SCNP has five folds over the ten volumes and does not list them. Every labelled axon is foreground.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    root = find_root(source, ("White_Matter_EM", "White_matter_EM"), tuple(f"{a}_*" for a in ANIMALS), _WHERE)
    pairs = {f"{animal}_{side}": _paths(root, animal, side) for animal in ANIMALS for side in SIDES}
    absent = [name for name, (raw, label) in pairs.items() if not raw.is_file() and not label.is_file()]
    complete = {name: pair for name, pair in pairs.items() if all(path.is_file() for path in pair)}
    owners = {name: name.rpartition("_")[0] for name in complete}
    return Plan(
        cases=[Case(name, partial(_load, *pair), pair) for name, pair in complete.items()],
        classes=("background", "axon"),
        channels=["EM"],
        folds=grouped_folds(owners) if len(set(owners.values())) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=find_lone(pairs.values()),
        missing=[describe_missing("Axons", len(pairs), absent)] if absent else [],
        card={
            "foreground": "axon (every label but 0)",
            "folds": "five, one animal each (SCNP does not list its folds)",
            "unchecked": [
                "no file of the dataset was at hand: folders as SCNP names them; names and inner layout of the files, "
                "and the order of their axes, are recalled",
            ],
        },
    )


def _paths(root: Path, animal: str, side: str) -> tuple[Path, Path]:
    number = animal.rpartition("_")[2]
    folder = root / f"{animal}_{side}"
    return folder / f"HM_{number}_{side}.h5", folder / f"HM_{number}_{side}_axons.mat"


def _load(raw: Path, label: Path) -> Sample:
    image, axon = _read(raw), _read(label)
    if image.shape != axon.shape and image.shape == axon.shape[::-1]:
        # MATLAB counts its axes the other way round
        axon = np.transpose(axon)
    return Sample(image[np.newaxis], (axon > 0).astype(np.uint8))


def _read(path: Path) -> np.ndarray:
    """Read the one volume of an HDF5 file (MATLAB's files from version 7.3 on are such)."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            volumes = _volumes(file)
            if len(volumes) == 1:
                return volumes[0][()]
            names = ", ".join(str(volume.name) for volume in volumes) or "none"
    except OSError as error:
        raise PreparationError(f"{path}: cannot be read as HDF5 ({error}); get this file again") from error
    raise PreparationError(f"{path}: expected one array with three axes, found {names}; get this file again")


def _volumes(file: Any) -> Sequence[Any]:
    import h5py

    found: list[Any] = []

    def collect(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim == 3:
            found.append(item)

    file.visititems(collect)
    return found
