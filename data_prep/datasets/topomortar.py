"""TopoMortar: mortar in brick walls, with accurate, noisy and pseudo labels and test images of seven kinds."""

import csv
from functools import partial
from pathlib import Path

import yaml

from data_prep._plan import Case, Plan, Sample
from data_prep._problems import PreparationError
from data_prep._register import register
from data_prep.reading.official_files import check_choice, describe_missing, find_lone, find_root, read_image, read_mask

LABELS = ("accurate", "noisy", "pseudo")
SPLIT_FILES = {"large": "splits.yaml", "small": "splits_small.yaml"}
_CODING = {0: 0, 255: 1}
_WHERE = (
    "https://github.com/jmlipman/TopoMortar; the source is its root, which holds the folder dataset/ with splits.yaml, "
    "dataset_types.txt and {train,val,test}/{images,accurate,noisy,pseudo}"
)


@register(
    "topomortar",
    title="TopoMortar",
    dims=2,
    classes=("background", "mortar"),
    licence="MIT (LICENSE in the repository, read)",
    where=_WHERE,
    size="50 training, 20 validation and 350 test images, 512 x 512, RGB",
    papers=("scnp",),
    reference="Valverde, Koga, Otsuka, Dahl: TopoMortar, BMVC 2025",
)
def topomortar(source: Path, *, labels: str = "accurate", training_set: str = "large") -> Plan:
    """Plan TopoMortar with its official split: one fold; test images by group, their labels always accurate.

    Args:
        source: the repository's root, or a folder that holds it as TopoMortar/.
        labels: of training and validation images: "accurate", "noisy" or "pseudo".
        training_set: "large" (50 images) or "small" (10).

    Returns:
        The plan.

    Raises:
        ValueError: an option's value.
        PreparationError: no such layout, or a broken list.
    """
    check_choice("labels", labels, LABELS)
    check_choice("training_set", training_set, tuple(SPLIT_FILES))
    root = find_root(source, ("TopoMortar",), ("dataset/splits.yaml",), _WHERE)
    split = _read_split(root / "dataset" / SPLIT_FILES[training_set])
    groups = _read_groups(root / "dataset" / "dataset_types.txt")
    cases, problems, missing = [], [], []
    present: dict[str, list[str]] = {}
    for part in ("train", "val", "test"):
        pairs = [_pair(root / line, "accurate" if part == "test" else labels) for line in split[part]]
        problems += find_lone(pairs)
        absent = [image for image, label in pairs if not image.is_file() and not label.is_file()]
        if absent:
            missing.append(describe_missing(f"TopoMortar, {part}", len(pairs), absent))
        complete = [pair for pair in pairs if all(path.is_file() for path in pair)]
        present[part] = [image.stem for image, _ in complete]
        cases += [Case(i.stem, partial(_load, i, m), (i, m), test=part == "test") for i, m in complete]
    problems += _find_twice([case.name for case in cases], root)
    problems += [f"{root / 'dataset/dataset_types.txt'}: no group for {c}" for c in present["test"] if c not in groups]
    return Plan(
        cases=cases,
        classes=("background", "mortar"),
        channels=["R", "G", "B"],
        folds=[{"train": sorted(present["train"]), "val": sorted(present["val"])}],
        groups=_group(present["test"], groups),
        source=root,
        problems=problems,
        missing=missing,
        card={
            "foreground": "mortar (255 in the files)",
            "folds": "one, the official split",
            "test_labels": "accurate",
            "notes": [
                "in-distribution and out-of-distribution results are never to be averaged together (upstream's README)",
            ],
            "unchecked": ["290 of the 350 test images were not at hand when this was written"],
        },
    )


def _load(image: Path, label: Path) -> Sample:
    return Sample(read_image(image, 3), read_mask(label, _CODING))


def _pair(image: Path, labels: str) -> tuple[Path, Path]:
    return image, image.parents[1] / labels / image.name


def _read_split(path: Path) -> dict[str, list[str]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {part: [str(line) for line in content[1][part]] for part in ("train", "val", "test")}
    except FileNotFoundError:
        raise PreparationError(f"{path}: no such file; complete the download") from None
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise PreparationError(f"{path}: expected key 1 with train, val and test ({error!r}); get it again") from error


def _read_groups(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["ID"]: row["group"] for row in csv.DictReader(file)}
    except FileNotFoundError:
        raise PreparationError(f"{path}: no such file; complete the download") from None
    except (KeyError, UnicodeDecodeError) as error:
        raise PreparationError(f"{path}: expected columns ID and group ({error!r}); get it again") from error


def _group(cases: list[str], groups: dict[str, str]) -> dict[str, list[str]]:
    # in the order of the list: in-distribution first
    names = dict.fromkeys(groups.values())
    members = {name: sorted(case for case in cases if groups.get(case) == name) for name in names}
    return {name: found for name, found in members.items() if found}


def _find_twice(names: list[str], root: Path) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    return [f"{root / 'dataset'}: {name} is in the split twice; get the lists again" for name in twice]
