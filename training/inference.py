"""Predicting whole images by sliding window, and writing them in the layout of the labels."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from runs import files
from training.patches import normalize

if TYPE_CHECKING:
    import torch
    from torch import nn

FOLDER = "predictions"


def predict(
    network: "nn.Module",
    image: np.ndarray,
    *,
    window: Sequence[int],
    overlap: float = 0.5,
    batch_size: int = 2,
    device: "torch.device | str" = "cpu",
    amp: bool = False,
) -> np.ndarray:
    """Predict one whole image.

    Neighbouring windows overlap and their logits are averaged, weighted by a Gaussian around each window's centre (as
    nnU-Net does); an image smaller than the window is padded. Each pixel then takes the class of the largest logit.

    Args:
        network: gives logits (B, C, *spatial).
        image: as the dataset gives it, (channels, *spatial); it is normalised here as in training.
        window: sides of the window, the training patch.
        overlap: share of a window that its neighbour covers, in [0, 1).
        batch_size: windows at a time.
        device: where the network is.
        amp: half precision on CUDA.

    Returns:
        Class indices, uint8 (*spatial).
    """
    import torch
    from monai.inferers import sliding_window_inference

    batch = torch.from_numpy(normalize(image))[None].to(device)
    network.eval()
    half = amp and batch.device.type == "cuda"
    with torch.inference_mode(), torch.autocast(batch.device.type, torch.float16, enabled=half):
        logits = sliding_window_inference(
            batch, list(window), batch_size, lambda windows: network(windows).float(), overlap, mode="gaussian"
        )  # fmt: skip
    return logits[0].argmax(0).to(torch.uint8).cpu().numpy()


def write_prediction(folder: str | Path, case: str, prediction: np.ndarray, spacing: Sequence[float]) -> Path:
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

            # NIfTI counts its axes x, y, z, arrays here z, y, x, as the prepared labels
            affine = np.diag([*reversed(spacing), 1.0])
            nibabel.save(nibabel.Nifti1Image(prediction.transpose(), affine), temporary)
    return path


def read_prediction(folder: str | Path, case: str, dims: int) -> np.ndarray:
    """Read what `write_prediction` wrote.

    Args:
        folder: the run's folder.
        case: name of the case.
        dims: 2 or 3.

    Returns:
        Class indices, uint8 (*spatial).

    Raises:
        FileNotFoundError: when the case has not been predicted.
        ValueError: when the file is damaged, with its path.
    """
    path = prediction_path(folder, case, dims)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: the run has not predicted this case; run it again")
    try:
        if dims == 2:
            from PIL import Image

            with Image.open(path) as image:
                return np.array(image, dtype=np.uint8)
        import nibabel

        return np.ascontiguousarray(np.asarray(nibabel.load(path).dataobj, dtype=np.uint8).transpose())
    except Exception as error:  # both libraries raise many kinds for damaged files
        raise ValueError(f"{path} is damaged ({error}); delete it and run the training again") from error


def prediction_path(folder: str | Path, case: str, dims: int) -> Path:
    """Return where a case's prediction lies, whether it exists or not."""
    return Path(folder) / FOLDER / f"{case}{'.png' if dims == 2 else '.nii.gz'}"


def predicted_cases(folder: str | Path) -> Iterator[str]:
    """Yield the cases that a run has predicted, sorted."""
    for path in sorted((Path(folder) / FOLDER).glob("[!.]*")):
        yield path.name.removesuffix(".gz").removesuffix(".nii").removesuffix(".png")
