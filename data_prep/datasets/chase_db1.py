"""CHASE_DB1: vessels in fundus photographs of children, both eyes of each."""

from pathlib import Path

from data_prep._plan import Plan, Sample
from data_prep._register import register
from data_prep.reading.folds import grouped_folds
from data_prep.reading.official_files import check_choice, describe_missing, find_root, read_image, read_mask
from data_prep.reading.pairs import Pair, make_cases, split_pairs

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
    classes=("background", "vessel"),
    licence="no licence text found",
    where=_WHERE,
    size="28 images (both eyes of 14 children), 999 x 960, RGB",
    reference="Fraz et al.: An ensemble classification-based approach, IEEE TBME 2012, doi 10.1109/TBME.2012.2205687",
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
    root = find_root(source, ("CHASE_DB1", "CHASEDB1"), (f"Image_*_{observer}HO.png",), _WHERE)
    listed = [_pair(root, f"{patient:02d}{eye}", observer) for patient in PATIENTS for eye in "LR"]
    pairs, problems = split_pairs(listed)
    absent = [pair.name for pair in listed if not pair.image.is_file() and not pair.mask.is_file()]
    test = [pair for pair in pairs if int(pair.name[:2]) in _TEST]
    notes = []
    if not test and len(pairs) > 4:
        test, notes = pairs[-2:], ["no patients 11 to 14 were there: the last patient stands in for the test set"]
    training = [pair for pair in pairs if pair not in test]
    owners = {pair.name: pair.name[:2] for pair in training}
    return Plan(
        cases=make_cases(training, _load) + make_cases(test, _load, test=True),
        classes=("background", "vessel"),
        channels=["R", "G", "B"],
        folds=grouped_folds(owners) if len(set(owners.values())) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=problems,
        missing=[describe_missing(f"CHASE_DB1 ({observer} observer)", len(listed), absent)] if absent else [],
        card={
            "foreground": f"vessel (1 in the files), {observer} observer",
            "folds": "five over patients 01 to 10; test: patients 11 to 14 (usual, not official)",
            "notes": notes,
            "unchecked": [
                "ten images, rebuilt from a third-party copy, and no mask of the first observer were at hand",
                "the layout and the usual split are recalled",
            ],
        },
    )


def _pair(root: Path, name: str, observer: str) -> Pair:
    return Pair(name, root / f"Image_{name}.jpg", root / f"Image_{name}_{observer}HO.png")


def _load(image: Path, mask: Path) -> Sample:
    return Sample(read_image(image, 3), read_mask(mask, _CODING))
