"""A user's own data: a folder in nnU-Net's raw layout, or images and masks with equal file names."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from data_prep._register import register
from data_prep.prepared import Prepared
from data_prep.reading import (
    Case,
    Coding,
    Fold,
    Listing,
    Pair,
    Plan,
    PreparationError,
    Sample,
    check_geometry,
    decode,
    drop_opaque_alpha,
    find_coding,
    find_pairs,
    grouped_folds,
    names,
    read_volume,
)

_WHERE = (
    "your own; the source holds dataset.json with imagesTr/ and labelsTr/ (nnU-Net v2 raw), or images/ and masks/ with "
    "files of equal names (a test set of its own in test/images/ and test/masks/, or train/, val/ and test/ with both)"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_RGB = ("R", "G", "B")


@register(
    "folder",
    title="One's own folder (2D or 3D, as the files say)",
    dims=2,
    classes=("background", "foreground"),
    licence="yours",
    where=_WHERE,
    size="any number of images, 2D (8 bit) or 3D; dimensions and classes are read off the files",
    reference="your own",
)
def folder(
    source: Path,
    *,
    called: str = "folder",
    classes: Sequence[str] = (),
    ignore: int | None = None,
    background: int = 0,
    folds: int = 5,
    patient: str = "",
) -> Plan:
    """Plan a user's own data.

    Outside nnU-Net's layout, a mask's values are the classes in ascending order: 0 and 255 are background and
    foreground, and so are 0 and 1. More than two values are never guessed: `classes` names them all. Folds of nnU-Net's
    `splits_final.json`, and those of train/ and val/, are kept where there are any; otherwise fold k validates on every
    `folds`-th image (or patient) of the sorted list, from the k-th on. Test images may come without masks: they are
    predicted, not measured.

    Args:
        source: the folder.
        called: name of the prepared dataset: letters, digits, "_" and "-".
        classes: names, background first; (): those of dataset.json, or background and foreground.
        ignore: value of mask pixels that losses and metrics ignore; None: there is none.
        background: value of mask pixels that are background.
        folds: number of folds, at least 2.
        patient: regular expression with one group that finds the patient or volume in a case's name: "(.*)_slice" keeps
            all slices of a volume in one part of a fold. "": every image separately.

    Returns:
        The plan.

    Raises:
        ValueError: an option's value.
        PreparationError: no such layout, lone files, masks whose values could mean several things.
    """
    if not _NAME.fullmatch(called):
        raise ValueError(f"`called` must consist of letters, digits, '_' and '-', got {called!r}")
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < 2:
        raise ValueError(f"`folds` must be a whole number of 2 or more, got {folds!r}")
    finder = _compile(patient)
    raw = next(iter(Listing(source).glob("dataset.json", "*/dataset.json")), None)
    plan = _plan_raw(raw.parent, classes) if raw else _plan_pairs(source, classes, ignore, background)
    plan.name = called
    training = [case.name for case in plan.cases if not case.test]
    if len(training) < 2 and not plan.problems:
        plan.problems.append(f"{source}: folds need two training images or more, got {len(training)}")
    if not plan.folds and not plan.problems:
        plan.folds, plan.card["folds"] = _make_folds(training, folds, finder)
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


def _make_folds(training: Sequence[str], count: int, finder: re.Pattern[str] | None) -> tuple[Sequence[Fold], str]:
    if finder is None:
        made = grouped_folds({name: name for name in training}, count)
        return made, f"{len(made)}; fold k validates on every {len(made)}-th image of the sorted list"
    matches = {name: finder.search(name) for name in training}
    if strangers := [name for name, match in matches.items() if match is None]:
        raise ValueError(f"`patient` = {finder.pattern!r} does not match the case {strangers[0]!r}")
    owners = {name: match.group(1) for name, match in matches.items() if match}
    made = grouped_folds(owners, count)
    if not made:
        raise ValueError(f"`patient` = {finder.pattern!r} finds one patient in all cases; folds need two or more")
    fewer = f" ({count} asked for, but there are {len(made)} patients)" if len(made) < count else ""
    return made, f"{len(made)}{fewer}, by {finder.pattern!r}: what it finds stays together"


def _plan_raw(root: Path, classes: Sequence[str]) -> Plan:
    data = Prepared(root, verify=False)
    cases, lone = [], []
    measured = any(data.has_label(case) for case in data.cases("test"))
    for part in ("Tr", "Ts"):
        for name, images in data.image_files(part).items():
            label = root / f"labels{part}" / f"{name}{data.ending}"
            if not label.is_file() and (part == "Tr" or measured):
                lone.append(f"{label}: missing, but there is {images[0]}; add it, or remove the image")
                continue
            pair = Pair(name, tuple(images), label)
            sources = pair.files if label.is_file() else pair.images
            cases.append(Case(name, partial(_load_raw, pair, data.dims), sources, test=part == "Ts"))
    has_folds = (root / "splits_final.json").is_file()
    if classes and len(classes) != len(data.classes):
        raise ValueError(f"`classes` must be a list of {len(data.classes)} different names, as in dataset.json")
    return Plan(
        cases=cases,
        classes=classes or data.classes,
        channels=_channels(data),
        folds=data.folds if has_folds else [],
        groups=data.card.groups,
        source=root,
        lone=lone,
        card={"layout": "nnU-Net v2 raw", "folds": "as in splits_final.json" if has_folds else ""},
        dims=data.dims,
        notes=[] if measured or not data.cases("test") else [_unmeasured(len(data.cases("test")))],
        ignores=data.ignore_index is not None,
    )


def _unmeasured(count: int) -> str:
    return f"{count} test images have no ground truth: they are predicted, not measured"


def _channels(data: Prepared) -> list[str]:
    """Return a name for every channel: an RGB file is one channel in some dataset.json, three in others."""
    listed, (first, *others) = data.channel_names, next(iter(data.image_files("Tr").values()))
    array, _ = decode(first)
    if data.dims == 3 or array.ndim == 2 or len(listed) != 1 + len(others):
        return listed
    return [*_RGB, *listed[1:]]


def _load_raw(pair: Pair, dims: int) -> Sample:
    arrays = [_read_image(path, dims) for path in pair.images]
    if len({array.shape[1:] for array, _ in arrays}) > 1:
        sizes = ", ".join(str(array.shape) for array, _ in arrays)
        raise PreparationError(f"{pair.image}: the channels have different sizes: {sizes}")
    image, spacing = np.concatenate([array for array, _ in arrays]), arrays[0][1]
    if not pair.mask.is_file():
        return Sample(image, None, spacing)
    label, _ = read_volume(pair.mask) if dims == 3 else decode(pair.mask)
    notes = check_geometry(pair.files, [image.shape[1:]] * len(arrays) + [label.shape]) if dims == 3 else []
    return Sample(image, label, spacing, notes=tuple(notes))


def _read_image(path: Path, dims: int) -> tuple[np.ndarray, tuple[float, ...]]:
    """Read one file of an image, channels first."""
    if dims == 3:
        volume, spacing = read_volume(path)
        return volume[np.newaxis], spacing
    image, _ = decode(path)
    image = drop_opaque_alpha(image) if image.ndim == 3 else image[..., np.newaxis]
    has_alpha = image.shape[-1] == 4 and path.suffix.lower() == ".png"
    if image.dtype != np.uint8 or image.ndim != 3 or has_alpha:
        kind = "transparency" if has_alpha else f"{image.dtype} {image.shape}"
        raise PreparationError(f"{path}: a 2D image must have channels of 8 bits, got {kind}; convert it")
    return np.moveaxis(image, -1, 0), ()


def _plan_pairs(source: Path, classes: Sequence[str], ignore: int | None, background: int) -> Plan:
    layout = find_pairs(source, _WHERE)
    test = layout.parts.get("test", [])
    unmeasured = bool(test) and not any(pair.mask.is_file() for pair in test)
    labelled = [pair for part in layout.parts for pair in layout.parts[part] if not (unmeasured and part == "test")]
    if lone := [line for pair in labelled for line in pair.lone]:
        raise PreparationError(lone)
    if not layout.parts["train"]:
        raise PreparationError(f"{source}: no images; {_WHERE}")
    coding = find_coding([pair.mask for pair in labelled], classes, ignore, background)
    renamed = set(names(test)) & set(names(labelled[: len(labelled) - (0 if unmeasured else len(test))]))
    cases = [
        _make_case(pair, coding, part == "test", f"test_{pair.name}" if part == "test" and pair.name in renamed else "")
        for part, pairs in layout.parts.items()
        for pair in pairs
    ]
    validation = names(layout.parts.get("val", []))
    notes = [*coding.warnings, *([_unmeasured(len(test))] if unmeasured else [])]
    if renamed:
        notes.append(f"{len(renamed)} names are in training and test: the test cases are called test_NAME")
    channels = len(_read_image(layout.parts["train"][0].image, coding.dims)[0])
    return Plan(
        cases=cases,
        classes=coding.classes,
        channels={1: ("image",), 3: _RGB}.get(channels, [f"channel{number}" for number in range(channels)]),
        folds=[{"train": names(layout.parts["train"]), "val": validation}] if validation else [],
        source=source,
        card={
            "layout": layout.taken,
            "coding": coding.describe(),
            **({"folds": "one: train/ and val/ as given"} if validation else {}),
        },
        dims=coding.dims,
        notes=notes,
        ignores=coding.ignored is not None,
    )


def _make_case(pair: Pair, coding: Coding, is_test: bool, name: str) -> Case:
    sources = pair.files if pair.mask.is_file() else pair.images
    return Case(name or pair.name, partial(_load_pair, coding, pair), sources, test=is_test)


def _load_pair(coding: Coding, pair: Pair) -> Sample:
    image, spacing = _read_image(pair.image, coding.dims)
    spacing = spacing if len(spacing) == coding.dims == 3 else ()
    if not pair.mask.is_file():
        return Sample(image, None, spacing)
    label = coding.read(pair.mask)
    notes = check_geometry(pair.files, [image.shape[1:], label.shape]) if coding.dims == 3 else []
    return Sample(image, label, spacing, notes=tuple(notes))
