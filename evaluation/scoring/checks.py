"""Everything that can be wrong with the files, found before anything is measured."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.scoring.classes import Classes
from evaluation.scoring.folders import Case
from evaluation.scoring.masks import LabelImage, read
from evaluation.scoring.presets import Preset
from evaluation.scoring.problems import ScoringError

_SHOWN = 8
_BYTE = 255


@dataclass(frozen=True)
class Found:
    """The result of checking a case's files.

    Attributes:
        case: the case.
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
        case: the case.
        same_geometry: whether different affines are a problem.

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
    predicted, true = (tuple(int(value) for value in np.unique(image.values)) for image in images)
    turned = not problems and _fits_better_transposed(prediction, truth)
    return Found(case, tuple(problems), truth.values.ndim, predicted, true, turned)


def refuse(found: Iterable[Found], classes: Classes, preset: Preset | None = None) -> int:
    """Raise an error if any file is not as it must be.

    Args:
        found: of all cases.
        classes: the meaning of the values.
        preset: may require certain classes.

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
    if np.allclose(prediction.spacing or 0, truth.spacing or 0, rtol=1e-3):
        what, ours, theirs = "affine", _rounded(prediction.affine), _rounded(truth.affine)
    else:
        what, ours, theirs = "spacing", str(prediction.spacing), str(truth.spacing)
    return [
        f"{case.prediction}: its {what} {ours} is not that of {case.truth}, {theirs}; save it with the ground truth's "
        "header, or trust the pixels with --ignore-geometry"
    ]


def _rounded(affine: npt.NDArray[np.float64]) -> str:
    return str(affine[:3].round(3).tolist())


def _values(looked: list[Found], classes: Classes, preset: Preset | None) -> list[str]:
    """Compare the label values with the allowed ones."""
    background = {0, classes.ignore}
    found = {value for each in looked for value in each.predicted} - background
    true = {value for each in looked for value in each.true} - background
    paths = looked[0].case
    if preset and preset.binary and max(len(found), len(true)) > 1:
        return [
            f"{paths.truth.parent}: the preset {preset.name} is for one class, but there are "
            f"{_list(sorted(found | true))}; merge them with --binary, or choose another preset"
        ]
    if not classes.declared and len(found) == len(true) == 1 and found != true:
        return [
            f"{paths.prediction.parent}: foreground is {max(found)} here and {max(true)} in {paths.truth.parent}; "
            "score whatever is above 0 as foreground with --binary"
        ]
    allowed = ({*classes.names} if classes.declared else true) | {0}
    source = _source(classes, preset)
    problems = []
    for each in looked:
        in_truth = allowed | ({classes.ignore} if classes.ignore is not None else set())
        sides = ((each.case.prediction, each.predicted, allowed), (each.case.truth, each.true, in_truth))
        for path, values, known in sides:
            wrong = sorted(set(values) - known)
            if wrong:
                expected = f"{source} {_list(sorted(allowed - {0}))}"
                problems.append(f"{path}: label values {_list(wrong)}, but {expected}; {_advice(wrong, known)}")
    return problems


def _source(classes: Classes, preset: Preset | None) -> str:
    if preset and preset.classes is not None:
        return f"the preset {preset.name} is for"
    return "dataset.json has" if classes.declared else "the ground truth has"


def _advice(wrong: list[int], known: set[int]) -> str:
    if wrong == [_BYTE] and known <= {0, 1}:
        return "score whatever is above 0 as foreground with --binary"
    if known <= {0, 1}:
        return "merge all classes with --binary, or correct the file"
    return "correct the file, or say what they mean in dataset.json"


def _fits_better_transposed(prediction: LabelImage, truth: LabelImage) -> bool:
    """Return whether the prediction agrees with the ground truth only after its last two axes are exchanged."""
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
