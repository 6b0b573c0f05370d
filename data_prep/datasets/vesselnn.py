"""vesselNN: two-photon stacks of brain vessels, with labels of several kinds and qualities."""

from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    PreparationError,
    Sample,
    check_choice,
    describe_count,
    find_root,
    grouped_folds,
    load_volumes,
    split_cases,
)

COUNT = 12
SPLITS = ("cross_validation", "held_out")
# values are 0 and 255, in two labels 0 and 254
_CODING = {0: 0, 254: 1, 255: 1}
# x and y in micrometres by the metadata upstream; z is always 5
_SPACING = {"lowerRes": 1.59, "plaqueVessels": 2.485, "tumor": 0.621}
_USUAL_SPACING = 0.994
# one field at two times, and two stacks of one acquisition
_OWNERS = {"poon2015_BBB_Leakage": "poon2015_BBB", "poon2015_BBB_noLeakage": "poon2015_BBB"}
_DENOISED = "_BM4D_denoised.tif"
_WHERE = (
    "https://github.com/petteriTeikari/vesselNN_dataset; the source is its root, which holds "
    "denoised/NAME_BM4D_denoised.tif and labels/NAME_*.tif"
)


@register(
    "vesselnn",
    title="vesselNN",
    dims=3,
    structure="vessels in 3D",
    classes=("background", "vessel"),
    licence="no licence file; the README calls it open source",
    where=_WHERE,
    size="12 stacks of 10 to 26 slices, 512 x 512 or 320 x 320",
    reference="Teikari, Santos, Poon, Hynynen: Deep learning convolutional networks for multiphoton microscopy, 2016",
    unchecked=("two pairs and three images were not at hand when this was written",),
)
def vesselnn(source: Path, *, split: str = "cross_validation") -> Plan:
    """Plan folds in which stacks of one field or acquisition stay together. There is no official split.

    Both splits are this project's choice. "cross_validation": five folds over all stacks and no test set. "held_out":
    the first of these folds is the test set, the rest has four folds.

    Args:
        source: the repository's root, or a folder that holds it.
        split: "cross_validation" or "held_out".

    Returns:
        The plan.

    Raises:
        ValueError: the option's value.
        PreparationError: no such layout, or a label that fits several stacks.
    """
    check_choice("split", split, SPLITS)
    files = find_root(source, ("vesselNN", "vesselNN_dataset-master"), ("denoised",), _WHERE)
    pairs, lone = _find_pairs(files)
    owners = {pair.name: _owner(pair.name) for pair in pairs}
    folds = grouped_folds(owners)
    test = folds[0]["val"] if split == "held_out" and folds else []
    training = {name: owner for name, owner in owners.items() if name not in test}
    return Plan(
        cases=split_cases(
            [pair for pair in pairs if pair.name in training], [pair for pair in pairs if pair.name in test], _load
        ),
        channels=["two-photon, denoised"],
        folds=grouped_folds(training, 4) if test else folds,
        source=files.root,
        missing=lone + describe_count("vesselNN", len(pairs), COUNT, files.root, "stacks with a label"),
        card={
            "foreground": "vessel (255, in two files 254)",
            "folds": "four; the test set is a fifth of the stacks (this project's choice)"
            if test
            else "five over all stacks, no test set (this project's choice)",
            "notes": [
                "labels differ in quality: one is named underSegmented, one initLabel; they touch the border in z",
                "spacing from the metadata upstream; the santos2015 low-contrast stacks have none",
            ],
        },
    )


def _owner(name: str) -> str:
    if name.startswith("santos2015") and "lowContrast" in name:
        return "santos2015_lowContrast"
    return _OWNERS.get(name, name)


def _load(pair: Pair) -> Sample:
    across = next((spacing for part, spacing in _SPACING.items() if part in pair.name), _USUAL_SPACING)
    return load_volumes(pair, _CODING, (5.0, across, across))


def _find_pairs(files: Listing) -> tuple[list[Pair], list[str]]:
    """Pair by the longest name with which a label starts: one stack's name may be the beginning of another's.

    Also returns a line for each file without a partner, the sign of an incomplete copy of the repository.
    """
    images = {path.name[: -len(_DENOISED)]: path for path in files.glob(f"denoised/*{_DENOISED}")}
    pairs: dict[str, Pair] = {}
    problems = []
    for label in files.glob("labels/*.tif"):
        fitting = [name for name in images if label.name.startswith(f"{name}_")]
        if not fitting:
            problems.append(f"{files.root / 'denoised'}: no image for {label}; get it, or remove the label")
            continue
        name = max(fitting, key=len)
        if name in pairs:
            raise PreparationError(f"{pairs[name].mask} and {label} both belong to {images[name]}; remove one")
        pairs[name] = Pair.of(name, images[name], label)
    problems += [
        f"{files.root / 'labels'}: no label for {path}; get it" for name, path in images.items() if name not in pairs
    ]
    return list(pairs.values()), problems
