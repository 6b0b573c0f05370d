"""MiniVess: two-photon volumes of brain vessels of mice."""

import re
from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.folds import interleaved_folds
from data_prep.reading.official_files import find_root
from data_prep.reading.volumes import BINARY, describe_count, find_nifti, make_volume_cases, strip_ending

COUNT = 70
_WHERE = (
    "https://doi.org/10.25493/HPBE-YHK (EBRAINS); the source holds mvNN.nii.gz and mvNN_y.nii.gz, in one folder or in "
    "raw/ and seg/"
)


@register(
    "minivess",
    title="MiniVess",
    dims=3,
    classes=("background", "vessel"),
    licence="CC BY-NC-SA 4.0 (recalled, not read)",
    where=_WHERE,
    size="70 volumes, 512 x 512 and 5 to 110 slices",
    reference="Poon et al.: A dataset of rodent cerebrovasculature from multiphoton imaging, Scientific Data 2023",
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
    root = find_root(source, ("MiniVess", "minivess"), ("mv*_y.nii*", "seg/mv*_y.nii*"), _WHERE)
    images, labels = (root / "raw", root / "seg") if (root / "seg").is_dir() else (root, root)
    names = {strip_ending(path).removesuffix("_y") for folder in (images, labels) for path in folder.glob("mv*.nii*")}
    # other files may lie beside the volumes
    numbers = {name: int(name[2:]) for name in names if re.fullmatch(r"mv\d+", name)}
    ordered = sorted(numbers, key=lambda name: numbers[name])
    files = {name: ((find_nifti(images, name),), find_nifti(labels, f"{name}_y")) for name in ordered}
    test = ordered[::5]
    cases, problems = make_volume_cases(files, BINARY, test=test)
    training = [case.name for case in cases if not case.test]
    return Plan(
        cases=cases,
        classes=("background", "vessel"),
        channels=["two-photon"],
        folds=interleaved_folds(training) if len(training) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=problems,
        missing=describe_count("MiniVess", len(cases), COUNT, root),
        card={
            "foreground": "vessel (1 in the files)",
            "folds": "five; test: every fifth volume by number (this project's choice)",
            "unchecked": [
                "one label and no image were at hand; names of images, and of folders, are as others' code has them"
            ],
        },
    )
