"""HRF: vessels in high-resolution fundus photographs."""

from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.folds import interleaved_folds
from data_prep.reading.official_files import describe_missing, find_root
from data_prep.reading.pairs import Pair, load_binary, make_cases, names, split_pairs

# diabetic retinopathy, glaucoma, healthy; the first has upper-case extensions
KINDS = {"dr": "JPG", "g": "jpg", "h": "jpg"}
NUMBERS = range(1, 16)
# ContextLoss has 36 + 9 images and does not say which: here the last three of each kind
_TEST = (13, 14, 15)
_WHERE = (
    "https://www5.cs.fau.de/research/data/fundus-images/; the source holds images/NN_{dr.JPG,g.jpg,h.jpg} and "
    "manual1/NN_{dr,g,h}.tif"
)


@register(
    "hrf",
    title="HRF",
    dims=2,
    classes=("background", "vessel"),
    licence="CC BY 4.0 (read as quoted elsewhere)",
    where=_WHERE,
    size="45 images (15 each of diabetic retinopathy, glaucoma, healthy), 3504 x 2336, RGB",
    papers=("contextloss",),
    reference="Budai, Bock, Maier, Hornegger, Michelson: Robust vessel segmentation in fundus images, IJBI 2013",
)
def hrf(source: Path) -> Plan:
    """Plan 36 training images in five folds and 9 test images, the numbers of ContextLoss.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    root = find_root(source, ("HRF", "all"), ("manual1",), _WHERE)
    listed = [_pair(root, number, kind) for number in NUMBERS for kind in KINDS]
    pairs, problems = split_pairs(listed)
    absent = [pair.name for pair in listed if not pair.image.is_file() and not pair.mask.is_file()]
    test = [pair for pair in pairs if int(pair.name[:2]) in _TEST]
    notes = []
    if not test and len(pairs) > 3:
        test, notes = pairs[-3:], ["no images 13 to 15 were there: the last three images stand in for the test set"]
    training = [pair for pair in pairs if pair not in test]
    return Plan(
        cases=make_cases(training, load_binary) + make_cases(test, load_binary, test=True),
        classes=("background", "vessel"),
        channels=["R", "G", "B"],
        folds=interleaved_folds(names(training)) if len(training) > 1 else [{"train": [], "val": []}],
        groups={kind: [pair.name for pair in test if pair.name.endswith(f"_{kind}")] for kind in KINDS},
        source=root,
        problems=problems,
        missing=[describe_missing("HRF", len(listed), absent)] if absent else [],
        card={
            "foreground": "vessel (255 in the files)",
            "folds": "five over the training images; test: 13, 14, 15 of each kind (ContextLoss does not say which)",
            "notes": [*notes, "the field of view (mask/) is not used: metrics see the whole image"],
            "unchecked": [
                "images 04 to 15, and the official masks as files, were not at hand when this was written",
            ],
        },
    )


def _pair(root: Path, number: int, kind: str) -> Pair:
    name = f"{number:02d}_{kind}"
    usual = root / "images" / f"{name}.{KINDS[kind]}"
    # a copy through another file system may have changed the case of the extension
    others = [usual.with_suffix(".jpg"), usual.with_suffix(".JPG")]
    image = next((path for path in (usual, *others) if path.is_file()), usual)
    return Pair(name, image, root / "manual1" / f"{name}.tif")
