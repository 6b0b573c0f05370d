"""vesselNN: two-photon stacks of brain vessels, with labels of several kinds and qualities."""

from pathlib import Path

from data_prep._plan import Plan
from data_prep._problems import PreparationError
from data_prep._register import register
from data_prep.reading.folds import grouped_folds
from data_prep.reading.official_files import find_root
from data_prep.reading.volumes import Volumes, describe_count, make_volume_cases

COUNT = 12
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
    classes=("background", "vessel"),
    licence="no licence file; the README calls it open source",
    where=_WHERE,
    size="12 stacks of 14 to 26 slices, 512 x 512 or 320 x 320",
    reference="Teikari, Santos, Poon, Hynynen: Deep learning convolutional networks for multiphoton microscopy, 2016",
)
def vesselnn(source: Path) -> Plan:
    """Plan five folds over all stacks; stacks of one field or acquisition stay together. There is no official split.

    Args:
        source: the repository's root, or a folder that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout, or a label that fits several stacks.
    """
    root = find_root(source, ("vesselNN", "vesselNN_dataset-master"), ("denoised",), _WHERE)
    files, lone = _find_files(root)
    cases, problems = [], []
    for name, volumes in files.items():
        spacing = next((s for part, s in _SPACING.items() if part in name), _USUAL_SPACING)
        found, wrong = make_volume_cases({name: volumes}, _CODING, spacing=(5.0, spacing, spacing))
        cases += found
        problems += wrong
    owners = {case.name: _owner(case.name) for case in cases}
    return Plan(
        cases=cases,
        classes=("background", "vessel"),
        channels=["two-photon, denoised"],
        folds=grouped_folds(owners) if len(set(owners.values())) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=problems,
        missing=lone + describe_count("vesselNN", len(cases), COUNT, root, "stacks with a label"),
        card={
            "foreground": "vessel (255, in two files 254)",
            "folds": "five over all stacks, no test set (this project's choice)",
            "notes": [
                "labels differ in quality: one is named underSegmented, one initLabel; they touch the border in z",
                "spacing from the metadata upstream; the santos2015 low-contrast stacks have none",
            ],
            "unchecked": ["two pairs and three images were not at hand when this was written"],
        },
    )


def _owner(name: str) -> str:
    if name.startswith("santos2015") and "lowContrast" in name:
        return "santos2015_lowContrast"
    return _OWNERS.get(name, name)


def _find_files(root: Path) -> tuple[dict[str, Volumes], list[str]]:
    """Pair by the longest name that a label starts with: one stack's name may be the beginning of another's.

    Also gives a line for each file without a partner: that is how an incomplete copy of the repository looks.
    """
    images = {path.name[: -len(_DENOISED)]: path for path in sorted((root / "denoised").glob(f"*{_DENOISED}"))}
    files: dict[str, Volumes] = {}
    problems = []
    for label in sorted((root / "labels").glob("*.tif")):
        fitting = [name for name in images if label.name.startswith(f"{name}_")]
        if not fitting:
            problems.append(f"{root / 'denoised'}: no image for {label}; get it, or remove the label")
            continue
        name = max(fitting, key=len)
        if name in files:
            raise PreparationError(f"{files[name][1]} and {label} both belong to {images[name]}; remove one")
        files[name] = ((images[name],), label)
    problems += [
        f"{root / 'labels'}: no label for {path}; get it" for name, path in images.items() if name not in files
    ]
    return files, problems
