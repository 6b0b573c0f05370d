"""CHASE_DB1: vessels in fundus photographs of children, both eyes of each."""

from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    Sample,
    check_choice,
    describe_absent,
    describe_fields_of_view,
    find_root,
    grouped_folds,
    names,
    read_field_of_view,
    read_image,
    read_mask,
    split_cases,
    split_pairs,
)

PATIENTS = range(1, 15)
OBSERVERS = ("1st", "2nd")
# no official split; usual is the first 20 images for training
_TEST = (11, 12, 13, 14)
# masks have one bit
_CODING = {0: 0, 1: 1, 255: 1}
_WHERE = (
    "https://blogs.kingston.ac.uk/retinal/chasedb1/; the source holds Image_NN{L,R}.jpg and Image_NN{L,R}_1stHO.png "
    "(and _2ndHO.png) in one folder"
)


@register(
    "chase_db1",
    title="CHASE_DB1",
    dims=2,
    structure="retina",
    classes=("background", "vessel"),
    licence="no licence text found",
    where=_WHERE,
    size="28 images (both eyes of 14 children), 999 x 960, RGB",
    reference="Fraz et al.: An ensemble classification-based approach, IEEE TBME 2012, doi 10.1109/TBME.2012.2205687",
    unchecked=(
        "ten images, rebuilt from a third-party copy, and no mask of the first observer were at hand",
        "the layout and the usual split are recalled",
    ),
)
def chase_db1(source: Path, *, observer: str = "1st") -> Plan:
    """Plan patients 01 to 10 for training, in five folds that keep both eyes together, and 11 to 14 for the test.

    Args:
        source: folder of the download, or one that holds it.
        observer: "1st" (what papers train and test on) or "2nd".

    Returns:
        The plan.

    Raises:
        ValueError: the option's value.
        PreparationError: no such layout.
    """
    check_choice("observer", observer, OBSERVERS)
    files = find_root(source, ("CHASE_DB1", "CHASEDB1"), (f"Image_*_{observer}HO.png",), _WHERE)
    listed = [_pair(files, f"{patient:02d}{eye}", observer) for patient in PATIENTS for eye in "LR"]
    pairs, lone = split_pairs(listed)
    absent = names(pair for pair in listed if pair.is_absent)
    test = [pair for pair in pairs if int(pair.name[:2]) in _TEST]
    notes = []
    if not test and len(pairs) > 4:
        test, notes = pairs[-2:], ["no patients 11 to 14 were there: the last patient stands in for the test set"]
    training = [pair for pair in pairs if pair not in test]
    owners = {pair.name: pair.name[:2] for pair in training}
    return Plan(
        cases=split_cases(training, test, _load),
        folds=grouped_folds(owners),
        source=files.root,
        lone=lone,
        missing=describe_absent(f"CHASE_DB1 ({observer} observer)", len(listed), absent),
        card={
            "foreground": f"vessel (1 in the files), {observer} observer",
            "folds": "five over patients 01 to 10; test: patients 11 to 14 (usual, not official)",
            "notes": [*notes, *describe_fields_of_view(pairs)],
        },
    )


def _pair(files: Listing, name: str, observer: str) -> Pair:
    return Pair.of(
        name, files.find(f"Image_{name}.jpg"), files.find(f"Image_{name}_{observer}HO.png"), _find_field(files, name)
    )


def _find_field(files: Listing, name: str) -> Path:
    # no part of the release: papers make them by a threshold
    return files.find(*(f"mask/Image_{name}_mask{ending}" for ending in (".png", ".gif", ".tif")))


def _load(pair: Pair) -> Sample:
    return Sample(read_image(pair.image, 3), read_mask(pair.mask, _CODING), field_of_view=read_field_of_view(pair))
