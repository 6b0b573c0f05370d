"""Which files are cases, and which prediction belongs to which ground truth."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluation.scoring.masks import SUFFIXES
from evaluation.scoring.problems import ScoringError

_CHANNEL = re.compile(r"_\d{4}$")  # nnU-Net's suffix of an image's channel
_LABEL_FOLDERS = ("labelsTs", "labelsTr")


@dataclass(frozen=True)
class Case:
    """A prediction and its ground truth."""

    name: str
    prediction: Path
    truth: Path


@dataclass(frozen=True)
class Pairing:
    """The content of the folders.

    Attributes:
        method: name of the predictions, for tables.
        cases: with both files, by name.
        missing: ground truths without a prediction.
        extra: predictions without a ground truth.
    """

    method: str
    cases: tuple[Case, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]


def pair(predictions: Path, ground_truth: Path, method: str, partial: bool) -> Pairing:
    """Match predictions and ground truth by file name.

    nnU-Net's layouts are understood: `ground_truth` may be a dataset's folder with labelsTs or labelsTr, and the suffix
    `_0000` is ignored.

    Args:
        predictions: folder of masks.
        ground_truth: folder of masks, or of a dataset.
        method: name of the predictions.
        partial: score the existing predictions if ground truths without one remain.

    Returns:
        The cases, and the files without a partner.

    Raises:
        ScoringError: no folder, no masks, no name in common, or missing predictions without `partial`.
    """
    found = _cases(predictions)
    truth = _truth(ground_truth, set(found))
    common = sorted(set(found) & set(truth))
    if not common:
        raise ScoringError(
            f"{predictions}: no name in common with {ground_truth}: predictions are called {_some(found)}, ground "
            f"truths {_some(truth)}; give both the same names"
        )
    missing, extra = sorted(set(truth) - set(found)), sorted(set(found) - set(truth))
    if missing and not partial:
        raise ScoringError(
            f"{predictions}: {len(missing)} of {len(truth)} ground truths have no prediction ({_some(missing)}); add "
            "them, or score the others alone with --partial"
        )
    cases = tuple(Case(name, found[name], truth[name]) for name in common)
    return Pairing(method, cases, tuple(missing), tuple(extra))


def methods(folders: list[Path]) -> list[str]:
    """Return a name for each folder of predictions: the last parts of its path that distinguish it from the others.

    Args:
        folders: of predictions.

    Returns:
        The names.

    Raises:
        ScoringError: a folder is given twice.
    """
    resolved = [folder.resolve() for folder in folders]
    for folder in folders:
        if resolved.count(folder.resolve()) > 1:
            raise ScoringError(f"{folder}: given twice; compare different predictions")
    depth = 1
    while True:
        names = ["/".join(folder.parts[-depth:]) for folder in resolved]
        if len(set(names)) == len(names):
            return names
        depth += 1


def beside(folder: Path, name: str) -> Path | None:
    """Return a file of a dataset: in the folder of masks, or in its parent."""
    return next((place / name for place in (folder, folder.resolve().parent) if (place / name).is_file()), None)


def _truth(folder: Path, wanted: set[str]) -> dict[str, Path]:
    if not folder.is_dir():
        raise ScoringError(f"{folder}: no such folder; give the folder that holds the ground truth")
    inside = [_cases(folder / name) for name in _LABEL_FOLDERS if (folder / name).is_dir() and _masks(folder / name)]
    if not inside or _masks(folder):
        return _cases(folder)
    return max(inside, key=lambda cases: len(wanted & set(cases)))  # on a tie the first: labelsTs


def _cases(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise ScoringError(f"{folder}: no such folder; give the folder that holds the masks")
    paths = _masks(folder)
    if not paths:
        raise ScoringError(f"{folder}: no masks in it; expected files that end with {', '.join(SUFFIXES)}")
    cases: dict[str, Path] = {}
    for path in paths:
        name = _CHANNEL.sub("", _stem(path))
        if name in cases:
            raise ScoringError(f"{path}: the case {name!r} is also in {cases[name].name}; keep one file a case")
        cases[name] = path
    return cases


def _masks(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("[!.]*") if path.name.lower().endswith(SUFFIXES) and path.is_file())


def _stem(path: Path) -> str:
    suffix = next(suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix))
    return path.name[: -len(suffix)]


def _some(names: Mapping[str, Path] | list[str], count: int = 3) -> str:
    shown = sorted(names)
    return ", ".join(repr(name) for name in shown[:count]) + (", ..." if len(shown) > count else "")
