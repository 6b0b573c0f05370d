"""Images and masks in a folder of the user's own: the names of the folders, and which files belong together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data_prep._problems import PreparationError
from data_prep.reading.listing import Listing, strip_ending
from data_prep.reading.pairs import Pair

IMAGES = ("images", "image", "imgs", "img")
MASKS = ("masks", "mask", "labels", "label", "annotations", "ground_truth", "groundtruth", "gt")
# what a mask's name may have in addition to its image's
_SUFFIXES = ("_mask", "-mask", "_label", "_gt", "_seg", "_segmentation")
_PARTS = {"train": ("train", "training"), "val": ("val", "valid", "validation"), "test": ("test", "testing")}
_UNREADABLE = (".txt", ".csv", ".json", ".md", ".xml", ".yaml", ".yml", ".pdf", ".xlsx")


@dataclass(frozen=True)
class OwnLayout:
    """The content of the folder.

    Attributes:
        parts: {"train", "val" or "test": pairs}; parts without files are absent. A test image without ground
            truth has the path of a mask that does not exist.
        taken: how the files were interpreted, for the user.
    """

    parts: Mapping[str, list[Pair]]
    taken: str


def find_pairs(source: Path, expected: str) -> OwnLayout:
    """Find images and masks.

    They are in images/ and masks/ (or other names in `IMAGES` and `MASKS`), directly, in the folders train/, val/ and
    test/ or with these folders inside; or in one folder, where a mask is called NAME_mask (or as `_SUFFIXES` lists).

    Args:
        source: folder that the user gave.
        expected: what the folder should hold, for the message.

    Returns:
        The layout.

    Raises:
        PreparationError: no such layout, several folders of masks, or several files of one name.
    """
    root = Listing(source)
    within = [path for path in root.glob("*") if path.is_dir()]
    for place in (root, *map(Listing, within)):
        if layout := _split(place) or _one_part(place):
            return layout
    raise PreparationError(
        f"{source}: expected dataset.json, or images in {', '.join(f'{name}/' for name in IMAGES)} with masks in "
        f"{', '.join(f'{name}/' for name in MASKS)} (also looked in the folders below); {expected}"
    )


def _split(root: Listing) -> OwnLayout | None:
    """Read train/images/ and so on, or images/train/ and so on."""
    parts: dict[str, list[Pair]] = {}
    taken = []
    for part, names in _PARTS.items():
        for name in names:
            images, masks = _folder(root, IMAGES, inside=name), _folder(root, MASKS, inside=name)
            if images is None and root.find(name).is_dir():
                below = Listing(root.find(name))
                images, masks = _folder(below, IMAGES), _folder(below, MASKS)
            if images is not None:
                parts[part] = _pair(images, masks)
                taken.append(f"{part}: {_describe(root.root, images, masks)}")
    if "train" not in parts:
        return None
    return OwnLayout(parts, "; ".join(taken))


def _one_part(root: Listing) -> OwnLayout | None:
    images, masks = _folder(root, IMAGES), _folder(root, MASKS)
    if images is None:
        return _flat(root)
    parts = {"train": _pair(images, masks)}
    taken = _describe(root.root, images, masks)
    test = Listing(next((found for name in _PARTS["test"] if (found := root.find(name)).is_dir()), root.root / "test"))
    if (test_images := _folder(test, IMAGES)) is not None:
        test_masks = _folder(test, MASKS)
        parts["test"] = _pair(test_images, test_masks)
        taken += f"; test: {_describe(root.root, test_images, test_masks)}"
    return OwnLayout(parts, taken)


def _flat(root: Listing) -> OwnLayout | None:
    """Read one folder in which NAME_mask.png lies beside NAME.jpg."""
    files = _by_stem(root.root)
    masks = {stem: path for stem, path in files.items() if _plain(stem) != stem and _plain(stem) in files}
    if not masks:
        return None
    images = {stem: path for stem, path in files.items() if stem not in masks}
    return OwnLayout({"train": _match(images, masks, root.root)}, "masks by their names beside the images")


def _folder(root: Listing, names: tuple[str, ...], inside: str = "") -> Path | None:
    found = dict.fromkeys(
        path for name in names if (path := root.find(f"{name}/{inside}" if inside else name)).is_dir()
    )
    if len(found) > 1:
        raise PreparationError(f"{' and '.join(map(str, found))}: which of them is it? remove or rename the others")
    return next(iter(found), None)


def _describe(root: Path, images: Path, masks: Path | None) -> str:
    truth = f"masks in {masks.relative_to(root)}/" if masks else "no masks"
    return f"images in {images.relative_to(root)}/, {truth}"


def _pair(images: Path, masks: Path | None) -> list[Pair]:
    if masks is None:
        return [Pair.of(stem, path, images / f"{stem}.*") for stem, path in _by_stem(images).items()]
    return _match(_by_stem(images), _by_stem(masks), masks, images)


def _match(
    images: Mapping[str, Path], masks: Mapping[str, Path], where: Path, where_images: Path | None = None
) -> list[Pair]:
    """Match by name, masks with or without a suffix; a missing partner gets a path that does not exist."""
    named: dict[str, Path] = {}
    for stem, path in masks.items():
        name = stem if stem in images or _plain(stem) not in images else _plain(stem)
        if name in named:
            raise PreparationError(f"{path}: {named[name].name} is for the same image; rename or remove one")
        named[name] = path
    return [
        Pair.of(
            stem,
            images.get(stem, (where_images or where) / f"{stem}.*"),
            named.get(stem, where / f"{stem}.*"),
        )
        for stem in sorted(images.keys() | named.keys())
    ]


def _plain(stem: str) -> str:
    return next((stem[: -len(end)] for end in _SUFFIXES if stem.lower().endswith(end)), stem)


def _by_stem(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    paths = [path for path in Listing(folder).glob("*") if path.is_file() and path.suffix.lower() not in _UNREADABLE]
    for path in paths:
        stem = strip_ending(path) if strip_ending(path) != path.name else path.stem
        if stem in found:
            raise PreparationError(f"{path}: {found[stem].name} has the same name; rename or remove one")
        found[stem] = path
    return found
