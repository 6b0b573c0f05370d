"""CrackForest (CFD): cracks in photographs of roads."""

from pathlib import Path

import numpy as np

from data_prep._register import register
from data_prep.reading import (
    Pair,
    Plan,
    PreparationError,
    Sample,
    describe_counts,
    find_root,
    interleaved_folds,
    names,
    read_image,
    read_matlab,
    split_cases,
    split_pairs,
    translate,
)

COUNTS = {"annotated": 118}
# 1 background, 2 crack, 3 area enclosed by cracks, 4 other marks, such as a crack across a painted line
_CODING = {1: 0, 2: 1, 3: 0, 4: 0}
_WHERE = (
    "https://github.com/cuilimeng/CrackForest-dataset; the source is its root, which holds image/NNN.jpg and "
    "groundTruth/NNN.mat"
)


@register(
    "crackforest",
    title="CrackForest",
    dims=2,
    structure="cracks",
    classes=("background", "crack"),
    licence="non-commercial research only (the repository's README, read)",
    where=_WHERE,
    size="118 annotated images, 480 x 320, RGB",
    reference="Shi, Cui, Qi, Meng, Chen: Automatic road crack detection, IEEE T-ITS 2016",
    unchecked=("images 101 to 118 were not at hand when this was written",),
)
def crackforest(source: Path) -> Plan:
    """Plan the annotated images; there is no official split, so every fifth image is for the test.

    Args:
        source: the repository's root, or a folder that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("CrackForest", "CrackForest-dataset-master"), ("groundTruth",), _WHERE)
    numbers = sorted(path.stem for path in files.glob("groundTruth/[0-9][0-9][0-9].mat"))
    bare = sorted({path.stem for path in files.glob("image/[0-9][0-9][0-9].jpg")} - set(numbers))
    # images from 201 on were never annotated; another one without a mask has lost it
    lost = [number for number in bare if int(number) <= COUNTS["annotated"]]
    listed = [
        Pair.of(number, files.find(f"image/{number}.jpg"), files.find(f"groundTruth/{number}.mat"))
        for number in sorted([*numbers, *lost])
    ]
    pairs, lone = split_pairs(listed)
    test = pairs[::5]
    training = [pair for pair in pairs if pair not in test]
    return Plan(
        cases=split_cases(training, test, _load),
        folds=interleaved_folds(names(training)),
        source=files.root,
        lone=lone,
        missing=describe_counts("CrackForest", {"annotated": len(pairs)}, COUNTS, files.root),
        card={
            "foreground": "crack (value 2 in the files; 3, areas enclosed by cracks, and 4, other marks, are not)",
            "folds": "five over the training images; test: every fifth image of the list (this project's choice)",
            "exclusions": [f"{len(bare) - len(lost)} images without a ground truth (201 and up)"],
        },
    )


def _load(pair: Pair) -> Sample:
    return Sample(read_image(pair.image, 3), translate(_read_segmentation(pair.mask), _CODING, pair.mask))


def _read_segmentation(path: Path) -> np.ndarray:
    truth = read_matlab(path).get("groundTruth")
    segmentation = truth.get("Segmentation") if isinstance(truth, dict) else None
    if segmentation is None:
        raise PreparationError(f"{path}: expected groundTruth.Segmentation in a .mat file; get this file again")
    return segmentation
