"""Distances inside masks."""

from typing import Any

import numpy as np
import numpy.typing as npt

from topology._arrays import map_masks


def distances(mask: Any) -> Any:
    """Compute the Euclidean distance of each pixel of a mask to the background of the image.

    Args:
        mask: (H, W) or (D, H, W), or a batch (B, C, *spatial), array or tensor; non-zero is foreground.

    Returns:
        float64, same shape and kind, on the same device: Euclidean distances in pixels between centres, 0 outside the
        mask. Where an image has no background, the distances to the outside of the image.

    Raises:
        ValueError: wrong shape.
    """
    return map_masks(_distances_of_one, mask)


def _distances_of_one(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    import edt

    full = bool(mask.all())
    squared = edt.edtsq(np.ascontiguousarray(mask), black_border=full, parallel=1)
    return np.sqrt(squared, dtype=np.float64)
