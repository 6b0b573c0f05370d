"""DeepGlobe Roads: roads in satellite images."""

from pathlib import Path

import numpy as np

from data_prep._register import register
from data_prep.reading import (
    Pair,
    Plan,
    PreparationError,
    Sample,
    deal_out,
    decode,
    describe_counts,
    find_root,
    names,
    read_image,
    split_cases,
    split_pairs,
)

COUNTS = {"labelled": 6226}
# masks are near 0 and 255, not exactly: the challenge says to threshold in the middle
_THRESHOLD = 128
# share of pixels that may be far from both, such as at the edges of roads
_MOST_BETWEEN = 0.05
_WHERE = (
    "https://competitions.codalab.org/competitions/18467; the source holds train/NNNNNN_sat.jpg and NNNNNN_mask.png; "
    "the images of valid/ and test/ have no public masks"
)


@register(
    "deepglobe_roads",
    title="DeepGlobe Roads",
    dims=2,
    structure="roads",
    classes=("background", "road"),
    licence="research use, no redistribution (recalled, not read)",
    where=_WHERE,
    size="6226 labelled images, 1024 x 1024, RGB",
    uses={"scnp": ["E.3", "H.8", "I.10"]},
    reference="Demir et al.: DeepGlobe 2018, CVPR workshops 2018",
    unchecked=(
        "no file of the dataset was at hand when this was written",
        f"that at most {_MOST_BETWEEN:.0%} of a mask's pixels lie from 64 to 191 is assumed",
    ),
)
def deepglobe_roads(source: Path) -> Plan:
    """Plan 4357 training, 623 validation and 1246 test images, SCNP's numbers, by this project's rule.

    Which images SCNP chose is not published: of the sorted list, every fifth image is for the test, every tenth for
    validation.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("DeepGlobe", "deepglobe", "road"), ("train/*_sat.jpg", "train/*_mask.png"), _WHERE)
    numbers = {path.stem.rpartition("_")[0] for path in files.glob("train/*_sat.*", "train/*_mask.*")}
    listed = [
        Pair.of(number, files.find(f"train/{number}_sat.jpg"), files.find(f"train/{number}_mask.png"))
        for number in sorted(numbers)
    ]
    pairs, lone = split_pairs(listed)
    split = deal_out(names(pairs), test=(0, 5), val=(3,))
    test = set(split["test"])
    return Plan(
        cases=split_cases(
            [pair for pair in pairs if pair.name not in test], [pair for pair in pairs if pair.name in test], _load
        ),
        folds=[{part: split[part] for part in ("train", "val")}],
        source=files.root,
        lone=lone,
        missing=describe_counts("DeepGlobe Roads", {"labelled": len(pairs)}, COUNTS, files.root),
        card={
            "foreground": f"road (at least {_THRESHOLD} in the files)",
            "folds": "one; by position in the sorted list: 0 and 5 of ten are test, 3 is validation (SCNP's numbers)",
            "exclusions": ["valid/ and test/: no public masks"],
        },
    )


def _load(pair: Pair) -> Sample:
    mask = pair.mask
    values, _ = decode(mask)
    if values.ndim == 3 and values.shape[-1] == 3:
        if int(np.ptp(values, axis=-1).max(initial=0)) > 8:
            raise PreparationError(f"{mask}: expected a grey mask, got colours; get it again")
        values = values[..., 0]
    if values.ndim != 2 or values.dtype != np.uint8:
        raise PreparationError(f"{mask}: expected an 8 bit mask, got {values.dtype} {values.shape}; get it again")
    between = float(((values >= 64) & (values < 192)).mean())
    if values.max(initial=0) == 1 or between > _MOST_BETWEEN:
        raise PreparationError(
            f"{mask}: expected values near 0 and 255, got {values.min()} to {values.max()}, {between:.0%} of them from "
            "64 to 191; get it again as released"
        )
    return Sample(read_image(pair.image, 3), values >= _THRESHOLD)
