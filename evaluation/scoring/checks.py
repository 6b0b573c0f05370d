"""Everything that can be wrong with the files, found before anything is measured."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from evaluation.scoring.classes import Classes
from evaluation.scoring.folders import Case
from evaluation.scoring.masks import LabelImage, read
from evaluation.scoring.problems import ScoringError

_SHOWN = 8
_BYTE = 255


@dataclass(frozen=True)
class Found:
    """What a look at a case's files gave.

    Attributes:
        case: which.
        problems: what stops the scoring, a line each.
        dims: 2 or 3; 0 where a file cannot be read.
        predicted: values in the prediction.
        true: values in the ground truth.
        transposed: the prediction fits better with its last two axes exchanged.
    """

    case: Case
    problems: tuple[str, ...] = ()
    dims: int = 0
    predicted: tuple[int, ...] = ()
    true: tuple[int, ...] = ()
    transposed: bool = False


def look(case: Case, same_geometry: bool) -> Found:
    """Read both files of a case and compare them.

    Args:
        case: which.
        same_geometry: whether affines that differ are a problem.

    Returns:
        What was found.
    """
    images, problems = [], []
    for path in (case.prediction, case.truth):
        try:
            images.append(read(path))
        except ScoringError as error:
            problems += error.problems
    if problems:
        return Found(case, tuple(problems))
    prediction, truth = images
    problems = _shapes(case, prediction, truth)
    if not problems and same_geometry:
        problems = _geometry(case, prediction, truth)
    values = [tuple(int(value) for value in np.unique(image.values)) for image in images]
    turned = not problems and _fits_better_transposed(prediction, truth)
    return Found(case, tuple(problems), truth.values.ndim, *values, turned)


def refuse(found: Iterable[Found], classes: Classes, preset: str = "") -> int:
    """Stop where a file is not as it must be.

    Args:
        found: of all cases.
        classes: what the values mean.
        preset: name of the preset that says so, for messages.

    Returns:
        The images' dimension.

    Raises:
        ScoringError: all problems of all files.
    """
    looked = list(found)
    problems = [problem for each in looked for problem in each.problems]
    dims = Counter(each.dims for each in looked if not each.problems)
    if len(dims) > 1:
        rarer = min(dims, key=lambda number: dims[number])
        odd = next(each for each in looked if each.dims == rarer)
        problems.append(
            f"{odd.case.truth}: a {rarer}D image among {max(dims, key=dims.__getitem__)}D ones; score them apart"
        )
    if not problems and not classes.binary:
        problems = _values(looked, classes, preset)
    if problems:
        raise ScoringError(list(dict.fromkeys(problems)))
    return next(iter(dims))


def _shapes(case: Case, prediction: LabelImage, truth: LabelImage) -> list[str]:
    found, true = prediction.values.shape, truth.values.shape
    if found == true:
        return []
    hint = "crop or resample it to the ground truth"
    if sorted(found) == sorted(true):
        hint = "its axes are in another order: transpose it"
    return [f"{case.prediction}: size {_size(found)}, but {case.truth} has {_size(true)}; {hint}"]


def _geometry(case: Case, prediction: LabelImage, truth: LabelImage) -> list[str]:
    if prediction.affine is None or truth.affine is None:
        return []
    largest = max(truth.spacing or (1.0,))
    if np.allclose(prediction.affine, truth.affine, rtol=1e-4, atol=1e-3 * largest):
        return []
    what = "spacing" if not np.allclose(prediction.spacing or 0, truth.spacing or 0, rtol=1e-3) else "affine"
    ours, theirs = (
        (image.spacing if what == "spacing" else image.affine[:3].round(3).tolist())
        for image in (prediction, truth)  # type: ignore[index]
    )
    return [
        f"{case.prediction}: its {what} {ours} is not that of {case.truth}, {theirs}; save it with the ground truth's "
        "header, or trust the pixels with --ignore-geometry"
    ]


def _values(looked: list[Found], classes: Classes, preset: str) -> list[str]:
    """Compare the label values with those that there may be."""
    found, true = ({v for each in looked for v in values(each)} for values in (_predicted, _true))
    if not classes.declared and _one_class(found) and _one_class(true) and found - true - {0} and found != {0}:
        path = looked[0].case.prediction
        return [
            f"{path.parent}: foreground is {max(found)} here and {max(true)} in {looked[0].case.truth.parent}; score "
            "whatever is above 0 as foreground with --binary"
        ]
    allowed = ({*classes.names} if classes.declared else true) | {0}
    why = (
        f"the preset {preset} is for" if preset else "dataset.json has" if classes.declared else "the ground truth has"
    )
    expected = f"{why} {_list(sorted(allowed - {0}))}"
    problems = []
    for each in looked:
        ignored = {classes.ignore} if classes.ignore is not None else set()
        sides = ((each.case.prediction, _predicted(each), allowed), (each.case.truth, _true(each), allowed | ignored))
        for path, values, known in sides:
            wrong = sorted(set(values) - known)
            if wrong:
                problems.append(f"{path}: label values {_list(wrong)}, but {expected}; {_advice(wrong, known)}")
    return problems


def _advice(wrong: list[int], known: set[int]) -> str:
    if wrong == [_BYTE] and known <= {0, 1}:
        return "score whatever is above 0 as foreground with --binary"
    if known <= {0, 1}:
        return "merge all classes with --binary, or correct the file"
    return "correct the file, or say what they mean in dataset.json"


def _one_class(values: set[int]) -> bool:
    return len(values - {0}) <= 1 and bool(values)


def _predicted(found: Found) -> tuple[int, ...]:
    return found.predicted


def _true(found: Found) -> tuple[int, ...]:
    return found.true


def _fits_better_transposed(prediction: LabelImage, truth: LabelImage) -> bool:
    """Whether the prediction agrees with the ground truth only after its last two axes are exchanged."""
    b, y = prediction.values > 0, truth.values > 0
    if b.shape[-1] != b.shape[-2] or not b.any() or not y.any():
        return False
    upright, turned = (_dice(each, y) for each in (b, np.swapaxes(b, -1, -2)))
    return turned > 0.5 and turned > 2 * upright


def _dice(b: np.ndarray, y: np.ndarray) -> float:
    return 2 * np.count_nonzero(b & y) / (np.count_nonzero(b) + np.count_nonzero(y))


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _list(values: list[int]) -> str:
    return ", ".join(map(str, values[:_SHOWN])) + (", ..." if len(values) > _SHOWN else "")
