"""IHC_TMA: nuclei in immunohistochemical tissue microarrays of lung cancer."""

from pathlib import Path

import numpy as np

from data_prep._plan import Plan, Sample
from data_prep._problems import PreparationError
from data_prep._register import register
from data_prep.reading.nuclei import SPLIT_DOUBT, read_array, split_as_scnp
from data_prep.reading.official_files import find_root, read_image
from data_prep.reading.pairs import Pair, count_missing, make_cases, split_pairs

COUNTS = {"labelled": 266}
_WHERE = "https://zenodo.org/records/7647846; the source holds images/NAME.png and masks/NAME.npy"


@register(
    "ihc_tma",
    title="IHC_TMA",
    dims=2,
    classes=("background", "nucleus"),
    licence="CC BY 4.0 (recalled, not read)",
    where=_WHERE,
    size="266 images, 256 x 256, RGB",
    papers=("scnp",),
    reference="Wang et al.: SRSA-Net, Biomedical Signal Processing and Control 2024, doi 10.1016/j.bspc.2024.106143",
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
    root = find_root(source, ("IHC_TMA_dataset",), ("masks/*.npy", "images/*.png"), _WHERE)
    stems = {path.stem for pattern in ("images/[!.]*.png", "masks/[!.]*.npy") for path in root.glob(pattern)}
    listed = [Pair(stem, root / "images" / f"{stem}.png", root / "masks" / f"{stem}.npy") for stem in sorted(stems)]
    pairs, problems = split_pairs(listed)
    folds, test = split_as_scnp([pair.name for pair in pairs])
    return Plan(
        cases=make_cases([pair for pair in pairs if pair.name not in test], _load)
        + make_cases([pair for pair in pairs if pair.name in test], _load, test=True),
        classes=("background", "nucleus"),
        channels=["R", "G", "B"],
        folds=folds,
        source=root,
        problems=problems,
        missing=count_missing("IHC_TMA", {"labelled": len(pairs)}, COUNTS, root),
        card={
            "foreground": "nucleus (in any of the first two planes of the mask)",
            "folds": "one; by position in the sorted list: 0 of ten is test, 5 is validation (SCNP's numbers)",
            "unchecked": [
                "no file of the dataset was at hand; others describe masks of three planes, of which the first two are "
                "nuclei (of two kinds) and the third something else",
                SPLIT_DOUBT,
            ],
        },
    )


def _load(image: Path, mask: Path) -> Sample:
    planes = read_array(mask)
    if planes.ndim not in (2, 3) or (planes.ndim == 3 and len(planes) < 2):
        raise PreparationError(f"{mask}: expected planes of a mask, (planes, H, W), got {planes.shape}; get it again")
    nuclei = planes > 0 if planes.ndim == 2 else np.any(planes[:2] > 0, axis=0)
    return Sample(read_image(image, 3), nuclei.astype(np.uint8))
