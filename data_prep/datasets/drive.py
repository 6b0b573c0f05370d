"""DRIVE: vessels in fundus photographs."""

from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.folds import interleaved_folds
from data_prep.reading.official_files import check_choice, describe_missing, find_root
from data_prep.reading.pairs import Pair, load_binary, make_cases, names, split_pairs

PARTS = {"training": range(21, 41), "test": range(1, 21)}
SPLITS = ("official", "cldice")
# clDice has 30 images for three folds and 10 for the test, and does not say which
_CLDICE_TEST = range(1, 11)
_WHERE = (
    "https://drive.grand-challenge.org/; the source holds training/images/NN_training.tif, "
    "training/1st_manual/NN_manual1.gif, test/images/NN_test.tif and test/1st_manual/NN_manual1.gif"
)


@register(
    "drive",
    title="DRIVE",
    dims=2,
    classes=("background", "vessel"),
    licence="no redistribution, use only by those who got it from its website (read)",
    where=_WHERE,
    size="20 training and 20 test images, 565 x 584, RGB",
    papers=("cldice",),
    reference="Staal et al.: Ridge-based vessel segmentation in color images of the retina, IEEE TMI 2004",
)
def drive(source: Path, *, split: str = "official") -> Plan:
    """Plan the official split with five folds over its training images, or the numbers of clDice.

    Args:
        source: folder of the download, or one that holds it.
        split: "official": 20 + 20; "cldice": three folds over 30 images (11 to 40) and 10 for the test (01 to 10).

    Returns:
        The plan.

    Raises:
        ValueError: the option's value.
        PreparationError: no such layout.
    """
    check_choice("split", split, SPLITS)
    root = find_root(source, ("DRIVE",), ("training/1st_manual",), _WHERE)
    listed = [_pair(root, part, number) for part, numbers in PARTS.items() for number in numbers]
    pairs, problems = split_pairs(listed)
    present = [pair for pair in listed if pair.image.is_file()]
    if not any(pair.mask.is_file() for pair in listed if pair.name.endswith("test")):
        # today's release keeps the manual segmentations of the test images to itself: they are missing, not broken
        problems = [line for line in problems if "/test/1st_manual/" not in line]
    absent = [pair.name for pair in listed if not pair.is_complete and not any(pair.name in line for line in problems)]
    test_numbers = PARTS["test"] if split == "official" else _CLDICE_TEST
    test = [pair for pair in pairs if int(pair.name[:2]) in test_numbers]
    training = [pair for pair in pairs if pair not in test]
    count = 5 if split == "official" else 3
    return Plan(
        cases=make_cases(training, load_binary) + make_cases(test, load_binary, test=True),
        classes=("background", "vessel"),
        channels=["R", "G", "B"],
        folds=interleaved_folds(names(training), count) if len(training) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=problems,
        missing=[describe_missing("DRIVE", len(listed), absent)] if absent and present else [],
        card={
            "foreground": "vessel (255 in the files), first observer",
            "folds": f"{count} over the training images; test: " + _describe(split),
            "notes": ["the field of view (mask/) is not used: metrics see the whole image"],
            "unchecked": ["no file of the dataset was at hand: layout and values are as others describe them"],
        },
    )


def _describe(split: str) -> str:
    return "the official one" if split == "official" else "01 to 10 (clDice has 10 images and does not say which)"


def _pair(root: Path, part: str, number: int) -> Pair:
    name = f"{number:02d}_{part}"
    return Pair(name, root / part / "images" / f"{name}.tif", root / part / "1st_manual" / f"{number:02d}_manual1.gif")
