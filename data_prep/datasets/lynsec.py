"""LyNSeC: nuclei of lymphoma cells, IHC and H&E stained."""

from functools import partial
from pathlib import Path

import numpy as np

from data_prep._register import register
from data_prep.reading import (
    SPLIT_DOUBT,
    Case,
    Plan,
    PreparationError,
    Sample,
    describe_counts,
    find_root,
    read_array,
    split_as_scnp,
    to_8_bit,
)

COUNTS = {"lynsec 1": 379, "lynsec 2": 280, "lynsec 3": 40}
_WHERE = (
    "https://zenodo.org/records/8065174; the source holds lynsec 1/, lynsec 2/ and lynsec 3/ with NAME.npy (red, "
    "green, blue, number of the nucleus, and where known its class)"
)


@register(
    "lynsec",
    title="LyNSeC",
    dims=2,
    structure="nuclei",
    classes=("background", "nucleus"),
    licence="CC BY 4.0 (read as quoted elsewhere)",
    where=_WHERE,
    size="379 IHC and 320 H&E images, 512 x 512, RGB",
    uses={"scnp": ["H.8", "I.12"]},
    reference="Naji et al.: HoLy-Net and LyNSeC, Computers in Biology and Medicine 2024",
    unchecked=(
        "no file of the dataset was at hand; the planes of the arrays are as others read them",
        SPLIT_DOUBT,
    ),
)
def lynsec(source: Path) -> Plan:
    """Plan 559 training, 70 validation and 70 test images, SCNP's numbers. Touching nuclei are one component.

    SCNP calls them H&E, but its 699 images are those of all three parts, of which the first is IHC.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("lynsec", "LyNSeC"), tuple(COUNTS), _WHERE)
    parts = {part: files.glob(f"{part}/*.npy") for part in COUNTS}
    arrays = {f"{part.replace(' ', '')}_{path.stem}": path for part, paths in parts.items() for path in paths}
    folds, test = split_as_scnp(list(arrays))
    return Plan(
        cases=[Case(name, partial(_load, path), (path,), test=name in test) for name, path in arrays.items()],
        folds=folds,
        groups={
            "IHC": [name for name in test if name.startswith("lynsec1")],
            "H&E": [name for name in test if not name.startswith("lynsec1")],
        },
        source=files.root,
        missing=describe_counts("LyNSeC", {part: len(paths) for part, paths in parts.items()}, COUNTS, files.root),
        card={
            "foreground": "nucleus (fourth plane above 0)",
            "folds": "one; by position in the sorted list: 0 of ten is test, 5 is validation (SCNP's numbers)",
            "notes": [
                "others report labels that do not fit their images in lynsec 2 (names ending in _l2): not left out"
            ],
        },
    )


def _load(path: Path) -> Sample:
    planes = read_array(path)
    if planes.ndim != 3 or planes.shape[-1] < 4:
        raise PreparationError(f"{path}: expected an array (H, W, 4 or 5), got {planes.shape}; get this file again")
    return Sample(to_8_bit(planes[..., :3], path), (planes[..., 3] > 0).astype(np.uint8))
