"""HD95: how far the borders of the two masks lie apart."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from metrics._pair import Mask, Pair
from metrics._register import Undefined, register


@register("hd95", title="HD95", unit="pixels or units of the spacing", higher_is_better=False)
def hd95(pair: Pair) -> float:
    """Larger of the two 95th percentiles of the distances from one border to the other (as MONAI does).

    At least 0, lower is better. Borders are the pixels of a mask with a 4-neighbour (6 in 3D) outside of it. Undefined
    where a mask is empty.

    Reference: D. P. Huttenlocher et al., Comparing images using the Hausdorff distance, PAMI 1993.
    """
    if not pair.prediction.any() or not pair.target.any():
        raise Undefined("prediction or ground truth is empty")
    b, y = (_border(mask[_box(pair)]) for mask in (pair.prediction, pair.target))
    return max(np.percentile(_distances(b, y, pair), 95), np.percentile(_distances(y, b, pair), 95))


def _box(pair: Pair) -> tuple[slice, ...]:
    """Give the box that holds both masks and the pixels around them."""
    (box,) = ndimage.find_objects((pair.prediction | pair.target).astype(np.uint8))
    return tuple(slice(max(axis.start - 1, 0), axis.stop + 1) for axis in box)


def _border(mask: Mask) -> Mask:
    return mask & ~ndimage.binary_erosion(mask)


def _distances(of: Mask, to: Mask, pair: Pair) -> npt.NDArray[np.float64]:
    return ndimage.distance_transform_edt(~to, sampling=pair.spacing)[of]
