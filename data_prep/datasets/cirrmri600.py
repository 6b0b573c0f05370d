"""CirrMRI600+: livers with cirrhosis in MRI."""

from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.official_files import check_choice, find_root
from data_prep.reading.volumes import BINARY, describe_count, make_volume_cases, strip_ending

# official training, validation and test volumes
COUNTS = {"T1": {"train": 248, "valid": 31, "test": 31}, "T2": {"train": 256, "valid": 31, "test": 31}}
SPLITS = ("official", "scnp")
_WHERE = (
    "https://osf.io/cuk24/; the source holds Cirrhosis_T2_3D/{train,valid,test}_images/NAME.nii.gz and "
    "{train,valid,test}_masks/NAME.nii.gz, and the same for T1"
)


@register(
    "cirrmri600",
    title="CirrMRI600+",
    dims=3,
    classes=("background", "liver"),
    licence="CC BY-NC 4.0 (read as quoted elsewhere)",
    where=_WHERE,
    size="318 T2 and 310 T1 volumes, 320 x 260 x 80 in the median",
    papers=("scnp",),
    reference="Jha et al.: CirrMRI600+, Scientific Data 2025",
)
def cirrmri600(source: Path, *, sequence: str = "T2", split: str = "official") -> Plan:
    """Plan the official split as one fold, or SCNP's numbers.

    SCNP has 198 + 50 + 31 T2 volumes, 279 of 318; which ones it left out is not stated. "scnp" takes the official test
    set, and of the sorted official training list the first 248, of which every fifth is for validation.

    Args:
        source: folder of the download, or one that holds it.
        sequence: "T2" or "T1".
        split: "official" or "scnp".

    Returns:
        The plan.

    Raises:
        ValueError: an option's value.
        PreparationError: no such layout.
    """
    check_choice("sequence", sequence, tuple(COUNTS))
    check_choice("split", split, SPLITS)
    folder = f"Cirrhosis_{sequence}_3D"
    root = find_root(source, ("CirrMRI600+", folder), (f"{folder}/train_images", "train_images"), _WHERE)
    root = root / folder if (root / folder).is_dir() else root
    parts: dict[str, list[str]] = {}
    cases, problems, missing = [], [], []
    for part, count in COUNTS[sequence].items():
        images, masks = root / f"{part}_images", root / f"{part}_masks"
        stems = sorted({strip_ending(path) for place in (images, masks) for path in place.glob("*.nii*")})
        # a patient may have the same number in two parts
        files = {f"{part}_{stem}": ((images / f"{stem}.nii.gz",), masks / f"{stem}.nii.gz") for stem in stems}
        found, wrong = make_volume_cases(files, BINARY, test=list(files) if part == "test" else ())
        parts[part] = [case.name for case in found]
        cases += found
        problems += wrong
        missing += describe_count(f"CirrMRI600+ {sequence}, {part}", len(found), count, root)
    excluded: list[str] = []
    if split == "scnp":
        kept = parts["train"][:248]
        excluded = [f"{name}: beyond SCNP's number" for name in (*parts["train"][248:], *parts["valid"])]
        parts = {"train": [n for n in kept if n not in kept[::5]], "valid": kept[::5], "test": parts["test"]}
        chosen = {name for names in parts.values() for name in names}
        cases = [case for case in cases if case.name in chosen]
    return Plan(
        cases=cases,
        classes=("background", "liver"),
        channels=[f"{sequence}w"],
        folds=[{"train": parts["train"], "val": parts["valid"]}],
        source=root,
        problems=problems,
        missing=missing,
        card={
            "foreground": "liver (1 in the files)",
            "folds": "one, the official split"
            if split == "official"
            else "one: 198 + 50 of the official training list",
            "exclusions": excluded,
            "unchecked": [
                "no file of the dataset was at hand: layout and counts are as others describe them",
                "SCNP's 279 volumes are not listed",
            ],
        },
    )
