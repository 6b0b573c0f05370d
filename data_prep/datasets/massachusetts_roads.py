"""Massachusetts Roads: roads in aerial images, from the official layout or the usual repackaging."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from data_prep._register import register
from data_prep.reading import (
    Fold,
    Listing,
    Pair,
    Plan,
    PreparationError,
    Sample,
    blocks,
    check_choice,
    find_root,
    interleaved_folds,
    names,
    read_image,
    read_mask,
    split_cases,
    split_pairs,
)

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


@dataclass(frozen=True)
class Protocol:
    """What a paper did with the tiles.

    Attributes:
        description: of the folds.
        folds: number of folds; 0: the official split.
        images: numbers of images in the paper, training and test; None: not fixed.
        max_white: share of white above which a tile is left out; None: the user's choice.
        min_road: share of road below which a tile is left out.
        limits: largest numbers of training and test tiles; 0: none.
        has_test: whether the official test tiles are the test set.
        whole_test: whether test tiles stay however white they are.
    """

    description: str
    folds: int = 0
    images: tuple[int, int] | None = None
    max_white: float | None = None
    min_road: float = 0.0
    limits: tuple[int, int] = (0, 0)
    has_test: bool = True
    whole_test: bool = False


PROTOCOLS = {
    "official": Protocol("one, the official split"),
    "contextloss": Protocol(
        "five over the training and validation tiles", 5, (421, 49), max_white=0.04, whole_test=True
    ),
    "cldice": Protocol("three over 120 tiles", 3, (120, 13), max_white=0.04, min_road=0.02, limits=(120, 13)),
    "hpm": Protocol("five over all tiles, no test set", 5, (1171, 0), has_test=False),
}


@register(
    "massachusetts_roads",
    title="Massachusetts Roads",
    dims=2,
    structure="roads",
    classes=("background", "road"),
    licence="no licence text found; citation is asked for",
    where=_WHERE,
    size="1108 training, 14 validation and 49 test images, 1500 x 1500, RGB",
    uses={"cldice": ["1", "2"], "contextloss": ["5", "6", "7"], "hpm": ["1"]},
    reference="V. Mnih: Machine Learning for Aerial Image Labeling, PhD thesis, University of Toronto 2013",
    unchecked=(
        "the official release (uncompressed TIFF) was not at hand, only ten training tiles repacked from PNG",
        "the repackaged layout is known from a list of paths; its counts are taken to be the official ones",
        "which images ContextLoss and clDice used is not published",
    ),
)
def massachusetts_roads(
    source: Path, *, protocol: str = "official", max_white: float = 1.0, blank: str = "keep"
) -> Plan:
    """Plan the official split as one fold, or the images and folds of a paper.

    Many tiles are partly white where there is no image; the masks go on through the white. Officially both stay as
    released. The papers do not list their images; this project assumes:

    - "contextloss" (421 + 49 images, five folds): official training and validation tiles with at most 4 % white (the
      training tiles alone where they are 421), and all official test tiles, which are 49.
    - "cldice" (120 + 13 images, three folds): tiles with at most 4 % white and roads in at least 2 % of the pixels
      ("images without a network of roads" are left out), evenly spaced over the sorted training and validation
      tiles, and the first 13 such test tiles.
    - "hpm" (1171 images, five folds, no test): all tiles.

    Args:
        source: folder of the download, see the entry's `where`.
        protocol: "official", "contextloss", "cldice" or "hpm".
        max_white: share of pixels that are white (255 in all channels) above which a tile is left out, in [0, 1]; for
            "official" and "hpm".
        blank: "keep": masks as released; "background": no roads where a tile is white.

    Returns:
        The plan.

    Raises:
        ValueError: an option's value.
        PreparationError: no such layout.
    """
    check_choice("protocol", protocol, tuple(PROTOCOLS))
    check_choice("blank", blank, BLANKS)
    if isinstance(max_white, bool) or not isinstance(max_white, int | float) or not 0 <= max_white <= 1:
        raise ValueError(f"`max_white` must lie in [0, 1], got {max_white!r}")
    rules = PROTOCOLS[protocol]
    max_white = max_white if rules.max_white is None else rules.max_white
    folders = ("MassachusettsRoads/mass_roads", "mass_roads", "MassachusettsRoads/tiff", "tiff")
    files = find_root(source, folders, ("train/sat", "train_labels"), _WHERE)
    parts, lone = _find_pairs(files)
    missing = [
        f"Massachusetts Roads, {part}: {len(parts[part])} images of {expected} in {files.root}; complete the download"
        for part, expected in COUNTS.items()
        if len(parts[part]) != expected
    ]
    notes = _fill_empty_parts(parts) if rules.has_test else []
    parts, excluded, broken = _leave_out(parts, max_white, rules)
    problems = [] if parts["train"] else [_no_training(files, excluded, max_white, rules)]
    training, test, folds = _split(parts, rules)
    notes += _compare(rules, len(training), len(test))
    tiles = names(training + test)
    problems += [
        f"{files.root}: {tile} is in two parts; remove one" for tile in sorted(set(tiles)) if tiles.count(tile) > 1
    ]
    return Plan(
        cases=split_cases(training, test, partial(_load, blank)),
        folds=folds,
        source=files.root,
        problems=problems,
        lone=lone + broken,
        missing=missing,
        card={
            "foreground": "road (255 in the files)",
            "protocol": protocol,
            "folds": rules.description,
            "blank": "masks as released" if blank == "keep" else "no roads where a tile is white",
            "exclusions": excluded,
            "notes": notes,
        },
    )


def white_share(image: np.ndarray) -> float:
    """Return the share of pixels that are white (no data).

    Args:
        image: (3, H, W), uint8.

    Returns:
        A number in [0, 1].
    """
    return float((image == 255).all(axis=0).mean())


def _load(blank: str, pair: Pair) -> Sample:
    pixels, label = read_image(pair.image, 3), read_mask(pair.mask, _CODING)
    if blank == "background" and pixels.shape[1:] == label.shape:
        label[(pixels == 255).all(axis=0)] = 0
    return Sample(pixels, label)


def _find_pairs(files: Listing) -> tuple[dict[str, list[Pair]], list[str]]:
    layout = _LAYOUTS[0] if files.find("train/sat").is_dir() else _LAYOUTS[1]
    parts, lone = {}, []
    for part, (images, masks) in layout.items():
        stems = {path.stem for path in files.glob(f"{images}/*.tif*", f"{masks}/*.tif*")}
        listed = [
            Pair.of(stem, files.find(f"{images}/{stem}.tiff"), files.find(f"{masks}/{stem}.tif"))
            for stem in sorted(stems)
        ]
        parts[part], alone = split_pairs(listed)
        lone += alone
    return parts, lone


def _no_training(files: Listing, excluded: Sequence[str], max_white: float, rules: Protocol) -> str:
    if not excluded:
        return f"{files.root}: no training tiles (*.tiff); {_WHERE}"
    return (
        f"no training tile has at most {max_white:.1%} white and {rules.min_road:.1%} road or more; take another "
        "`protocol` or a higher `max_white`"
    )


def _fill_empty_parts(parts: dict[str, list[Pair]]) -> list[str]:
    """Take parts that are completely missing from the end of the training tiles; only partial sources get this far."""
    notes = []
    fifths = blocks(parts["train"], 5)
    for part in ("test", "val"):
        if not parts[part] and len(parts["train"]) >= 4:
            parts[part] = fifths.pop()
            notes.append(f"no official {part} tiles were there: {len(parts[part])} training tiles stand in")
    parts["train"] = [pair for block in fifths for pair in block]
    return notes


def _leave_out(
    parts: dict[str, list[Pair]], max_white: float, rules: Protocol
) -> tuple[dict[str, list[Pair]], list[str], list[str]]:
    """Return the tiles that are not too white and have enough roads; if neither matters, nothing is read."""
    kept: dict[str, list[Pair]] = {part: [] for part in parts}
    excluded, problems = [], []
    for part, pairs in parts.items():
        for pair in pairs:
            try:
                stays = rules.whole_test and part == "test"
                reason = "" if stays else _objection(pair, max_white, rules.min_road)
            except PreparationError as error:
                problems += error.problems
                continue
            if reason:
                excluded.append(f"{pair.name}: {reason}")
            else:
                kept[part].append(pair)
    return kept, excluded, problems


def _objection(pair: Pair, max_white: float, min_road: float) -> str:
    if max_white < 1 and (white := white_share(read_image(pair.image, 3))) > max_white:
        return f"{white:.1%} white, more than {max_white:.1%}"
    if min_road > 0 and (road := float(read_mask(pair.mask, _CODING).mean())) < min_road:
        return f"{road:.1%} road, less than {min_road:.1%}"
    return ""


def _split(parts: dict[str, list[Pair]], rules: Protocol) -> tuple[list[Pair], list[Pair], Sequence[Fold]]:
    """Return training tiles, test tiles and folds."""
    test = parts["test"] if rules.has_test else []
    if not rules.folds:
        folds = [{part: names(parts[part]) for part in ("train", "val")}]
        return parts["train"] + parts["val"], test, folds
    pool = parts["train"] + parts["val"] + ([] if rules.has_test else parts["test"])
    if rules.images and len(parts["train"]) == rules.images[0]:
        pool = parts["train"]
    pool = _evenly(sorted(pool, key=lambda pair: pair.image), rules.limits[0])
    test = test[: rules.limits[1] or None]
    return pool, test, interleaved_folds(names(pool), rules.folds)


def _evenly(pairs: list[Pair], limit: int) -> list[Pair]:
    if not limit or len(pairs) <= limit:
        return pairs
    return [pairs[position * len(pairs) // limit] for position in range(limit)]


def _compare(rules: Protocol, training: int, test: int) -> list[str]:
    if rules.images is None or rules.images == (training, test):
        return []
    return [f"the paper has {rules.images[0]} + {rules.images[1]} images, these rules give {training} + {test}"]
