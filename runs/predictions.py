"""The predictions of a run: one file per case in the layout of the labels, PNG in 2D, .nii.gz in 3D, with checksums."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runs import files

if TYPE_CHECKING:
    import numpy as np

FOLDER = "predictions"


def write_prediction(folder: str | Path, case: str, prediction: "np.ndarray", spacing: Sequence[float]) -> Path:
    """Write one prediction, atomically: PNG in 2D, .nii.gz in 3D, class indices as in the labels.

    Args:
        folder: the run's folder.
        case: name of the case.
        prediction: class indices, uint8 (*spatial).
        spacing: of each axis, in the order of the axes; in 3D it becomes the affine.

    Returns:
        The file.
    """
    path = prediction_path(folder, case, prediction.ndim)
    with files.atomic(path) as temporary:
        if prediction.ndim == 2:
            from PIL import Image

            Image.fromarray(prediction).save(temporary)
        else:
            import nibabel
            import numpy as np

            # NIfTI counts its axes x, y, z, arrays here z, y, x, as the prepared labels
            affine = np.diag([*reversed(spacing), 1.0])
            nibabel.save(nibabel.Nifti1Image(prediction.transpose(), affine), temporary)
    return path


def read_prediction(folder: str | Path, case: str, dims: int) -> "np.ndarray":
    """Read a prediction written by `write_prediction`.

    Args:
        folder: the run's folder.
        case: name of the case.
        dims: 2 or 3.

    Returns:
        Class indices, uint8 (*spatial).

    Raises:
        FileNotFoundError: the case has not been predicted.
        ValueError: the file is damaged; with its path.
    """
    import numpy as np

    path = prediction_path(folder, case, dims)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: the run has not predicted this case; run it again")
    try:
        if dims == 2:
            from PIL import Image

            with Image.open(path, formats=["PNG"]) as image:
                return np.array(image, dtype=np.uint8)
        import nibabel

        volume = nibabel.Nifti1Image.from_filename(path).dataobj
        return np.ascontiguousarray(np.asarray(volume, dtype=np.uint8).transpose())
    except Exception as error:  # both libraries raise many kinds of errors for damaged files
        raise ValueError(f"{path} is damaged ({error}); delete it and run the training again") from error


def prediction_path(folder: str | Path, case: str, dims: int) -> Path:
    """Return the file of a case's prediction, whether it exists or not."""
    return Path(folder) / FOLDER / f"{case}{'.png' if dims == 2 else '.nii.gz'}"


def predicted_cases(folder: str | Path) -> Iterator[str]:
    """Yield the cases that a run has predicted, sorted."""
    for path in _files(folder):
        yield path.name.removesuffix(".gz").removesuffix(".nii").removesuffix(".png")


def checksums(folder: str | Path) -> dict[str, str]:
    """Return the SHA-256 of each prediction of a run, by file name."""
    return {path.name: files.sha256(path) for path in _files(folder)}


def damages(folder: str | Path, recorded: Mapping[str, str]) -> list[str]:
    """Compare the predictions of a run with their checksums.

    Args:
        folder: the run's folder.
        recorded: SHA-256 by file name, as in run.json.

    Returns:
        One line for each file that is missing, or is not the one that the run wrote.
    """
    place = Path(folder) / FOLDER
    problems = []
    for name, digest in recorded.items():
        path = place / name
        if not path.is_file():
            problems.append(f"{path} is missing")
        elif files.sha256(path) != digest:
            problems.append(f"{path} is not the file that the run wrote (replaced or truncated)")
    return problems


def _files(folder: str | Path) -> list[Path]:
    return sorted((Path(folder) / FOLDER).glob("[!.]*"))
