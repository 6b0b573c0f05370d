"""Crack500: cracks in photographs of pavement, as the official crops or as whole photographs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.official_files import check_choice, find_root
from data_prep.reading.pairs import Pair, count_missing, load_binary, make_cases, names, split_pairs

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
    classes=("background", "crack"),
    licence="research use, cite the papers (recalled, not read)",
    where=_WHERE,
    size="1896, 348 and 1124 crops of 640 x 360, from 250, 50 and 200 photographs; RGB",
    papers=("scnp",),
    reference="Yang et al.: Feature pyramid and hierarchical boosting network for crack detection, IEEE T-ITS 2019",
)
def crack500(source: Path, *, images: str = "photographs") -> Plan:
    """Plan the official split as one fold.

    SCNP has 250, 50 and 200 images, which are the photographs' numbers, but gives 640 x 896 as their median size, which
    is neither that of the photographs (about 2000 x 1500) nor that of the crops.

    Args:
        source: folder of the download, or one that holds it.
        images: "photographs" (SCNP's numbers) or "crops" (what most others use).

    Returns:
        The plan.

    Raises:
        ValueError: the option's value.
        PreparationError: no such layout.
    """
    check_choice("images", images, tuple(COUNTS))
    folder = _FOLDERS[images]
    markers = tuple(f"{part}{folder}" for part in COUNTS[images])
    root = find_root(source, ("CRACK500",), markers, _WHERE)
    pairs, problems = {}, []
    for part in COUNTS[images]:
        pairs[part], lone = split_pairs(_list_pairs(root / f"{part}{folder}"))
        problems += lone
    return Plan(
        cases=make_cases([*pairs["train"], *pairs["val"]], load_binary)
        + make_cases(pairs["test"], load_binary, test=True),
        classes=("background", "crack"),
        channels=["R", "G", "B"],
        folds=[{part: names(pairs[part]) for part in ("train", "val")}],
        source=root,
        problems=problems,
        missing=count_missing("Crack500", {p: len(found) for p, found in pairs.items()}, COUNTS[images], root),
        card={
            "foreground": "crack (255 in the files)",
            "folds": "one, the official split",
            "notes": _find_shared(pairs) if images == "crops" else [],
            "unchecked": [
                "no file of the dataset was at hand when this was written; the photographs' folders are recalled",
                "SCNP's median size, 640 x 896, fits neither photographs nor crops; photographs of 4:3 whose "
                "shorter side is made 640, padded to a multiple of 64, would have it",
            ],
        },
    )


def _list_pairs(folder: Path) -> list[Pair]:
    # some releases wrap each part in a folder of its own name once more
    folder = folder / folder.name if (folder / folder.name).is_dir() else folder
    files = {path.stem + path.suffix.lower(): path for path in folder.glob("[!.]*")}
    stems = {Path(name).stem.removesuffix("_mask") for name in files if name.endswith((".jpg", ".png"))}
    pairs = []
    for stem in sorted(stems):
        image, mask = (folder / f"{stem}{ending}" for ending in (".jpg", ".png"))
        pairs.append(
            Pair(stem, files.get(image.name, image), files.get(f"{stem}_mask.png", files.get(mask.name, mask)))
        )
    return pairs


def _find_shared(pairs: Mapping[str, Sequence[Pair]]) -> list[str]:
    """Say whether crops of one photograph lie in several parts; a crop's name ends with its two offsets."""
    photographs = [{pair.name.rsplit("_", 2)[0] for pair in found} for found in pairs.values()]
    twice = sum(map(len, photographs)) - len(set().union(*photographs))
    return [f"{twice or 'no'} photographs have crops in more than one part, by their names"]
