"""CirrMRI600+: livers with cirrhosis in MRI."""

from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    check_choice,
    describe_count,
    find_root,
    load_volumes,
    make_cases,
    names,
    split_pairs,
    strip_ending,
)

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
    structure="organs",
    classes=("background", "liver"),
    licence="CC BY-NC 4.0 (read as quoted elsewhere)",
    where=_WHERE,
    size="318 T2 and 310 T1 volumes, 320 x 260 x 80 in the median",
    uses={"scnp": ["E.3", "H.8", "I.11"]},
    reference="Jha et al.: CirrMRI600+, Scientific Data 2025",
    unchecked=(
        "no file of the dataset was at hand: layout and counts are as others describe them",
        "SCNP's 279 volumes are not listed",
    ),
)
def cirrmri600(source: Path, *, sequence: str = "T2", split: str = "official") -> Plan:
    """Plan the official split as one fold, or SCNP's numbers.

    SCNP uses 198 + 50 + 31 T2 volumes, 279 of 318; which ones it left out is not stated. "scnp" takes the official test
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
    files = find_root(source, ("CirrMRI600+", folder), (f"{folder}/train_images", "train_images"), _WHERE)
    files = Listing(inner) if (inner := files.find(folder)).is_dir() else files
    parts: dict[str, list[str]] = {}
    cases, lone, missing = [], [], []
    for part, count in COUNTS[sequence].items():
        pairs, alone = split_pairs(_list_pairs(files, part))
        parts[part] = names(pairs)
        cases += make_cases(pairs, load_volumes, test=part == "test")
        lone += alone
        missing += describe_count(f"CirrMRI600+ {sequence}, {part}", len(pairs), count, files.root)
    excluded: list[str] = []
    if split == "scnp":
        kept = parts["train"][:248]
        excluded = [f"{name}: beyond SCNP's number" for name in (*parts["train"][248:], *parts["valid"])]
        parts = {"train": [n for n in kept if n not in kept[::5]], "valid": kept[::5], "test": parts["test"]}
        chosen = {name for part in parts.values() for name in part}
        cases = [case for case in cases if case.name in chosen]
    return Plan(
        cases=cases,
        channels=[f"{sequence}w"],
        folds=[{"train": parts["train"], "val": parts["valid"]}],
        source=files.root,
        lone=lone,
        missing=missing,
        card={
            "foreground": "liver (1 in the files)",
            "folds": "one, the official split"
            if split == "official"
            else "one: 198 + 50 of the official training list",
            "exclusions": excluded,
        },
    )


def _list_pairs(files: Listing, part: str) -> list[Pair]:
    images, masks = f"{part}_images", f"{part}_masks"
    stems = sorted({strip_ending(path) for path in files.glob(f"{images}/*.nii*", f"{masks}/*.nii*")})
    # a patient may have the same number in two parts
    return [
        Pair.of(f"{part}_{stem}", files.find(f"{images}/{stem}.nii.gz"), files.find(f"{masks}/{stem}.nii.gz"))
        for stem in stems
    ]
