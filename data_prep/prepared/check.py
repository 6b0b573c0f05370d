"""The thorough check of a prepared folder: every file, every image, every label."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data_prep._problems import PreparationError
from data_prep.prepared.json_files import compare_checksums, recorded_checksums
from data_prep.prepared.read import Prepared
from data_prep.reading import check_geometry
from topology import betti_numbers


def check(folder: str | Path, progress: bool = False) -> list[str]:
    """Return everything that is wrong with a prepared folder or a user's own in nnU-Net's raw layout.

    Checks the checksums, that images and labels can be read, have equal sizes, the same geometry and only the classes
    of dataset.json, that images have no NaN, that folds do not overlap, and that Betti numbers on the card are those of
    the labels.

    Args:
        folder: the folder.
        progress: show a bar (on a terminal only).

    Returns:
        One line for each problem: path, what is wrong, what to do. Empty if there is none.
    """
    folder = Path(folder)
    problems: list[str] = []
    try:
        recorded = recorded_checksums(folder)
        problems += [] if recorded is None else compare_checksums(folder, recorded)
        data = Prepared(folder, verify=False)
    except PreparationError as error:
        return problems + error.problems
    cases = data.cases("train") + data.cases("test")
    for case in tqdm(cases, desc=data.name, unit="case", disable=None if progress else True):
        try:
            problems += _check_case(data, case)
        except PreparationError as error:
            problems += error.problems
    # a broken file shows up in its checksum and when it is read
    return list(dict.fromkeys(problems))


def _check_case(data: Prepared, case: str) -> Iterator[str]:
    image = data.image(case)
    if not data.has_label(case):
        return
    label = data.label(case)
    if image.shape[1:] != label.shape:
        yield f"{data.folder}: case {case}: image {image.shape[1:]} and label {label.shape} differ in size"
    elif data.dims == 3:
        paths = data.files(case)
        check_geometry(paths, [label.shape] * len(paths))
    if not np.isfinite(image).all():
        yield f"{data.folder}: case {case}: the image holds NaN or infinite values; replace them"
    for index, stored in data.card.betti.get(case, {}).items():
        measured = betti_numbers(label == int(index), data.card.adjacency)
        if list(measured) != stored:
            yield f"{data.folder}: case {case}, class {index}: Betti numbers {list(measured)}, the card says {stored}"
