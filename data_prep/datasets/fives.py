"""FIVES: vessels in fundus photographs, at the official size or smaller."""

from functools import partial
from pathlib import Path

import numpy as np

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    PreparationError,
    Sample,
    describe_counts,
    find_root,
    load_binary,
    names,
    split_cases,
    split_pairs,
    sum_areas,
)

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
    structure="retina",
    classes=("background", "vessel"),
    licence="CC BY 4.0 (recalled, not read)",
    where=_WHERE,
    size="600 training and 200 test images, 2048 x 2048, RGB",
    uses={"scnp": ["1", "2", "B.1", "E.3", "F", "H.8", "I.9", "K.13", "K.14"]},
    reference="Jin et al.: FIVES, a fundus image dataset for AI based vessel segmentation, Scientific Data 2022",
    unchecked=(
        "six images of the test part (all of kind A) were at hand when this was written",
        "how SCNP resized is not stated: at 2048, 1536, 1024, 512 and 256 it counts 4.4, 5.6, 5.7, 15 and 69 "
        "components an image, and these six have 3.5, 3.8, 3.0, 33 and 70",
        "the terms are recalled",
    ),
)
def fives(source: Path, *, size: int = 2048) -> Plan:
    """Plan the official test set and one fold of 480 training and 120 validation images, as in SCNP.

    Which 120 images SCNP validates on is not published: here every fifth of the sorted list. Smaller sizes average the
    image over the area of each new pixel, and keep as vessel what is vessel in at least half of that area. Thin
    vessels then fall apart, as they do in SCNP (69 components per image at 256, 4.4 at 2048).

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
    files = find_root(source, ("FIVES", "FIVES A Fundus Image Dataset"), ("train/Original", "test/Original"), _WHERE)
    pairs, lone = {}, []
    for part in COUNTS:
        pairs[part], alone = split_pairs(_list_pairs(files, part))
        lone += alone
    missing = describe_counts("FIVES", {part: len(found) for part, found in pairs.items()}, COUNTS, files.root)
    notes = []
    if not pairs["train"] and len(pairs["test"]) > 2:
        pairs = {"train": pairs["test"][::2], "test": pairs["test"][1::2]}
        notes = ["no training images were there: every other test image stands in"]
    training = names(pairs["train"])
    return Plan(
        cases=split_cases(pairs["train"], pairs["test"], partial(_load, size)),
        folds=[{"train": [name for name in training if name not in training[4::5]], "val": training[4::5]}],
        source=files.root,
        lone=lone,
        missing=missing,
        card={
            "foreground": "vessel (255 in the files)",
            "folds": "one: every fifth training image of the sorted list is for validation; the official test images",
            "resized": "no" if size == SIZES[0] else f"to {size} x {size}: area means, vessel where half of it is",
            "notes": notes,
        },
    )


def _list_pairs(files: Listing, part: str) -> list[Pair]:
    # the same file names are used in both parts
    images, masks = f"{part}/Original", f"{part}/Ground truth"
    stems = {path.stem for path in files.glob(f"{images}/*.png", f"{masks}/*.png")}
    ordered = sorted(stems, key=lambda stem: (len(stem.partition("_")[0]), stem))
    return [
        Pair.of(f"{part}_{stem}", files.find(f"{images}/{stem}.png"), files.find(f"{masks}/{stem}.png"))
        for stem in ordered
    ]


def _load(size: int, pair: Pair) -> Sample:
    sample = load_binary(pair)
    height, width = sample.label.shape
    if height != width or height < size:
        raise PreparationError(f"{pair.image}: expected {SIZES[0]} x {SIZES[0]} pixels, got {width} x {height}")
    if height == size or sample.image.shape[1:] != sample.label.shape:
        return sample
    vessel, area = sum_areas(sample.label, (size, size))
    channels = np.stack([sum_areas(channel, (size, size))[0] for channel in sample.image])
    return Sample(((2 * channels + area) // (2 * area)).astype(np.uint8), 2 * vessel >= area)
