"""IHC_TMA: nuclei in immunohistochemical tissue microarrays of lung cancer."""

from pathlib import Path

import numpy as np

from data_prep._register import register
from data_prep.reading import (
    SPLIT_DOUBT,
    Pair,
    Plan,
    PreparationError,
    Sample,
    describe_counts,
    find_root,
    names,
    read_array,
    read_image,
    split_as_scnp,
    split_cases,
    split_pairs,
)

COUNTS = {"labelled": 266}
_WHERE = "https://zenodo.org/records/7647846; the source holds images/NAME.png and masks/NAME.npy"


@register(
    "ihc_tma",
    title="IHC_TMA",
    dims=2,
    structure="nuclei",
    classes=("background", "nucleus"),
    licence="CC BY 4.0 (recalled, not read)",
    where=_WHERE,
    size="266 images, 256 x 256, RGB",
    uses={"scnp": ["H.8", "I.12"]},
    reference="Wang et al.: SRSA-Net, Biomedical Signal Processing and Control 2024, doi 10.1016/j.bspc.2024.106143",
    unchecked=(
        "no file of the dataset was at hand; others describe masks of three planes, of which the first two are "
        "nuclei (of two kinds) and the third something else",
        SPLIT_DOUBT,
    ),
)
def ihc_tma(source: Path) -> Plan:
    """Plan 212 training, 27 validation and 27 test images, SCNP's numbers. Touching nuclei are one component.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("IHC_TMA_dataset",), ("masks/*.npy", "images/*.png"), _WHERE)
    stems = {path.stem for path in files.glob("images/*.png", "masks/*.npy")}
    listed = [
        Pair.of(stem, files.find(f"images/{stem}.png"), files.find(f"masks/{stem}.npy")) for stem in sorted(stems)
    ]
    pairs, lone = split_pairs(listed)
    folds, test = split_as_scnp(names(pairs))
    return Plan(
        cases=split_cases(
            [pair for pair in pairs if pair.name not in test], [pair for pair in pairs if pair.name in test], _load
        ),
        folds=folds,
        source=files.root,
        lone=lone,
        missing=describe_counts("IHC_TMA", {"labelled": len(pairs)}, COUNTS, files.root),
        card={
            "foreground": "nucleus (in any of the first two planes of the mask)",
            "folds": "one; by position in the sorted list: 0 of ten is test, 5 is validation (SCNP's numbers)",
        },
    )


def _load(pair: Pair) -> Sample:
    planes = read_array(pair.mask)
    if planes.ndim not in (2, 3) or (planes.ndim == 3 and len(planes) < 2):
        raise PreparationError(
            f"{pair.mask}: expected planes of a mask, (planes, H, W), got {planes.shape}; get it again"
        )
    nuclei = planes > 0 if planes.ndim == 2 else np.any(planes[:2] > 0, axis=0)
    return Sample(read_image(pair.image, 3), nuclei.astype(np.uint8))
