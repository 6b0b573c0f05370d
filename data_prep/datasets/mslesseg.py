"""MSLesSeg: lesions of multiple sclerosis in MRI, several times for many patients."""

from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.official_files import find_root
from data_prep.reading.volumes import BINARY, Volumes, make_volume_cases

COUNTS = {"train": 93, "test": 22}
_CHANNELS = ("T1", "T2", "FLAIR")
_WHERE = (
    "https://doi.org/10.6084/m9.figshare.27919209; the source holds train/PN/TM/PN_TM_{T1,T2,FLAIR,MASK}.nii.gz and "
    "test/PN/PN_{T1,T2,FLAIR,MASK}.nii.gz"
)


@register(
    "mslesseg",
    title="MSLesSeg",
    dims=3,
    classes=("background", "lesion"),
    licence="CC BY 4.0 (recalled, not read)",
    where=_WHERE,
    size="93 training and 22 test volumes, 182 x 218 x 182, T1, T2 and FLAIR",
    papers=("scnp",),
    reference="Guarnera et al.: MSLesSeg, Scientific Data 2025",
)
def mslesseg(source: Path) -> Plan:
    """Plan the official test set and one fold of the training volumes; all times of a patient stay together.

    SCNP validates on 19 of 93 training volumes and does not list them: here every fifth patient in the order of their
    numbers, which gives another number of volumes where patients were scanned more often.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    root = find_root(source, ("MSLesSeg", "MSLesSeg Dataset"), ("train/P*",), _WHERE)
    cases, problems, missing = [], [], []
    names: dict[str, list[str]] = {}
    for part, count in COUNTS.items():
        files = _list_files(root / part)
        found, wrong = make_volume_cases(files, BINARY, test=list(files) if part == "test" else ())
        names[part] = [case.name for case in found]
        cases += found
        problems += wrong
        if len(found) != count:
            missing.append(f"{root / part}: MSLesSeg, {part}: {len(found)} volumes of {count}; complete the download")
    patients = sorted({_patient(name) for name in names["train"]}, key=lambda patient: int(patient[1:]))
    held = set(patients[::5])
    return Plan(
        cases=cases,
        classes=("background", "lesion"),
        channels=["T1w", "T2w", "FLAIR"],
        folds=[
            {
                "train": [name for name in names["train"] if _patient(name) not in held],
                "val": [name for name in names["train"] if _patient(name) in held],
            }
        ],
        source=root,
        problems=problems,
        missing=missing,
        card={
            "foreground": "lesion (1 in the files)",
            "folds": "one: every fifth patient validates, all times of a patient together; the official test set",
            "unchecked": [
                "no file of the dataset was at hand: names are as others describe them",
                "SCNP has 74 + 19 volumes and does not say which",
            ],
        },
    )


def _patient(name: str) -> str:
    return name.partition("_")[0]


def _list_files(folder: Path) -> dict[str, Volumes]:
    """Find every patient's, or every time's, three images and mask."""
    kinds = (*_CHANNELS, "MASK")
    stems = {
        path.with_name(path.name[: -len(f"_{kind}.nii.gz")])
        for kind in kinds
        for pattern in (f"P*/P*_{kind}.nii.gz", f"P*/T*/P*_T*_{kind}.nii.gz")
        for path in folder.glob(pattern)
    }
    return {
        stem.name: (
            tuple(stem.with_name(f"{stem.name}_{channel}.nii.gz") for channel in _CHANNELS),
            stem.with_name(f"{stem.name}_MASK.nii.gz"),
        )
        for stem in sorted(stems)
    }
