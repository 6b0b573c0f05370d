"""Skeletons of binary masks by homotopic thinning."""

from typing import Any

import numpy as np
import numpy.typing as npt

from topology._arrays import is_tensor, map_masks
from topology.kernels.compiled import usable


def skeletonize(mask: Any) -> Any:
    """Thin a mask to its skeleton.

    Zhang-Suen in 2D and Lee in 3D, pixel for pixel as scikit-image does them. Both peel the sides of a structure in a
    fixed order, so a skeleton may differ by a pixel from the mirrored skeleton of the mirrored mask. Lee's may delete a
    small piece altogether: a plate of 2 x 1 x 2 voxels, but not one of 1 x 2 x 2.

    Args:
        mask: (H, W) or (D, H, W), or a batch (B, C, *spatial), array or tensor; non-zero is foreground.

    Returns:
        bool, same shape and kind, on the same device. Volumes on a GPU are thinned by the CPU, images where they are.

    Raises:
        ValueError: wrong shape.

    Reference:
        T. Y. Zhang, C. Y. Suen, A fast parallel algorithm for thinning digital patterns, CACM 1984.
        T. C. Lee, R. L. Kashyap, C. N. Chu, Building skeleton models via 3-D medial surface axis thinning, 1994.
    """
    if is_tensor(mask) and mask.is_cuda and mask.ndim == 4 and _thins_on(mask.device):
        from topology._thinning_of_tensors import thin_2d

        return thin_2d(mask != 0)
    return map_masks(_skeletonize_one, mask)


def _thins_on(device: Any) -> bool:
    from topology import self_check

    return self_check.passes("thinning of images", device, _compare)


def _compare(device: Any) -> None:
    """Compare thinning on a device with the CPU's."""
    from topology._thinning_of_tensors import thin_2d
    from topology.self_check import fixed_input

    mask = fixed_input((1, 2, 24, 19), device) > 0.25
    if not (thin_2d(mask).cpu() == map_masks(_skeletonize_one, mask.cpu())).all():
        raise ValueError("another skeleton than the CPU's")


def _skeletonize_one(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    if not mask.any():
        return np.zeros_like(mask)
    if usable():
        from topology.kernels.thinning import thin_2d, thin_3d

        return thin_2d(mask) if mask.ndim == 2 else thin_3d(mask)
    from skimage.morphology import skeletonize as thin

    return np.asarray(thin(mask), dtype=bool)
