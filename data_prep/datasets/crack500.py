"""Crack500: cracks in photographs of pavement, as the official crops or as whole photographs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    Sample,
    check_choice,
    describe_counts,
    find_root,
    load_binary,
    names,
    split_cases,
    split_pairs,
)

COUNTS = {
    "crops": {"train": 1896, "val": 348, "test": 1124},
    "photographs": {"train": 250, "val": 50, "test": 200},
}
_FOLDERS = {"crops": "crop", "photographs": "data"}
_WHERE = (
    "https://github.com/fyangneil/pavement-crack-detection; the source holds CRACK500/{train,val,test}crop/NAME.jpg "
    "and NAME.png, and for whole photographs CRACK500/{train,val,test}data/NAME.jpg and NAME.png or NAME_mask.png"
)


@register(
    "crack500",
    title="Crack500",
    dims=2,
    structure="cracks",
    classes=("background", "crack"),
    licence="research use, cite the papers (recalled, not read)",
    where=_WHERE,
    size="1896, 348 and 1124 crops of 640 x 360 (143 of them 360 x 640, 102 of them 648 x 484), from 250, 50 and 200 "
    "photographs; RGB",
    uses={"scnp": ["H.8", "I.10"]},
    reference="Yang et al.: Feature pyramid and hierarchical boosting network for crack detection, IEEE T-ITS 2019",
    unchecked=(
        "no file of the dataset was at hand when this was written; the photographs' folders are recalled",
        "whether the masks of some photographs are turned by 180 degrees: published converters disagree, hence "
        "crops by default; of photographs, each whose mask would fit better if turned is noted",
        "SCNP's median size, 640 x 896, fits neither photographs nor crops; photographs of 4:3 whose "
        "shorter side is made 640, padded to a multiple of 64, would have it",
    ),
)
def crack500(source: Path, *, images: str = "crops") -> Plan:
    """Plan the official split as one fold.

    SCNP uses 250, 50 and 200 images, which are the photographs' numbers, but gives 640 x 896 as their median size,
    which is neither that of the photographs (about 2000 x 1500) nor that of the crops. Photographs are read as stored,
    ignoring the rotation in their EXIF entry; published converters disagree on whether some masks are rotated by 180
    degrees, so a mask under which the photograph is darker after such a rotation (cracks are dark) is noted.

    Args:
        source: folder of the download, or one that holds it.
        images: "crops" (what most use) or "photographs" (SCNP's numbers).

    Returns:
        The plan.

    Raises:
        ValueError: the option's value.
        PreparationError: no such layout.
    """
    check_choice("images", images, tuple(COUNTS))
    folder = _FOLDERS[images]
    markers = tuple(f"{part}{folder}" for part in COUNTS[images])
    other = next(choice for choice in _FOLDERS if choice != images)
    hint = f"; where only {{train,val,test}}{_FOLDERS[other]} are there, give images={other!r}"
    files = find_root(source, ("CRACK500",), markers, _WHERE + hint)
    pairs, lone = {}, []
    for part in COUNTS[images]:
        pairs[part], alone = split_pairs(_list_pairs(files, f"{part}{folder}"))
        lone += alone
    load = load_binary if images == "crops" else _load_photograph
    return Plan(
        cases=split_cases([*pairs["train"], *pairs["val"]], pairs["test"], load),
        folds=[{part: names(pairs[part]) for part in ("train", "val")}],
        source=files.root,
        lone=lone,
        missing=describe_counts("Crack500", {p: len(found) for p, found in pairs.items()}, COUNTS[images], files.root),
        card={
            "foreground": "crack (255 in the files)",
            "folds": "one, the official split",
            "notes": _find_shared(pairs) if images == "crops" else [],
        },
    )


def _load_photograph(pair: Pair) -> Sample:
    sample = load_binary(pair)
    if sample.label is None or sample.image.shape[1:] != sample.label.shape or not sample.label.any():
        return sample
    grey, crack = sample.image.mean(axis=0), sample.label > 0
    turned = crack[::-1, ::-1]
    if grey[turned].mean() < grey[crack].mean():
        return replace(sample, notes=(f"{pair.mask}: would fit {pair.image.name} better if turned by 180 degrees",))
    return sample


def _list_pairs(files: Listing, folder: str) -> list[Pair]:
    # some releases wrap each part in a folder of its own name once more
    folder = f"{folder}/{folder}" if files.find(f"{folder}/{folder}").is_dir() else folder
    stems = {path.stem.removesuffix("_mask") for path in files.glob(f"{folder}/*.jpg", f"{folder}/*.png")}
    return [
        Pair.of(
            stem, files.find(f"{folder}/{stem}.jpg"), files.find(f"{folder}/{stem}.png", f"{folder}/{stem}_mask.png")
        )
        for stem in sorted(stems)
    ]


def _find_shared(pairs: Mapping[str, Sequence[Pair]]) -> list[str]:
    """Return a note if crops of one photograph are in several parts; a crop's name ends with its two offsets."""
    photographs = [{pair.name.rsplit("_", 2)[0] for pair in found} for found in pairs.values()]
    twice = sum(map(len, photographs)) - len(set().union(*photographs))
    return [f"{twice or 'no'} photographs have crops in more than one part, by their names"]
