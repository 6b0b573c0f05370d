"""FIVES: vessels in fundus photographs, at the official size or smaller."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data_prep._plan import Plan, Sample
from data_prep._problems import PreparationError
from data_prep._register import register
from data_prep.reading.official_files import find_root
from data_prep.reading.pairs import Pair, count_missing, load_binary, make_cases, split_pairs

if TYPE_CHECKING:
    from scipy import sparse

COUNTS = {"train": 600, "test": 200}
SIZES = (2048, 1536, 1024, 512, 256)
_WHERE = (
    "https://doi.org/10.6084/m9.figshare.19688169; the source holds {train,test}/Original/N_K.png and "
    "{train,test}/Ground truth/N_K.png (K is A, D, G or N)"
)


@register(
    "fives",
    title="FIVES",
    dims=2,
    classes=("background", "vessel"),
    licence="CC BY 4.0 (recalled, not read)",
    where=_WHERE,
    size="600 training and 200 test images, 2048 x 2048, RGB",
    papers=("scnp",),
    reference="Jin et al.: FIVES, a fundus image dataset for AI based vessel segmentation, Scientific Data 2022",
)
def fives(source: Path, *, size: int = 2048) -> Plan:
    """Plan the official test set and one fold of 480 training and 120 validation images, as SCNP has.

    Which 120 images SCNP validates on is not published: here every fifth of the sorted list. Smaller sizes average the
    image over the area of each new pixel, and keep as vessel what is vessel in at least half of that area. Thin
    vessels then fall apart, as they do in SCNP (69 components an image at 256, 4.4 at 2048).

    Args:
        source: folder of the download, or one that holds it.
        size: 2048 (official), 1536, 1024, 512 or 256 pixels.

    Returns:
        The plan.

    Raises:
        ValueError: the option's value.
        PreparationError: no such layout.
    """
    if size not in SIZES:
        raise ValueError(f"`size` must be one of {', '.join(map(str, SIZES))}, got {size!r}")
    root = find_root(source, ("FIVES", "FIVES A Fundus Image Dataset"), ("train/Original", "test/Original"), _WHERE)
    pairs, problems = {}, []
    for part in COUNTS:
        pairs[part], lone = split_pairs(_list_pairs(root, part))
        problems += lone
    missing = count_missing("FIVES", {part: len(found) for part, found in pairs.items()}, COUNTS, root)
    notes = []
    if not pairs["train"] and len(pairs["test"]) > 2:
        pairs = {"train": pairs["test"][::2], "test": pairs["test"][1::2]}
        notes = ["no training images were there: every other test image stands in"]
    training = [pair.name for pair in pairs["train"]]
    load = partial(_load, size)
    return Plan(
        cases=make_cases(pairs["train"], load) + make_cases(pairs["test"], load, test=True),
        classes=("background", "vessel"),
        channels=["R", "G", "B"],
        folds=[{"train": [name for name in training if name not in training[4::5]], "val": training[4::5]}],
        source=root,
        problems=problems,
        missing=missing,
        card={
            "foreground": "vessel (255 in the files)",
            "folds": "one: every fifth training image of the sorted list is for validation; the official test images",
            "resized": "no" if size == SIZES[0] else f"to {size} x {size}: area means, vessel where half of it is",
            "notes": notes,
            "unchecked": [
                "six images of the test part (all of kind A) were at hand when this was written",
                "how SCNP resized is not stated: at 2048, 1536, 1024, 512 and 256 it counts 4.4, 5.6, 5.7, 15 and 69 "
                "components an image, and these six have 3.5, 3.8, 3.0, 33 and 70",
                "the terms are recalled",
            ],
        },
    )


def _list_pairs(root: Path, part: str) -> list[Pair]:
    # the same file names are used in both parts
    images, masks = root / part / "Original", root / part / "Ground truth"
    stems = {path.stem for folder in (images, masks) for path in folder.glob("[!.]*.png")}
    ordered = sorted(stems, key=lambda stem: (len(stem.partition("_")[0]), stem))
    return [Pair(f"{part}_{stem}", images / f"{stem}.png", masks / f"{stem}.png") for stem in ordered]


def _load(size: int, image: Path, mask: Path) -> Sample:
    sample = load_binary(image, mask)
    height, width = sample.label.shape
    if height != width or height < size:
        raise PreparationError(f"{image}: expected {SIZES[0]} x {SIZES[0]} pixels, got {width} x {height}")
    if height == size or sample.image.shape[1:] != sample.label.shape:
        return sample
    whole = height**2
    channels = np.stack([_sum_areas(channel, size) for channel in sample.image])
    label = 2 * _sum_areas(sample.label, size) >= whole
    return Sample(((2 * channels + whole) // (2 * whole)).astype(np.uint8), label)


def _sum_areas(channel: np.ndarray, size: int) -> np.ndarray:
    """Sum over the area of each new pixel, parts of old pixels by their share.

    Whole numbers, so that no rounding decides about a vessel: a new pixel is as long as `len(channel)` units.
    """
    overlaps = _measure_overlaps(len(channel), size)
    return (overlaps @ (overlaps @ channel.astype(np.int64)).T).T


def _measure_overlaps(old: int, new: int) -> "sparse.csr_array":
    """Give how many units of 1 / (old * new) of the side each new pixel (row) shares with each old one (column)."""
    from scipy import sparse

    cuts = np.union1d(np.arange(old + 1) * new, np.arange(new + 1) * old)
    starts = cuts[:-1]
    return sparse.csr_array((np.diff(cuts), (starts // old, starts // new)), shape=(new, old))
