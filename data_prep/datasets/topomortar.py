"""TopoMortar: mortar in brick walls, with accurate, noisy and pseudo labels and test images of seven kinds."""

import csv
from pathlib import Path, PurePosixPath

import yaml

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    PreparationError,
    Sample,
    check_choice,
    describe_absent,
    find_root,
    make_cases,
    names,
    read_image,
    read_mask,
    split_pairs,
)

LABELS = ("accurate", "noisy", "pseudo")
# 163.png has six pixels of 8; upstream's betti_numbers.csv has two components there, which is right with 8 as
# background
_CODINGS = {"163": {0: 0, 255: 1, 8: 0}}
SPLIT_FILES = {"large": "splits.yaml", "small": "splits_small.yaml"}
_WHERE = (
    "https://github.com/jmlipman/TopoMortar; the source is its root, which holds the folder dataset/ with splits.yaml, "
    "dataset_types.txt and {train,val,test}/{images,accurate,noisy,pseudo}"
)


@register(
    "topomortar",
    title="TopoMortar",
    dims=2,
    structure="walls",
    classes=("background", "mortar"),
    licence="MIT (LICENSE in the repository, read)",
    where=_WHERE,
    size="50 training, 20 validation and 350 test images, 512 x 512, RGB",
    uses={"scnp": ["H.8", "I.10"], "topomortar": ["1", "2", "3", "4", "5", "6", "7", "8", "9", "README"]},
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
    files = find_root(source, ("TopoMortar",), ("dataset/splits.yaml",), _WHERE)
    split = _read_split(files.find(f"dataset/{SPLIT_FILES[training_set]}"))
    groups = _read_groups(files.find("dataset/dataset_types.txt"))
    cases, lone, missing = [], [], []
    present: dict[str, list[str]] = {}
    for part in ("train", "val", "test"):
        listed = [_pair(files, line, "accurate" if part == "test" else labels) for line in split[part]]
        pairs, alone = split_pairs(listed)
        lone += alone
        missing += describe_absent(f"TopoMortar, {part}", len(listed), [p.image for p in listed if p.is_absent])
        present[part] = names(pairs)
        cases += make_cases(pairs, _load, test=part == "test")
    problems = _find_twice([case.name for case in cases], files.root)
    problems += [
        f"{files.root / 'dataset/dataset_types.txt'}: no group for {c}" for c in present["test"] if c not in groups
    ]
    return Plan(
        cases=cases,
        folds=[{"train": sorted(present["train"]), "val": sorted(present["val"])}],
        groups=_group(present["test"], groups),
        source=files.root,
        problems=problems,
        lone=lone,
        missing=missing,
        card={
            "foreground": "mortar (255 in the files)",
            "folds": "one, the official split",
            "test_labels": "accurate",
            "notes": [
                *(["163: six pixels of 8 are background, as upstream counted"] if "163" in present["test"] else []),
                "in-distribution and out-of-distribution results are never to be averaged together (upstream's README)",
            ],
            "unchecked": _describe_unseen(split["test"], present["test"]),
        },
    )


def _describe_unseen(listed: list[str], present: list[str]) -> list[str]:
    unseen = len(listed) - len(present)
    return [f"{unseen} of the {len(listed)} test images were not at hand when this was written"] if unseen else []


def _load(pair: Pair) -> Sample:
    return Sample(read_image(pair.image, 3), read_mask(pair.mask, _CODINGS.get(pair.name, {0: 0, 255: 1})))


def _pair(files: Listing, line: str, labels: str) -> Pair:
    image = PurePosixPath(line)
    return Pair.of(image.stem, files.find(line), files.find(str(image.parents[1] / labels / image.name)))


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
    kinds = dict.fromkeys(groups.values())
    members = {name: sorted(case for case in cases if groups.get(case) == name) for name in kinds}
    return {name: found for name, found in members.items() if found}


def _find_twice(listed: list[str], root: Path) -> list[str]:
    twice = sorted({name for name in listed if listed.count(name) > 1})
    return [f"{root / 'dataset'}: {name} is in the split twice; get the lists again" for name in twice]
