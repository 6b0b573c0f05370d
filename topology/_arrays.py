"""Input handling: masks are numpy arrays or torch tensors, single or in a batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import for_each

MaskFunction = Callable[..., npt.NDArray[Any]]


def is_tensor(array: Any) -> bool:
    """Return whether a value is a torch tensor, without importing torch."""
    return type(array).__module__.split(".")[0] == "torch"


def to_numpy(array: Any) -> npt.NDArray[Any]:
    """Return the values of a tensor or an array as a numpy array on the CPU."""
    return array.detach().cpu().numpy() if is_tensor(array) else np.asarray(array)


def as_mask(mask: Any) -> npt.NDArray[np.bool_]:
    """Return one 2D or 3D mask as a bool array.

    Args:
        mask: (H, W) or (D, H, W), array or tensor of any dtype; everything but zero is foreground.

    Returns:
        Bool array of the same shape.

    Raises:
        ValueError: the mask does not have 2 or 3 axes, or has an axis of length 0.
    """
    array = to_numpy(mask)
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(f"`mask` must be one 2D or 3D image without empty axes, got shape {tuple(array.shape)}")
    return array if array.dtype == bool else array != 0


def map_masks(function: MaskFunction, mask: Any, *others: Any) -> Any:
    """Apply a function of one mask to a mask or to each image of a batch; the result has the kind of the input.

    Args:
        function: from a bool mask (and one of each of the others) to an array of the same shape.
        mask: (H, W) or (D, H, W), or a batch of them, (B, C, H, W) or (B, C, D, H, W), array or tensor.
        *others: of the same shape.

    Returns:
        The results in the mask's shape, on its device where it is a tensor.

    Raises:
        ValueError: the mask has fewer than 2 or more than 5 axes.
    """
    if not is_tensor(mask):
        return _map_arrays(function, mask, *others)
    import torch

    # torch.compile replaces NumPy by an emulation, which made touching_components wrong (PyTorch 2.13)
    run = torch.compiler.disable(_map_arrays) if torch.compiler.is_compiling() else _map_arrays
    return torch.from_numpy(np.ascontiguousarray(run(function, mask, *others))).to(mask.device)


def _map_arrays(function: MaskFunction, *masks: Any) -> npt.NDArray[Any]:
    arrays = [to_numpy(mask) for mask in masks]
    shape = arrays[0].shape
    if len(shape) in (4, 5):
        batches = [array.reshape(-1, *shape[2:]) for array in arrays]
        results = for_each(lambda images: function(*map(as_mask, images)), zip(*batches, strict=True))
        return np.stack(results).reshape(shape) if results else np.zeros(shape, bool)
    return function(*map(as_mask, arrays))
