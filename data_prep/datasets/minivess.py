"""MiniVess: two-photon volumes of brain vessels of mice."""

import re
from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Pair,
    Plan,
    describe_count,
    find_root,
    interleaved_folds,
    load_volumes,
    make_cases,
    split_pairs,
    strip_ending,
)

COUNT = 70
_WHERE = (
    "https://doi.org/10.25493/HPBE-YHK (EBRAINS); the source holds mvNN.nii.gz and mvNN_y.nii.gz, in one folder or in "
    "raw/ and seg/"
)


@register(
    "minivess",
    title="MiniVess",
    dims=3,
    structure="vessels in 3D",
    classes=("background", "vessel"),
    licence="CC BY-NC-SA 4.0 (recalled, not read)",
    where=_WHERE,
    size="70 volumes, 512 x 512 and 5 to 110 slices",
    reference="Poon et al.: A dataset of rodent cerebrovasculature from multiphoton imaging, Scientific Data 2023",
    unchecked=("one label and no image were at hand; names of images, and of folders, are as others' code has them",),
)
def minivess(source: Path) -> Plan:
    """Plan all volumes: every fifth for the test, five folds over the others (this project's choice).

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("MiniVess", "minivess"), ("mv*_y.nii*", "seg/mv*_y.nii*"), _WHERE)
    images, labels = ("raw/", "seg/") if files.find("seg").is_dir() else ("", "")
    stems = {strip_ending(path).removesuffix("_y") for path in files.glob(f"{images}mv*.nii*", f"{labels}mv*.nii*")}
    # other files may lie beside the volumes
    numbers = {stem: int(stem[2:]) for stem in stems if re.fullmatch(r"mv\d+", stem)}
    ordered = sorted(numbers, key=lambda stem: numbers[stem])
    listed = [
        Pair.of(stem, files.find(f"{images}{stem}.nii.gz"), files.find(f"{labels}{stem}_y.nii.gz")) for stem in ordered
    ]
    pairs, lone = split_pairs(listed)
    cases = [case for pair in pairs for case in make_cases([pair], load_volumes, test=pair.name in ordered[::5])]
    training = [case.name for case in cases if not case.test]
    return Plan(
        cases=cases,
        channels=["two-photon"],
        folds=interleaved_folds(training),
        source=files.root,
        lone=lone,
        missing=describe_count("MiniVess", len(cases), COUNT, files.root),
        card={
            "foreground": "vessel (1 in the files)",
            "folds": "five; test: every fifth volume by number (this project's choice)",
        },
    )
