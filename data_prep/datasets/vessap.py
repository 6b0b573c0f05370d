"""VesSAP: brain vessels of mice in light-sheet volumes, stained twice."""

from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    check_choice,
    describe_count,
    find_root,
    interleaved_folds,
    load_volumes,
    make_cases,
    names,
    split_pairs,
    strip_ending,
)

# training, validation and test volumes of each paper; their volumes are not listed
SPLITS = {"contextloss": (8, 0, 3), "cldice": (11, 2, 4)}
_WHERE = (
    "http://discotechnologies.org/VesSAP; bring the volumes into raw/NAME_0000.nii.gz (wheat germ agglutinin), "
    "raw/NAME_0001.nii.gz (Evans blue) and labels/NAME.nii.gz"
)


@register(
    "vessap",
    title="VesSAP",
    dims=3,
    structure="vessels in 3D",
    classes=("background", "vessel"),
    licence="CC BY-NC (recalled, not read)",
    where=_WHERE,
    size="11 (ContextLoss) or 17 (clDice) volumes, 500 x 500 x 50, two channels",
    uses={"cldice": ["1", "2"], "contextloss": ["5"]},
    reference="Todorov et al.: Machine learning analysis of whole mouse brain vasculature, Nature Methods 2020",
    unchecked=("no volume was at hand: the layout asked for is this project's, after nnU-Net's names",),
)
def vessap(source: Path, *, channels: int = 2, split: str = "contextloss") -> Plan:
    """Plan the volumes with the numbers of ContextLoss or clDice.

    The volumes are taken in the sorted order of their names, the last ones for the test.

    Args:
        source: folder with raw/ and labels/, or one that holds it.
        channels: 2 (both stains) or 1 (wheat germ agglutinin alone).
        split: "contextloss": 8 volumes in five folds, 3 for the test; "cldice": 11 + 2 as one fold, 4 for the test.

    Returns:
        The plan.

    Raises:
        ValueError: an option's value.
        PreparationError: no such layout.
    """
    if channels not in (1, 2) or isinstance(channels, bool):
        raise ValueError(f"`channels` must be 1 or 2, got {channels!r}")
    check_choice("split", split, tuple(SPLITS))
    train, val, test = SPLITS[split]
    files = find_root(source, ("VesSAP", "vessap", "Vessap"), ("labels/*.nii*",), _WHERE)
    stems = {strip_ending(path) for path in files.glob("labels/*.nii*")}
    stems |= {strip_ending(path)[:-5] for path in files.glob("raw/*_000[01].nii*")}
    listed = [_pair(files, stem, channels) for stem in sorted(stems)]
    pairs, lone = split_pairs(listed)
    held_out = names(listed[len(listed) - test :]) if len(listed) > test + 1 else []
    cases = [case for pair in pairs for case in make_cases([pair], load_volumes, test=pair.name in held_out)]
    training = [case.name for case in cases if not case.test]
    validation = training[len(training) - val :] if val else []
    fixed = [{"train": [name for name in training if name not in validation], "val": validation}]
    return Plan(
        cases=cases,
        channels=["wheat germ agglutinin", "Evans blue"][:channels],
        folds=fixed if val else interleaved_folds(training),
        source=files.root,
        lone=lone,
        missing=describe_count(f"VesSAP as {split} has it", len(cases), train + val + test, files.root),
        card={
            "foreground": "vessel (1 in the files)",
            "folds": f"{'one' if val else 'five'}; test: the last {test} volumes by name ({split} does not say which)",
        },
    )


def _pair(files: Listing, stem: str, channels: int) -> Pair:
    images = tuple(files.find(f"raw/{stem}_{channel:04d}.nii.gz") for channel in range(channels))
    return Pair(stem, images, files.find(f"labels/{stem}.nii.gz"))
