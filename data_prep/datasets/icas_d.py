"""ICAS-d: coronary arteries in CT angiography, ImageCAS downsampled (HPM)."""

from functools import partial
from pathlib import Path

import numpy as np

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    Sample,
    describe_absent,
    find_root,
    interleaved_folds,
    load_volumes,
    make_cases,
    names,
    split_pairs,
    sum_areas,
)

# HPM uses 100 volumes of 1000 and does not say which: here the first
NUMBERS = range(1, 101)
# z, y, x
SHAPE = (72, 128, 128)
_WHERE = (
    "https://github.com/XiaoweiXu (ImageCAS); the source holds N.img.nii.gz and N.label.nii.gz, in one folder or in "
    "several such as 1-200/"
)


@register(
    "icas_d",
    title="ICAS-d",
    dims=3,
    structure="vessels in 3D",
    classes=("background", "artery"),
    licence="Apache-2.0 (recalled, not read)",
    where=_WHERE,
    size="100 volumes, made smaller to 128 x 128 x 72",
    uses={"hpm": ["1"]},
    reference="Zeng et al.: ImageCAS, Computerized Medical Imaging and Graphics 2023",
    unchecked=("no file of the dataset was at hand: layout and values are recalled",),
)
def icas_d(source: Path, *, share: float = 0.25) -> Plan:
    """Plan five folds over 100 downsampled volumes, without a test set.

    How HPM downsampled the volumes is not stated. Here each new voxel of the image is the mean over the old ones that
    it covers, and it is artery where at least `share` of it is; with 0.5 thin arteries would fall apart.

    Args:
        source: folder of the download, or one that holds it.
        share: in (0, 1].

    Returns:
        The plan.

    Raises:
        ValueError: the option's value.
        PreparationError: no such layout.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"`share` must lie in (0, 1], got {share!r}")
    files = find_root(source, ("ImageCAS",), ("*.label.nii.gz", "*-*/*.label.nii.gz"), _WHERE)
    listed = [Pair.of(f"{n:04d}", _find(files, n, "img"), _find(files, n, "label")) for n in NUMBERS]
    pairs, lone = split_pairs(listed)
    absent = [str(int(pair.name)) for pair in listed if pair.is_absent]
    return Plan(
        cases=make_cases(pairs, partial(_load, float(share))),
        channels=["CT"],
        folds=interleaved_folds(names(pairs)),
        source=files.root,
        lone=lone,
        missing=describe_absent("ICAS-d", len(listed), absent),
        card={
            "foreground": "coronary artery (1 in the files)",
            "folds": "five over volumes 1 to 100 (HPM has 100 volumes and does not say which)",
            "resized": f"to 128 x 128 x 72 (x, y, z): means; artery where {share:g} of a voxel is",
        },
    )


def _find(files: Listing, number: int, kind: str) -> Path:
    name = f"{number}.{kind}.nii.gz"
    return next(iter(files.glob(f"*/{name}")), files.find(name))


def _load(share: float, pair: Pair) -> Sample:
    whole = load_volumes(pair)
    volume, size = sum_areas(whole.image[0], SHAPE)
    artery, _ = sum_areas(whole.label, SHAPE)
    spacing = whole.spacing or (1.0, 1.0, 1.0)
    steps = tuple(step * old / new for step, old, new in zip(spacing, whole.label.shape, SHAPE, strict=True))
    return Sample(
        np.rint(volume / size)[np.newaxis].astype(np.int16), (artery / size >= share - 1e-9).astype(np.uint8), steps
    )
