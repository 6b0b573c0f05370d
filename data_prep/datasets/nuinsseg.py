"""NuInsSeg: nuclei in H&E stained sections of many organs."""

from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    SPLIT_DOUBT,
    Listing,
    Pair,
    Plan,
    Sample,
    describe_counts,
    find_root,
    names,
    read_image,
    read_mask,
    split_as_scnp,
    split_cases,
    split_pairs,
)

COUNTS = {"labelled": 665}
_IMAGES, _MASKS = "tissue images", "mask binary"
# its README says 1; a PNG of one bit reads as 255
_CODING = {0: 0, 1: 1, 255: 1}
_WHERE = (
    "https://www.kaggle.com/datasets/ipateam/nuinsseg; the source holds a folder for each organ, such as human "
    "bladder/, with tissue images/NAME.png and mask binary/NAME.png"
)


@register(
    "nuinsseg",
    title="NuInsSeg",
    dims=2,
    structure="nuclei",
    classes=("background", "nucleus"),
    licence="CC BY 4.0 (recalled, not read)",
    where=_WHERE,
    size="665 images of 31 human and mouse organs, 512 x 512, RGB",
    uses={"scnp": ["E.3", "H.8", "I.12"]},
    reference="Mahbod et al.: NuInsSeg, Scientific Data 2024",
    unchecked=(
        "no file of the dataset was at hand: folders are as its README and others' code name them; its README "
        "says 0 and 1 for the masks",
        SPLIT_DOUBT,
    ),
)
def nuinsseg(source: Path) -> Plan:
    """Plan 532 training, 66 validation and 67 test images, SCNP's numbers. Touching nuclei are one component.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("NuInsSeg",), (f"*/{_IMAGES}", f"*/{_MASKS}"), _WHERE)
    organs = sorted({path.parent.name for path in files.glob(f"*/{_IMAGES}", f"*/{_MASKS}")})
    pairs, lone = split_pairs(pair for organ in organs for pair in _list_pairs(files, organ))
    folds, test = split_as_scnp(names(pairs))
    return Plan(
        cases=split_cases(
            [pair for pair in pairs if pair.name not in test], [pair for pair in pairs if pair.name in test], _load
        ),
        folds=folds,
        source=files.root,
        lone=lone,
        missing=describe_counts("NuInsSeg", {"labelled": len(pairs)}, COUNTS, files.root),
        card={
            "foreground": "nucleus (1 or 255 in the files)",
            "folds": "one; by position in the sorted list: 0 of ten is test, 5 is validation (SCNP's numbers)",
            "notes": [
                "each organ is one slide, and the split goes through the slides: parts of one slide are on both sides",
            ],
        },
    )


def _list_pairs(files: Listing, organ: str) -> list[Pair]:
    images, masks = f"{organ}/{_IMAGES}", f"{organ}/{_MASKS}"
    stems = {path.stem for path in files.glob(f"{images}/*.png", f"{masks}/*.png")}
    # file names are unique within an organ only in part of the releases
    prefix = organ.replace(" ", "_").replace("(", "").replace(")", "")
    return [
        Pair.of(
            f"{prefix}_{stem.replace(' ', '_')}", files.find(f"{images}/{stem}.png"), files.find(f"{masks}/{stem}.png")
        )
        for stem in sorted(stems)
    ]


def _load(pair: Pair) -> Sample:
    return Sample(read_image(pair.image, 3), read_mask(pair.mask, _CODING))
