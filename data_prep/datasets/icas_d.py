"""ICAS-d: coronary arteries in CT angiography, ImageCAS made smaller (HPM)."""

from functools import partial
from pathlib import Path

import numpy as np

from data_prep._plan import Case, Plan, Sample
from data_prep._register import register
from data_prep.reading.folds import interleaved_folds
from data_prep.reading.official_files import describe_missing, find_lone, find_root
from data_prep.reading.resampling import area_mean
from data_prep.reading.volumes import BINARY, load_volumes

# HPM has 100 volumes of 1000 and does not say which: here the first
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
    classes=("background", "artery"),
    licence="Apache-2.0 (recalled, not read)",
    where=_WHERE,
    size="100 volumes, made smaller to 128 x 128 x 72",
    papers=("hpm",),
    reference="Zeng et al.: ImageCAS, Computerized Medical Imaging and Graphics 2023",
)
def icas_d(source: Path, *, share: float = 0.25) -> Plan:
    """Plan five folds over 100 downsampled volumes, without a test set.

    How HPM made the volumes smaller is not stated. Here each new voxel of the image is the mean over the old ones that
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
    root = find_root(source, ("ImageCAS",), ("*.label.nii.gz", "*-*/*.label.nii.gz"), _WHERE)
    pairs = {number: (_find(root, number, "img"), _find(root, number, "label")) for number in NUMBERS}
    absent = [str(number) for number, pair in pairs.items() if not any(path.is_file() for path in pair)]
    complete = {f"{n:04d}": pair for n, pair in pairs.items() if all(path.is_file() for path in pair)}
    return Plan(
        cases=[Case(name, partial(_load, float(share), *pair), pair) for name, pair in complete.items()],
        classes=("background", "artery"),
        channels=["CT"],
        folds=interleaved_folds(list(complete)) if len(complete) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=find_lone(pairs.values()),
        missing=[describe_missing("ICAS-d", len(pairs), absent)] if absent else [],
        card={
            "foreground": "coronary artery (1 in the files)",
            "folds": "five over volumes 1 to 100 (HPM has 100 volumes and does not say which)",
            "resized": f"to 128 x 128 x 72 (x, y, z): means; artery where {share:g} of a voxel is",
            "unchecked": ["no file of the dataset was at hand: layout and values are recalled"],
        },
    )


def _find(root: Path, number: int, kind: str) -> Path:
    name = f"{number}.{kind}.nii.gz"
    return next((path for path in sorted(root.glob(f"*/{name}"))), root / name)


def _load(share: float, image: Path, label: Path) -> Sample:
    whole = load_volumes((image,), label, BINARY)
    volume = area_mean(whole.image[0], SHAPE)
    artery = area_mean(whole.label, SHAPE) >= share - 1e-5
    spacing = whole.spacing or (1.0, 1.0, 1.0)
    steps = tuple(step * old / new for step, old, new in zip(spacing, whole.label.shape, SHAPE, strict=True))
    return Sample(np.rint(volume)[np.newaxis].astype(np.int16), artery.astype(np.uint8), steps)
