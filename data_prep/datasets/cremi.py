"""CREMI: membranes of neurons in electron microscopy, sample by sample, as 2D images."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from data_prep._register import register
from data_prep.reading import Case, Fold, Listing, Plan, PreparationError, Sample, block_folds, blocks, find_root

SLICES = 125
# clDice has 375 slices in all: 324 for three folds and 51 for the test, that is 17 of each sample
_CLDICE_TEST = 17
_RAW, _IDS = "volumes/raw", "volumes/labels/neuron_ids"
_WHERE = "https://cremi.org/data; the source holds sample_A_20160501.hdf and the same for B and C (cropped versions)"
_LICENCE = "free to use, cite the challenge (recalled, not read)"
_REFERENCE = "Funke, Saalfeld, Bock, Turaga, Perlman: CREMI, MICCAI challenge 2016"
_UNCHECKED = (
    "no file of the dataset was at hand; the file format is as cremi.org describes it",
    "how the papers drew their membranes from the ids is not stated",
    "HPM's results for CREMI-C fit 123 slices instead of 125",
)
_ONE = "125 slices, 1250 x 1250, grey"
# what the samples share
_register = partial(
    register,
    dims=2,
    structure="membranes",
    classes=("background", "membrane"),
    licence=_LICENCE,
    where=_WHERE,
    reference=_REFERENCE,
    unchecked=_UNCHECKED,
)


@_register("cremi_a", title="CREMI-A", size=_ONE, uses={"hpm": ["1"]})
def cremi_a(source: Path, *, radius: int = 2) -> Plan:
    """Plan sample A as 2D slices, in five folds of contiguous blocks, without a test set (HPM). See `plan_samples`."""
    return plan_samples(source, "A", radius)


@_register("cremi_b", title="CREMI-B", size=_ONE, uses={"hpm": ["1"]})
def cremi_b(source: Path, *, radius: int = 2) -> Plan:
    """Plan sample B as 2D slices, in five folds of contiguous blocks, without a test set (HPM). See `plan_samples`."""
    return plan_samples(source, "B", radius)


@_register("cremi_c", title="CREMI-C", size=_ONE, uses={"hpm": ["1"]})
def cremi_c(source: Path, *, radius: int = 2) -> Plan:
    """Plan sample C as 2D slices, in five folds of contiguous blocks, without a test set (HPM). See `plan_samples`."""
    return plan_samples(source, "C", radius)


@_register("cremi", title="CREMI", size="3 x 125 slices, 1250 x 1250, grey", uses={"cldice": ["1"]})
def cremi(source: Path, *, radius: int = 2) -> Plan:
    """Plan all samples: the last 17 slices of each for the test, three folds over the others (clDice's numbers).

    Which slices clDice took is not published. Fold k validates on the k-th third of each sample. See `plan_samples`.
    """
    return plan_samples(source, "ABC", radius, test=_CLDICE_TEST)


def plan_samples(source: Path, samples: str, radius: int, *, test: int = 0) -> Plan:
    """Plan the slices of samples; membranes are derived from the neuron ids.

    The files name the neuron of each pixel, not membranes. Here a pixel is membrane where it is within `radius` pixels
    (4-connected steps) of a pixel with another id; no paper says how wide its membranes are. Id 0, which marks pixels
    of no neuron, counts as one more id: the rim of such an area is membrane, its inside is not. Slices whose image is
    constant (damaged sections) are left out.

    Args:
        source: folder of the files, or one that holds it.
        samples: letters out of "ABC".
        radius: in pixels of 4 nm, at least 1.
        test: number of slices at the end of each sample that are for the test.

    Returns:
        The plan.

    Raises:
        ValueError: `radius` is not a whole number of at least 1.
        PreparationError: no such layout, or broken files.
    """
    if isinstance(radius, bool) or not isinstance(radius, int) or radius < 1:
        raise ValueError(f"`radius` must be a whole number of 1 or more, got {radius!r}")
    files = find_root(source, ("CREMI", "cremi"), tuple(f"sample_{letter}_*.hdf" for letter in samples), _WHERE)
    slices: dict[str, list[Case]] = {}
    missing, excluded, problems = [], [], []
    for letter in samples:
        try:
            found, left_out, total = _list_slices(files, letter, radius)
        except PreparationError as error:
            problems += error.problems
            continue
        slices[letter] = found
        excluded += left_out
        if total != SLICES:
            missing.append(f"{files.root}: CREMI-{letter}: {total} slices of {SLICES}; get the official file")
    held_out = {letter: [case.name for case in found[len(found) - test :]] for letter, found in slices.items() if test}
    cases = [
        Case(case.name, case.load, case.sources, test=case.name in held_out.get(letter, ()))
        for letter, found in slices.items()
        for case in found
    ]
    training = {letter: [c.name for c in cases if not c.test and c.name[0] == letter] for letter in slices}
    return Plan(
        cases=cases,
        channels=["EM"],
        folds=_make_folds(training, 3 if test else 5),
        groups=held_out,
        source=files.root,
        problems=problems,
        missing=missing,
        card={
            "foreground": f"membrane: within {radius} pixels of another neuron's id, 0 (no neuron) counted as an id",
            "folds": "contiguous blocks of slices" + (" of each sample" if len(samples) > 1 else ""),
            "exclusions": excluded,
            "notes": ["slice by slice; the distance between slices is 40 nm, between pixels 4 nm"],
        },
    )


def _make_folds(training: Mapping[str, Sequence[str]], count: int) -> list[Fold]:
    if any(len(names) < 2 for names in training.values()) or not training:
        return []
    if len(training) == 1:
        return list(block_folds(next(iter(training.values())), count))
    parts = [blocks(sorted(names), count) for names in training.values()]
    everything = sorted(name for names in training.values() for name in names)
    folds: list[Fold] = []
    for number in range(count):
        held = {name for part in parts for name in part[number]}
        folds.append({"train": [name for name in everything if name not in held], "val": sorted(held)})
    return folds


def _list_slices(files: Listing, letter: str, radius: int) -> tuple[list[Case], list[str], int]:
    """Return the cases of a sample, what is left out, and the number of slices."""
    path = _find_file(files, letter)
    cases, excluded = [], []
    with _open(path) as (raw, ids):
        if raw.shape != ids.shape or raw.ndim != 3 or raw.dtype != np.uint8:
            raise PreparationError(
                f"{path}: expected {_RAW} (8 bit) and {_IDS} of one shape, got {raw.dtype} {raw.shape} and {ids.shape};"
                " get the cropped version"
            )
        for number in range(len(raw)):
            name, section = f"{letter}{number:03d}", raw[number]
            if section.min() == section.max():
                excluded.append(f"{name}: a constant image (a damaged section)")
            else:
                cases.append(Case(name, partial(_load, path, number, radius), (path,)))
        return cases, excluded, len(raw)


def _find_file(files: Listing, letter: str) -> Path:
    found = [path for path in files.glob(f"sample_{letter}_*.hdf") if "padded" not in path.name]
    if not found:
        raise PreparationError(f"{files.root / f'sample_{letter}_20160501.hdf'}: missing; {_WHERE}")
    return found[0]


@contextmanager
def _open(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a file and yield its image and ids, which are read slice by slice."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file[_RAW], file[_IDS]
    except (OSError, KeyError) as error:
        raise PreparationError(
            f"{path}: cannot be read as HDF5 with {_RAW} and {_IDS} ({error}); get this file again"
        ) from error


def _load(path: Path, number: int, radius: int) -> Sample:
    with _open(path) as (raw, ids):
        return Sample(raw[number][np.newaxis], membranes(ids[number], radius))


def membranes(ids: np.ndarray, radius: int) -> np.ndarray:
    """Find the pixels near another neuron.

    Args:
        ids: (H, W), the neuron of each pixel.
        radius: how near, in 4-connected steps, at least 1.

    Returns:
        (H, W), bool.
    """
    near = np.zeros(ids.shape, bool)
    for axis in (0, 1):
        first = tuple(slice(None, -1) if a == axis else slice(None) for a in (0, 1))
        second = tuple(slice(1, None) if a == axis else slice(None) for a in (0, 1))
        differs = ids[first] != ids[second]
        near[first] |= differs
        near[second] |= differs
    return ndimage.binary_dilation(near, iterations=radius - 1) if radius > 1 else near
