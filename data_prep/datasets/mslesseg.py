"""MSLesSeg: lesions of multiple sclerosis in MRI, several times for many patients."""

from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    describe_count,
    find_root,
    load_volumes,
    make_cases,
    names,
    split_pairs,
    strip_ending,
)

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
    structure="lesions",
    classes=("background", "lesion"),
    licence="CC BY 4.0 (recalled, not read)",
    where=_WHERE,
    size="93 training and 22 test volumes, 182 x 218 x 182, T1, T2 and FLAIR",
    uses={"scnp": ["H.8", "I.11"]},
    reference="Guarnera et al.: MSLesSeg, Scientific Data 2025",
    unchecked=(
        "no file of the dataset was at hand: names are as others describe them",
        "SCNP has 74 + 19 volumes and does not say which",
    ),
)
def mslesseg(source: Path) -> Plan:
    """Plan the official test set and one fold of the training volumes; all times of a patient stay together.

    SCNP validates on 19 of 93 training volumes and does not list them: here every fifth patient in the order of their
    numbers, which gives a different number of volumes if patients were scanned more often.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("MSLesSeg", "MSLesSeg Dataset"), ("train/P*",), _WHERE)
    cases, lone, missing = [], [], []
    parts: dict[str, list[str]] = {}
    for part, count in COUNTS.items():
        pairs, alone = split_pairs(_list_pairs(Listing(files.find(part))))
        parts[part] = names(pairs)
        cases += make_cases(pairs, load_volumes, test=part == "test")
        lone += alone
        missing += describe_count(f"MSLesSeg, {part}", len(pairs), count, files.root / part)
    patients = sorted({_patient(name) for name in parts["train"]}, key=lambda patient: int(patient[1:]))
    held = set(patients[::5])
    return Plan(
        cases=cases,
        channels=["T1w", "T2w", "FLAIR"],
        folds=[
            {
                "train": [name for name in parts["train"] if _patient(name) not in held],
                "val": [name for name in parts["train"] if _patient(name) in held],
            }
        ],
        source=files.root,
        lone=lone,
        missing=missing,
        card={
            "foreground": "lesion (1 in the files)",
            "folds": "one: every fifth patient validates, all times of a patient together; the official test set",
        },
    )


def _patient(name: str) -> str:
    return name.partition("_")[0]


def _list_pairs(files: Listing) -> list[Pair]:
    """Return the three images and the mask of every patient or time."""
    stems = {
        path.with_name(strip_ending(path).removesuffix(f"_{kind}"))
        for kind in (*_CHANNELS, "MASK")
        for path in files.glob(f"P*/P*_{kind}.nii*", f"P*/T*/P*_T*_{kind}.nii*")
    }
    return [_pair(Listing(stem.parent), stem.name) for stem in sorted(stems)]


def _pair(folder: Listing, stem: str) -> Pair:
    images = tuple(folder.find(f"{stem}_{channel}.nii.gz") for channel in _CHANNELS)
    return Pair(stem, images, folder.find(f"{stem}_MASK.nii.gz"))
