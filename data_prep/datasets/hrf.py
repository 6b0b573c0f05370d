"""HRF: vessels in high-resolution fundus photographs."""

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
    describe_fields_of_view,
    find_root,
    interleaved_folds,
    load_binary,
    names,
    split_cases,
    split_pairs,
    sum_areas,
)

# diabetic retinopathy, glaucoma, healthy; the first has upper-case extensions
KINDS = {"dr": "JPG", "g": "jpg", "h": "jpg"}
NUMBERS = range(1, 16)
# ContextLoss uses 36 + 9 images and does not say which: here the last three of each kind
_TEST = (13, 14, 15)
SHRINKS = (1, 2, 4)
_NO_FIELD = "the field of view (mask/) is not used: metrics see the whole image"
_WHERE = (
    "https://www5.cs.fau.de/research/data/fundus-images/; the source holds images/NN_{dr.JPG,g.jpg,h.jpg} and "
    "manual1/NN_{dr,g,h}.tif"
)


@register(
    "hrf",
    title="HRF",
    dims=2,
    structure="retina",
    classes=("background", "vessel"),
    licence="CC BY 4.0 (read as quoted elsewhere)",
    where=_WHERE,
    size="45 images (15 each of diabetic retinopathy, glaucoma, healthy), 3504 x 2336, RGB",
    uses={"contextloss": ["5"]},
    reference="Budai, Bock, Maier, Hornegger, Michelson: Robust vessel segmentation in fundus images, IJBI 2013",
    unchecked=("images 04 to 15, and the official masks as files, were not at hand when this was written",),
)
def hrf(source: Path, *, shrink: int = 1) -> Plan:
    """Plan 36 training images in five folds and 9 test images, the numbers of ContextLoss.

    Args:
        source: folder of the download, or one that holds it.
        shrink: 1 (official), 2 or 4: sides are divided by it; the image is averaged over each new pixel, which is
            vessel where half of it is, and in the field of view where all of it is.

    Returns:
        The plan.

    Raises:
        ValueError: the option's value.
        PreparationError: no such layout.
    """
    if shrink not in SHRINKS:
        raise ValueError(f"`shrink` must be one of {', '.join(map(str, SHRINKS))}, got {shrink!r}")
    files = find_root(source, ("HRF", "all"), ("manual1",), _WHERE)
    listed = [_pair(files, number, kind) for number in NUMBERS for kind in KINDS]
    pairs, lone = split_pairs(listed)
    absent = names(pair for pair in listed if pair.is_absent)
    test = [pair for pair in pairs if int(pair.name[:2]) in _TEST]
    notes = []
    if not test and len(pairs) > 3:
        test, notes = pairs[-3:], ["no images 13 to 15 were there: the last three images stand in for the test set"]
    training = [pair for pair in pairs if pair not in test]
    return Plan(
        cases=split_cases(training, test, partial(_load, shrink)),
        folds=interleaved_folds(names(training)),
        groups={kind: [pair.name for pair in test if pair.name.endswith(f"_{kind}")] for kind in KINDS},
        source=files.root,
        lone=lone,
        missing=describe_absent("HRF", len(listed), absent),
        card={
            "foreground": "vessel (255 in the files)",
            "folds": "five over the training images; test: 13, 14, 15 of each kind (ContextLoss does not say which)",
            "resized": "no" if shrink == 1 else f"sides divided by {shrink}: area means, vessel where half of it is",
            "notes": [*notes, *(describe_fields_of_view(pairs) or [_NO_FIELD])],
        },
    )


def _pair(files: Listing, number: int, kind: str) -> Pair:
    name = f"{number:02d}_{kind}"
    return Pair.of(
        name,
        files.find(f"images/{name}.{KINDS[kind]}"),
        files.find(f"manual1/{name}.tif"),
        files.find(f"mask/{name}_mask.tif"),
    )


def _load(shrink: int, pair: Pair) -> Sample:
    sample = load_binary(pair)
    if shrink == 1 or sample.image.shape[1:] != sample.label.shape:
        return sample
    height, width = sample.label.shape
    size = (height // shrink, width // shrink)
    vessel, area = sum_areas(sample.label, size)
    channels = np.stack([sum_areas(channel, size)[0] for channel in sample.image])
    seen = sample.field_of_view
    inside = None if seen is None else sum_areas(seen, size)[0] == area
    return Sample(((2 * channels + area) // (2 * area)).astype(np.uint8), 2 * vessel >= area, field_of_view=inside)
