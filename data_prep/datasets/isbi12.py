"""ISBI 2012: neuron membranes in a stack of electron microscopy slices, as 2D images."""

from functools import partial
from pathlib import Path

import numpy as np

from data_prep._register import register
from data_prep.reading import (
    Case,
    Plan,
    PreparationError,
    Sample,
    block_folds,
    blocks,
    check_choice,
    decode,
    find_root,
    translate,
)

SLICES = 30
SPLITS = ("held_out", "cross_validation")
# black is membrane
_CODING = {0: 1, 255: 0}
_WHERE = (
    "the ISBI 2012 challenge 'Segmentation of neuronal structures in EM stacks'; the source holds train-volume.tif and "
    "train-labels.tif"
)


@register(
    "isbi12",
    title="ISBI12",
    dims=2,
    structure="membranes",
    classes=("background", "membrane"),
    licence="free for non-commercial segmentation software, cite the papers (recalled, not read)",
    where=_WHERE,
    size="30 slices with labels, 512 x 512, grey",
    uses={"hpm": ["1"]},
    reference="Arganda-Carreras et al., Frontiers in Neuroanatomy 2015; Cardona et al., PLoS Biology 2010",
    unchecked=(
        "the official TIFF stacks (30 pages, 8 bit) were not at hand, only stacks rebuilt from PNG copies",
        "HPM's results fit 60 images, of which 30 have public labels",
        "the terms are recalled",
    ),
)
def isbi12(source: Path, *, split: str = "held_out") -> Plan:
    """Plan the labelled stack as 2D slices; the challenge's test stack has no public labels and is not used.

    Neighbouring slices look alike, so all parts are contiguous blocks of slices. "held_out" (this project's choice):
    the last fifth of the stack is the test set, the rest has four folds. "cross_validation" (HPM): five folds over
    all slices and no test set.

    Args:
        source: folder of the two stacks, or one that holds it as ISBI12/.
        split: "held_out" or "cross_validation".

    Returns:
        The plan.

    Raises:
        ValueError: the option's value.
        PreparationError: missing or broken stacks, or two that do not match.
    """
    check_choice("split", split, SPLITS)
    files = find_root(source, ("ISBI12",), ("train-volume.tif", "train-labels.tif"), _WHERE)
    paths = (files.find("train-volume.tif"), files.find("train-labels.tif"))
    volume, labels = _read_stacks(*paths)
    names = [f"slice{number:02d}" for number in range(len(volume))]
    test = blocks(names, 5)[-1] if split == "held_out" else []
    training = [name for name in names if name not in test]
    cases = [
        Case(name, partial(_load, volume[number], labels[number], paths[1], number), paths, test=name in test)
        for number, name in enumerate(names)
    ]
    missing = []
    if len(names) != SLICES:
        missing.append(f"{paths[0]}: {len(names)} slices of {SLICES}; get the official stacks")
    return Plan(
        cases=cases,
        channels=["EM"],
        folds=block_folds(training, 4 if split == "held_out" else 5),
        groups={"held_out": test} if test else {},
        source=files.root,
        missing=missing,
        card={
            "foreground": "membrane (0 in the files; cell interior is 255)",
            "folds": "contiguous blocks of slices",
            "exclusions": ["test-volume.tif: no public labels"],
            "notes": ["the test set is the last fifth of the labelled stack"] if test else [],
        },
    )


def _load(image: np.ndarray, label: np.ndarray, path: Path, number: int) -> Sample:
    try:
        return Sample(image[np.newaxis], translate(label, _CODING, path))
    except PreparationError as error:
        raise PreparationError(f"{problem} (slice {number})" for problem in error.problems) from error


def _read_stacks(volume: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    stacks, problems = [], []
    for path in (volume, labels):
        try:
            stack, _ = decode(path)
        except PreparationError as error:
            problems += error.problems
            continue
        if stack.ndim != 3 or stack.dtype != np.uint8:
            problems.append(f"{path}: expected a stack of 8 bit grey slices, got {stack.dtype} {stack.shape}")
        stacks.append(stack)
    if not problems and stacks[0].shape != stacks[1].shape:
        shapes = f"{stacks[0].shape} and {stacks[1].shape}"
        problems.append(f"{volume} and {labels} must have the same slices and size, got {shapes}; get both again")
    if problems:
        raise PreparationError(problems)
    if len(stacks[0]) < 5:
        raise PreparationError(f"{volume}: folds need 5 slices or more, got {len(stacks[0])}; get the official stacks")
    return stacks[0], stacks[1]
