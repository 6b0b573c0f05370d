"""Connected components of a mask."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from topology._arrays import as_mask, is_tensor, map_masks, to_numpy
from topology.kernels.compiled import usable

FULL_ADJACENCY = {2: 8, 3: 26}
CROSS_ADJACENCY = {2: 4, 3: 6}


def resolve_adjacency(adjacency: int | None, ndim: int) -> int:
    """Resolve a foreground adjacency for a dimension.

    Args:
        adjacency: 4 or 8 in 2D, 6 or 26 in 3D; None for the full one (8, 26). As a convenience for options that hold
            for both dimensions, 4 and 6 mean the same, and so do 8 and 26.
        ndim: 2 or 3.

    Returns:
        The adjacency for that dimension.

    Raises:
        ValueError: another number.
    """
    if adjacency is None or adjacency in FULL_ADJACENCY.values():
        return FULL_ADJACENCY[ndim]
    if adjacency in CROSS_ADJACENCY.values():
        return CROSS_ADJACENCY[ndim]
    raise ValueError(f"`adjacency` must be 8 or 4 in 2D, 26 or 6 in 3D, or None for the larger one, got {adjacency!r}")


def dual_adjacency(adjacency: int) -> int:
    """Return the background adjacency that belongs to a foreground adjacency (8 and 4, 26 and 6)."""
    return {8: 4, 4: 8, 26: 6, 6: 26}[adjacency]


def label(mask: Any, adjacency: int | None = None) -> Any:
    """Label the connected components of a mask.

    Args:
        mask: (H, W) or (D, H, W), or a batch (B, C, *spatial), array or tensor; non-zero is foreground.
        adjacency: of the foreground: 8 or 4 in 2D, 26 or 6 in 3D. Default: 8 and 26.

    Returns:
        int32, same shape: 0 in the background, 1 to n in the components (each image of a batch counts from 1).

    Raises:
        ValueError: wrong shape or adjacency.
    """
    ndim = to_numpy(mask).ndim
    connectivity = resolve_adjacency(adjacency, ndim - 2 if ndim > 3 else ndim)

    def label_one(image: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
        return _label(image, connectivity)[0]

    return map_masks(label_one, mask)


def count_components(mask: Any, adjacency: int | None = None) -> int:
    """Count the connected components of one mask (0 for an empty one).

    Args:
        mask: (H, W) or (D, H, W), array or tensor.
        adjacency: of the foreground, see `label`.

    Returns:
        The number of components.

    Raises:
        ValueError: wrong shape or adjacency.
    """
    image = as_mask(mask)
    return _label(image, resolve_adjacency(adjacency, image.ndim))[1]


def touching_components(mask: Any, seeds: Any, adjacency: int | None = None) -> Any:
    """Return the components of a mask that contain at least one seed.

    Args:
        mask: (H, W) or (D, H, W), or a batch (B, C, *spatial), array or tensor.
        seeds: same shape; seeds outside the mask have no effect.
        adjacency: of the foreground, see `label`.

    Returns:
        bool, same shape and kind as `mask`.

    Raises:
        ValueError: the shapes differ, or wrong shape or adjacency.
    """
    if tuple(mask.shape) != tuple(seeds.shape):
        raise ValueError(f"`seeds` must have the shape of `mask`, {tuple(mask.shape)}, got {tuple(seeds.shape)}")
    if is_tensor(mask) and mask.is_cuda and mask.ndim in (4, 5) and _floods_on(mask.device, mask.ndim):
        from topology._flooding_of_tensors import reached as reached_on_gpu

        full = resolve_adjacency(adjacency, mask.ndim - 2) in FULL_ADJACENCY.values()
        return reached_on_gpu(mask != 0, seeds != 0, full)

    def keep(image: npt.NDArray[np.bool_], hits: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        if not (image & hits).any():
            return np.zeros_like(image)
        if usable():
            from topology.kernels.flooding import reached

            around = _structure(image.ndim, resolve_adjacency(adjacency, image.ndim))
            around[(1,) * image.ndim] = False
            return reached(image, hits, np.argwhere(around) - 1)
        labels = label(image, adjacency)
        kept = np.zeros(int(labels.max()) + 1, bool)
        kept[labels[hits]] = True
        kept[0] = False
        return kept[labels]

    return map_masks(keep, mask, seeds)


def _floods_on(device: Any, ndim: int) -> bool:
    from topology import self_check

    return self_check.passes(f"flooding of masks in {ndim - 2}D", device, partial(_compare_flooding, ndim))


def _compare_flooding(ndim: int, device: Any) -> None:
    """Compare flooding on a device with the CPU's, with each adjacency."""
    from topology._flooding_of_tensors import reached as reached_on_gpu
    from topology.self_check import fixed_input

    # thresholds at which some components hold seeds, others none, and the seeds do not make up the former alone
    shape, thresholds = {4: ((1, 2, 24, 19), {8: 0.7, 4: 0.7}), 5: ((1, 1, 7, 8, 9), {26: 0.85, 6: 0.6})}[ndim]
    values = fixed_input(shape, device)
    seeds = values > 0.97
    for adjacency, threshold in thresholds.items():
        mask = values > threshold
        found = reached_on_gpu(mask, seeds, adjacency in FULL_ADJACENCY.values())
        if not (found.cpu() == touching_components(mask.cpu(), seeds.cpu(), adjacency)).all():
            raise ValueError("other components than the CPU's")


def _label(image: npt.NDArray[np.bool_], adjacency: int) -> tuple[npt.NDArray[np.int32], int]:
    # SciPy's, because connected-components-3d 4.1.1, four times faster in 3D, is wrong on images of a few pixels: it
    # labels background in [[1, 0, 0, 1]] with 8 and fails on small volumes with 26
    labels, number = ndimage.label(image, _structure(image.ndim, adjacency), output=np.int32)
    return labels, int(number)


def _structure(ndim: int, adjacency: int) -> npt.NDArray[np.bool_]:
    """Return the box of three pixels along each axis, True at the centre and at its neighbours."""
    reach = ndim if adjacency in FULL_ADJACENCY.values() else 1
    return np.asarray(ndimage.generate_binary_structure(ndim, reach))
