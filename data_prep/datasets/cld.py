"""CLD: cement lines in bone by nanotomography (ContextLoss); not public."""

from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.folds import interleaved_folds
from data_prep.reading.official_files import find_root
from data_prep.reading.volumes import BINARY, describe_count, find_nifti, make_volume_cases, strip_ending

COUNTS = {"train": 13, "test": 4}
_WHERE = (
    "not public, ask the authors of ContextLoss; bring the volumes into images/NAME.nii.gz and labels/NAME.nii.gz, the "
    "four test volumes into test/images/ and test/labels/"
)


@register(
    "cld",
    title="CLD",
    dims=3,
    classes=("background", "cement line"),
    licence="not public",
    where=_WHERE,
    size="13 training and 4 test volumes, 1024 x 1024 x 600",
    papers=("contextloss",),
    reference="Schacht et al.: ContextLoss, 2025",
)
def cld(source: Path) -> Plan:
    """Plan five folds over the training volumes, and the test volumes, as ContextLoss has.

    Args:
        source: folder with images/ and labels/, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    root = find_root(source, ("CLD",), ("labels/*.nii*",), _WHERE)
    cases, problems, missing = [], [], []
    for part, folder in (("train", root), ("test", root / "test")):
        places = {kind: folder / kind for kind in ("images", "labels")}
        names = sorted({strip_ending(path) for place in places.values() for path in place.glob("*.nii*")})
        files = {name: ((find_nifti(places["images"], name),), find_nifti(places["labels"], name)) for name in names}
        found, wrong = make_volume_cases(files, BINARY, test=names if part == "test" else ())
        cases += found
        problems += wrong
        missing += describe_count(f"CLD, {part}", len(found), COUNTS[part], folder)
    training = [case.name for case in cases if not case.test]
    return Plan(
        cases=cases,
        classes=("background", "cement line"),
        channels=["nanotomography"],
        folds=interleaved_folds(training) if len(training) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=problems,
        missing=missing,
        card={
            "foreground": "cement line (1 in the files)",
            "folds": "five over the training volumes by name (ContextLoss has five folds and does not list them)",
            "notes": ["cropped from 1024 to about 600 slices, where lines are clear (by the authors)"],
            "unchecked": ["the data are not public: the layout asked for is this project's"],
        },
    )
