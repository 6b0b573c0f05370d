"""NuInsSeg: nuclei in H&E stained sections of many organs."""

from pathlib import Path

from data_prep._plan import Plan, Sample
from data_prep._register import register
from data_prep.reading.nuclei import SPLIT_DOUBT, split_as_scnp
from data_prep.reading.official_files import find_root, read_image, read_mask
from data_prep.reading.pairs import Pair, count_missing, make_cases, split_pairs

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
    classes=("background", "nucleus"),
    licence="CC BY 4.0 (recalled, not read)",
    where=_WHERE,
    size="665 images of 31 human and mouse organs, 512 x 512, RGB",
    papers=("scnp",),
    reference="Mahbod et al.: NuInsSeg, Scientific Data 2024",
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
    root = find_root(source, ("NuInsSeg",), (f"*/{_IMAGES}", f"*/{_MASKS}"), _WHERE)
    organs = sorted({path.parent for name in (_IMAGES, _MASKS) for path in root.glob(f"*/{name}")})
    pairs, problems = split_pairs(pair for organ in organs for pair in _list_pairs(organ))
    folds, test = split_as_scnp([pair.name for pair in pairs])
    return Plan(
        cases=make_cases([pair for pair in pairs if pair.name not in test], _load)
        + make_cases([pair for pair in pairs if pair.name in test], _load, test=True),
        classes=("background", "nucleus"),
        channels=["R", "G", "B"],
        folds=folds,
        source=root,
        problems=problems,
        missing=count_missing("NuInsSeg", {"labelled": len(pairs)}, COUNTS, root),
        card={
            "foreground": "nucleus (1 or 255 in the files)",
            "folds": "one; by position in the sorted list: 0 of ten is test, 5 is validation (SCNP's numbers)",
            "notes": [
                "each organ is one slide, and the split goes through the slides: parts of one slide are on both sides",
            ],
            "unchecked": [
                "no file of the dataset was at hand: folders are as its README and others' code name them; its README "
                "says 0 and 1 for the masks",
                SPLIT_DOUBT,
            ],
        },
    )


def _list_pairs(organ: Path) -> list[Pair]:
    stems = {path.stem for name in (_IMAGES, _MASKS) for path in (organ / name).glob("[!.]*.png")}
    # file names are unique within an organ only in part of the releases
    prefix = organ.name.replace(" ", "_").replace("(", "").replace(")", "")
    return [
        Pair(f"{prefix}_{stem.replace(' ', '_')}", organ / _IMAGES / f"{stem}.png", organ / _MASKS / f"{stem}.png")
        for stem in sorted(stems)
    ]


def _load(image: Path, mask: Path) -> Sample:
    return Sample(read_image(image, 3), read_mask(mask, _CODING))
