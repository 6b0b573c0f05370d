"""Massachusetts Roads: roads in aerial images, from the official layout or the usual repackaging."""

from functools import partial
from pathlib import Path

import numpy as np

from data_prep._folds import blocks
from data_prep._plan import Case, Plan, Sample
from data_prep._problems import PreparationError
from data_prep._register import register
from data_prep._source import check_choice, find_lone, find_root, read_image, read_mask

COUNTS = {"train": 1108, "val": 14, "test": 49}
BLANKS = ("keep", "background")
_CODING = {0: 0, 255: 1}
# (images, masks) of each part, by layout
_LAYOUTS = (
    {part: (f"{name}/sat", f"{name}/map") for part, name in (("train", "train"), ("val", "valid"), ("test", "test"))},
    {part: (part, f"{part}_labels") for part in COUNTS},
)
_WHERE = (
    "https://www.cs.toronto.edu/~vmnih/data/; the source holds mass_roads/{train,valid,test}/{sat,map}, or the "
    "repackaged tiff/{train,val,test} and tiff/{train,val,test}_labels"
)

Pair = tuple[Path, Path]


@register(
    "massachusetts_roads",
    title="Massachusetts Roads",
    dims=2,
    classes=("background", "road"),
    licence="no licence text found; citation is asked for",
    where=_WHERE,
    size="1108 training, 14 validation and 49 test images, 1500 x 1500, RGB",
    papers=("cldice", "contextloss", "hpm"),
    reference="V. Mnih: Machine Learning for Aerial Image Labeling, PhD thesis, University of Toronto 2013",
)
def massachusetts_roads(source: Path, *, max_white: float = 1.0, blank: str = "keep") -> Plan:
    """Plan the official split as one fold.

    Many tiles are partly white where there is no image; the masks go on through the white. By default both stay as
    released. ContextLoss leaves out tiles with more than 4 % white: `max_white=0.04`.

    Args:
        source: folder of the download, see the entry's `where`.
        max_white: share of pixels that are white (255 in all channels) above which a tile is left out, in [0, 1].
        blank: "keep": masks as released; "background": no roads where a tile is white.

    Returns:
        The plan.

    Raises:
        ValueError: an option's value.
        PreparationError: no such layout.
    """
    check_choice("blank", blank, BLANKS)
    if isinstance(max_white, bool) or not isinstance(max_white, int | float) or not 0 <= max_white <= 1:
        raise ValueError(f"`max_white` must lie in [0, 1], got {max_white!r}")
    folders = ("MassachusettsRoads/mass_roads", "mass_roads", "MassachusettsRoads/tiff", "tiff")
    root = find_root(source, folders, ("train/sat", "train_labels"), _WHERE)
    parts, problems = _find_pairs(root)
    missing = [
        f"Massachusetts Roads, {part}: {len(parts[part])} images of {expected} in {root}; complete the download"
        for part, expected in COUNTS.items()
        if len(parts[part]) != expected
    ]
    notes = _fill_empty_parts(parts)
    excluded: list[str] = []
    if max_white < 1 and not problems:
        parts, excluded, broken = _leave_out_white(parts, max_white)
        problems += broken
    names = [image.stem for pairs in parts.values() for image, _ in pairs]
    problems += [f"{root}: {name} is in two parts; remove one" for name in sorted(set(names)) if names.count(name) > 1]
    cases = [
        Case(image.stem, partial(_load, image, mask, blank), (image, mask), test=part == "test")
        for part, pairs in parts.items()
        for image, mask in pairs
    ]
    return Plan(
        cases=cases,
        classes=("background", "road"),
        channels=["R", "G", "B"],
        folds=[{part: [image.stem for image, _ in parts[part]] for part in ("train", "val")}],
        source=root,
        problems=problems,
        missing=missing,
        card={
            "foreground": "road (255 in the files)",
            "folds": "one, the official split",
            "blank": "masks as released" if blank == "keep" else "no roads where a tile is white",
            "exclusions": excluded,
            "notes": notes,
            "unchecked": [
                "the official release (uncompressed TIFF) was not at hand, only ten training tiles repacked from PNG",
                "the repackaged layout is known from a list of paths; its counts are taken to be the official ones",
            ],
        },
    )


def white_share(image: np.ndarray) -> float:
    """Give the share of pixels that are white (no data).

    Args:
        image: (3, H, W), uint8.

    Returns:
        A number in [0, 1].
    """
    return float((image == 255).all(axis=0).mean())


def _load(image: Path, mask: Path, blank: str) -> Sample:
    pixels, label = read_image(image, 3), read_mask(mask, _CODING)
    if blank == "background" and pixels.shape[1:] == label.shape:
        label[(pixels == 255).all(axis=0)] = 0
    return Sample(pixels, label)


def _find_pairs(root: Path) -> tuple[dict[str, list[Pair]], list[str]]:
    layout = _LAYOUTS[0] if (root / "train/sat").is_dir() else _LAYOUTS[1]
    parts, problems = {}, []
    for part, (images, masks) in layout.items():
        names = {path.stem for folder in (images, masks) for path in (root / folder).glob("[!.]*.tif*")}
        pairs = [(root / images / f"{name}.tiff", root / masks / f"{name}.tif") for name in sorted(names)]
        problems += find_lone(pairs)
        parts[part] = [pair for pair in pairs if all(path.is_file() for path in pair)]
    if not parts["train"]:
        problems.append(f"{root / layout['train'][0]}: no training tiles (*.tiff); {_WHERE}")
    return parts, problems


def _fill_empty_parts(parts: dict[str, list[Pair]]) -> list[str]:
    """Cut parts that are wholly absent from the end of the training tiles; only a partial source gets this far."""
    notes = []
    fifths = blocks(parts["train"], 5)
    for part in ("test", "val"):
        if not parts[part] and len(parts["train"]) >= 4:
            parts[part] = fifths.pop()
            notes.append(f"no official {part} tiles were there: {len(parts[part])} training tiles stand in")
    parts["train"] = [pair for block in fifths for pair in block]
    return notes


def _leave_out_white(
    parts: dict[str, list[Pair]], max_white: float
) -> tuple[dict[str, list[Pair]], list[str], list[str]]:
    kept: dict[str, list[Pair]] = {part: [] for part in parts}
    excluded, problems = [], []
    for part, pairs in parts.items():
        for pair in pairs:
            try:
                share = white_share(read_image(pair[0], 3))
            except PreparationError as error:
                problems += error.problems
                continue
            if share <= max_white:
                kept[part].append(pair)
            else:
                excluded.append(f"{pair[0].stem}: {share:.1%} white, more than {max_white:.1%}")
    if not kept["train"] and not problems:
        problems.append(f"`max_white`={max_white} leaves no training tile; raise it")
    return kept, excluded, problems
