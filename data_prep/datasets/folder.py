"""One's own data: a folder in nnU-Net's raw layout, or images/ and masks/ with files of equal names."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from data_prep._plan import Case, Fold, Plan, Sample
from data_prep._problems import PreparationError
from data_prep._register import register
from data_prep.prepared.read import Prepared
from data_prep.reading.folds import grouped_folds
from data_prep.reading.formats import decode
from data_prep.reading.official_files import find_lone, find_root, translate

_WHERE = (
    "your own; the source holds dataset.json with imagesTr/ and labelsTr/ (nnU-Net v2 raw), or images/ and masks/ with "
    "files of equal names (a test set of its own in test/images/ and test/masks/)"
)
# a mask with more values than this is a picture, or was saved as JPEG
_MOST_CLASSES = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_VOLUMES = (".nii", ".nii.gz")

Pair = tuple[Path, Path]


@register(
    "folder",
    title="One's own folder (2D or 3D, as the files say)",
    dims=2,
    classes=("background", "foreground"),
    licence="yours",
    where=_WHERE,
    size="any number of images, 2D (8 bit, grey or RGB) or 3D; dimensions and classes are read off the files",
    papers=(),
    reference="your own",
)
def folder(
    source: Path, *, called: str = "folder", classes: Sequence[str] = (), folds: int = 5, patient: str = ""
) -> Plan:
    """Plan a user's own data.

    In images/ and masks/, a mask's values are the classes in ascending order: 0 and 255 are background and foreground,
    and so are 0 and 1. Folds of nnU-Net's `splits_final.json` are kept where there are any; otherwise fold k validates
    on every `folds`-th image (or patient) of the sorted list, from the k-th on.

    Args:
        source: the folder.
        called: name of the prepared dataset: letters, digits, "_" and "-".
        classes: names, background first; () takes dataset.json's, or background, foreground or class1, class2, ...
        folds: number of folds, at least 2.
        patient: regular expression with one group that finds in a case's name what belongs together (a patient, a
            volume): "(.*)_slice" keeps all slices of a volume in one part of a fold. "": every image for itself.

    Returns:
        The plan.

    Raises:
        ValueError: an option's value.
        PreparationError: no such layout, lone files, masks with too many values.
    """
    if not _NAME.fullmatch(called):
        raise ValueError(f"`called` must consist of letters, digits, '_' and '-', got {called!r}")
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < 2:
        raise ValueError(f"`folds` must be a whole number of 2 or more, got {folds!r}")
    finder = _compile(patient)
    root = find_root(source, (), ("dataset.json", "images"), _WHERE)
    plan = _plan_raw(root) if (root / "dataset.json").is_file() else _plan_pairs(root)
    plan.name = called
    plan.classes = _check_classes(classes, plan.classes)
    names = [case.name for case in plan.cases if not case.test]
    if len(names) < 2 and not plan.problems:
        plan.problems.append(f"{root}: folds need two training images or more, got {len(names)}")
    if not plan.folds and not plan.problems:
        plan.folds, plan.card["folds"] = _make_folds(names, folds, finder)
    return plan


def _compile(patient: str) -> re.Pattern[str] | None:
    if not patient:
        return None
    try:
        pattern = re.compile(patient)
    except re.error as error:
        raise ValueError(f"`patient` must be a regular expression, got {patient!r} ({error})") from error
    if pattern.groups != 1:
        raise ValueError(f"`patient` must have one group in brackets, such as '(.*)_slice', got {patient!r}")
    return pattern


def _check_classes(given: Sequence[str], found: Sequence[str]) -> Sequence[str]:
    if not given:
        return found
    if isinstance(given, str) or len(given) != len(found) or len(set(given)) != len(given):
        raise ValueError(
            f"`classes` must be a list of {len(found)} different names, background first (the masks have {len(found)} "
            f"values), got {given!r}"
        )
    return tuple(given)


def _make_folds(names: Sequence[str], count: int, finder: re.Pattern[str] | None) -> tuple[Sequence[Fold], str]:
    if finder is None:
        owners = {name: name for name in names}
        return grouped_folds(owners, count), f"{count}; fold k validates on every {count}-th image of the sorted list"
    matches = {name: finder.search(name) for name in names}
    if strangers := [name for name, match in matches.items() if match is None]:
        raise ValueError(f"`patient` = {finder.pattern!r} does not match the case {strangers[0]!r}")
    owners = {name: match.group(1) for name, match in matches.items() if match}
    return grouped_folds(owners, count), f"{count}, by {finder.pattern!r}: what it finds stays together"


def _plan_raw(root: Path) -> Plan:
    data = Prepared(root, verify=False)
    flat = data.dims == 2
    cases, problems = [], []
    for part in ("Tr", "Ts"):
        for name, images in data.image_files(part).items():
            label = root / f"labels{part}" / f"{name}{data.ending}"
            if not label.is_file():
                problems.append(f"{label}: missing, but there is {images[0]}; add it, or remove the image")
            load = partial(_load_raw, tuple(images), label, flat)
            cases.append(Case(name, load, (*images, label), test=part == "Ts"))
    has_folds = (root / "splits_final.json").is_file()
    return Plan(
        cases=cases,
        classes=data.classes,
        channels=_channels(data),
        folds=data.folds if has_folds else [],
        groups=data.card.get("groups", {}),
        source=root,
        problems=problems,
        card={"layout": "nnU-Net v2 raw", "folds": "as in splits_final.json" if has_folds else ""},
        dims=data.dims,
    )


def _channels(data: Prepared) -> list[str]:
    # one RGB file is one channel to nnU-Net's dataset.json in some releases, three in others
    names = list(data.channel_names)
    first = next(iter(data.image_files("Tr").values()))
    array, _ = decode(first[0])
    is_rgb = data.dims == 2 and array.ndim == 3
    return ["R", "G", "B"] if is_rgb and len(names) == 1 else names


def _load_raw(images: tuple[Path, ...], label: Path, flat: bool) -> Sample:
    arrays, spacing = [], ()
    for path in images:
        array, spacing = decode(path)
        arrays.append(_channels_first(array, path) if flat else array[np.newaxis])
    if len({array.shape for array in arrays}) > 1:
        sizes = ", ".join(str(array.shape) for array in arrays)
        raise PreparationError(f"{images[0]}: the channels have different sizes: {sizes}")
    mask, _ = decode(label)
    return Sample(np.concatenate(arrays), mask, spacing)


def _channels_first(array: np.ndarray, path: Path) -> np.ndarray:
    if array.ndim == 3 and array.shape[-1] == 4 and (array[..., 3] == 255).all():
        array = array[..., :3]
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] != 3):
        raise PreparationError(
            f"{path}: a 2D image must have 8 bits, grey or RGB, got {array.dtype} {array.shape}; convert it"
        )
    return array[np.newaxis] if array.ndim == 2 else np.moveaxis(array, -1, 0)


def _plan_pairs(root: Path) -> Plan:
    parts = {test: _find_pairs(root / "test" if test else root) for test in (False, True)}
    pairs = [pair for part in parts.values() for pair in part]
    problems = find_lone(pairs)
    if not parts[False]:
        problems.append(f"{root / 'images'}: no images; {_WHERE}")
    if problems:
        raise PreparationError(problems)
    coding, dims = _read_coding([mask for _, mask in pairs])
    first, _ = decode(pairs[0][0])
    channels = ["R", "G", "B"] if dims == 2 and first.ndim == 3 else ["image"]
    names = [f"class{index}" for index in range(1, len(coding))] if len(coding) > 2 else ["foreground"]
    cases = [
        Case(_stem(image), partial(_load_pair, image, mask, coding, dims), (image, mask), test=test)
        for test, part in parts.items()
        for image, mask in part
    ]
    return Plan(
        cases=cases,
        classes=("background", *names),
        channels=channels,
        folds=[],
        source=root,
        card={"layout": "images/ and masks/", "coding": {str(value): index for value, index in coding.items()}},
        dims=dims,
    )


def _find_pairs(root: Path) -> list[Pair]:
    """Pair images and masks by their names without endings; where one is absent, a name for it is made up."""
    files = {kind: _by_stem(root / kind) for kind in ("images", "masks")}
    pairs = []
    for stem in sorted(files["images"].keys() | files["masks"].keys()):
        image, mask = (files[kind].get(stem, root / kind / f"{stem}.*") for kind in ("images", "masks"))
        pairs.append((image, mask))
    return pairs


def _by_stem(directory: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    paths = sorted(directory.iterdir()) if directory.is_dir() else []
    for path in (path for path in paths if path.is_file() and not path.name.startswith(".")):
        if _stem(path) in found:
            raise PreparationError(f"{path}: {found[_stem(path)].name} has the same name; rename or remove one")
        found[_stem(path)] = path
    return found


def _stem(path: Path) -> str:
    return path.name[: -len(".nii.gz")] if path.name.endswith(".nii.gz") else path.stem


def _read_coding(masks: Sequence[Path]) -> tuple[Mapping[int, int], int]:
    """Look through all masks, one at a time, for their values and number of axes."""
    values: set[int] = set()
    dims: dict[int, Path] = {}
    problems = []
    for path in masks:
        try:
            mask = _read_mask(path)
        except PreparationError as error:
            problems += error.problems
            continue
        dims.setdefault(mask.ndim, path)
        found = np.unique(mask)
        values.update(found.tolist())
        if len(found) > _MOST_CLASSES:
            problems.append(f"{path}: {len(found)} values in a mask; save class indices, and not as JPEG")
    if len(dims) > 1:
        problems.append(f"{' and '.join(str(path) for path in dims.values())}: one is 2D, one 3D; keep to one")
    if problems:
        raise PreparationError(problems)
    if values == {0}:
        raise PreparationError(f"{masks[0].parent}: all masks are empty")
    return {value: index for index, value in enumerate(sorted(values | {0}))}, next(iter(dims))


def _read_mask(path: Path) -> np.ndarray:
    mask, _ = decode(path)
    colours = mask[..., :3]
    if mask.ndim == 3 and mask.shape[-1] in (3, 4) and not path.name.lower().endswith(_VOLUMES):
        if (colours != colours[..., :1]).any():
            raise PreparationError(f"{path}: a mask must have one channel, got colours; save class indices")
        mask = colours[..., 0]
    if mask.ndim not in (2, 3) or (mask.dtype.kind == "f" and (mask != mask.round()).any()):
        raise PreparationError(f"{path}: a mask must hold whole numbers in 2D or 3D, got {mask.dtype} {mask.shape}")
    return mask.astype(np.int64)


def _load_pair(image: Path, mask: Path, coding: Mapping[int, int], dims: int) -> Sample:
    array, spacing = decode(image)
    pixels = _channels_first(array, image) if dims == 2 else array[np.newaxis]
    label = translate(_read_mask(mask), coding, mask)
    return Sample(pixels, label, spacing if len(spacing) == dims == 3 else ())
