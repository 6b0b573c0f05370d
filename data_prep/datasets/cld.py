"""CLD: cement lines in bone by nanotomography (ContextLoss); not public."""

from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
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

COUNTS = {"train": 13, "test": 4}
_WHERE = (
    "not public, ask the authors of ContextLoss; bring the volumes into images/NAME.nii.gz and labels/NAME.nii.gz, the "
    "four test volumes into test/images/ and test/labels/"
)


@register(
    "cld",
    title="CLD",
    dims=3,
    structure="surfaces in 3D",
    classes=("background", "cement line"),
    licence="not public",
    where=_WHERE,
    size="13 training and 4 test volumes, 1024 x 1024 x 600",
    uses={"contextloss": ["2", "3", "4", "5"]},
    reference="Schacht et al.: ContextLoss, 2025",
    unchecked=("the data are not public: the layout asked for is this project's",),
)
def cld(source: Path) -> Plan:
    """Plan five folds over the training volumes, and the test volumes, as in ContextLoss.

    Args:
        source: folder with images/ and labels/, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("CLD",), ("labels/*.nii*",), _WHERE)
    cases, lone, missing = [], [], []
    for part, folder in (("train", files), ("test", Listing(files.find("test")))):
        stems = sorted({strip_ending(path) for path in folder.glob("images/*.nii*", "labels/*.nii*")})
        listed = [
            Pair.of(stem, folder.find(f"images/{stem}.nii.gz"), folder.find(f"labels/{stem}.nii.gz")) for stem in stems
        ]
        pairs, alone = split_pairs(listed)
        cases += make_cases(pairs, load_volumes, test=part == "test")
        lone += alone
        missing += describe_count(f"CLD, {part}", len(pairs), COUNTS[part], folder.root)
    training = [case.name for case in cases if not case.test]
    return Plan(
        cases=cases,
        channels=["nanotomography"],
        folds=interleaved_folds(training),
        source=files.root,
        lone=lone,
        missing=missing,
        card={
            "foreground": "cement line (1 in the files)",
            "folds": "five over the training volumes by name (ContextLoss has five folds and does not list them)",
            "notes": ["cropped from 1024 to about 600 slices, where lines are clear (by the authors)"],
        },
    )
