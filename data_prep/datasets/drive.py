"""DRIVE: vessels in fundus photographs."""

from collections.abc import Sequence
from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    check_choice,
    describe_absent,
    describe_fields_of_view,
    find_root,
    interleaved_folds,
    load_binary,
    names,
    split_cases,
    split_pairs,
)

PARTS = {"training": range(21, 41), "test": range(1, 21)}
SPLITS = ("official", "cldice")
# clDice uses 30 images for three folds and 10 for the test, and does not say which
_CLDICE_TEST = range(1, 11)
_WHERE = (
    "https://drive.grand-challenge.org/; the source holds training/images/NN_training.tif, "
    "training/1st_manual/NN_manual1.gif, test/images/NN_test.tif and test/1st_manual/NN_manual1.gif"
)


@register(
    "drive",
    title="DRIVE",
    dims=2,
    structure="retina",
    classes=("background", "vessel"),
    licence="no redistribution, use only by those who got it from its website (read)",
    where=_WHERE,
    size="20 training and 20 test images, 565 x 584, RGB",
    uses={"cldice": ["1", "2"]},
    reference="Staal et al.: Ridge-based vessel segmentation in color images of the retina, IEEE TMI 2004",
    unchecked=("all 40 images were read from a copy in a public repository, not from the official download",),
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
    files = find_root(source, ("DRIVE",), ("training/1st_manual", "training/images"), _WHERE)
    listed = [_pair(files, part, number) for part, numbers in PARTS.items() for number in numbers]
    released = _leave_out_unreleased(listed)
    pairs, lone = split_pairs(released)
    absent = names(pair for pair in released if pair.is_absent)
    test_numbers = PARTS["test"] if split == "official" else _CLDICE_TEST
    test = [pair for pair in pairs if int(pair.name[:2]) in test_numbers]
    training = [pair for pair in pairs if pair not in test]
    count = 5 if split == "official" else 3
    return Plan(
        cases=split_cases(training, test, load_binary),
        folds=interleaved_folds(names(training), count),
        source=files.root,
        lone=lone,
        missing=describe_absent("DRIVE", len(released), absent),
        card={
            "foreground": "vessel (255 in the files), first observer",
            "folds": f"{count} over the training images; test: " + _describe(split),
            "exclusions": _describe_unreleased(len(listed) - len(released)),
            "notes": describe_fields_of_view(pairs),
        },
    )


def _describe(split: str) -> str:
    return "the official one" if split == "official" else "01 to 10 (clDice has 10 images and does not say which)"


def _leave_out_unreleased(listed: Sequence[Pair]) -> list[Pair]:
    """Return no test pairs if none of them has its manual segmentation: today's release does not include these."""
    if any(pair.mask.is_file() for pair in listed if pair.name.endswith("test")):
        return list(listed)
    return [pair for pair in listed if not pair.name.endswith("test")]


def _describe_unreleased(count: int) -> list[str]:
    return [f"{count} test images: today's release has no manual segmentation of them"] if count else []


def _pair(files: Listing, part: str, number: int) -> Pair:
    return Pair.of(
        f"{number:02d}_{part}",
        files.find(f"{part}/images/{number:02d}_{part}.tif", f"{part}/images/{number:02d}_{part}.png"),
        _find_mask(files, f"{part}/1st_manual/{number:02d}_manual1"),
        _find_mask(files, f"{part}/mask/{number:02d}_{part}_mask"),
    )


def _find_mask(files: Listing, stem: str) -> Path:
    # GIF as released; copies are often PNG or TIFF, which are lossless too
    return files.find(*(f"{stem}{ending}" for ending in (".gif", ".png", ".tif")))
