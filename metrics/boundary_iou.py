"""Boundary IoU: overlap of the regions near the borders."""

import numpy as np
from scipy import ndimage

from metrics._borders import border, box
from metrics._pair import Mask, Pair
from metrics._register import Undefined, register


@register("boundary_iou", title="boundary IoU", higher_is_better=True)
def boundary_iou(pair: Pair, *, width: float = 1.0) -> float:
    """Intersection over union of the two masks' rims, a mask's rim being its pixels less than `width` from its border.

    In [0, 1], higher is better. Borders as for HD95, so a width of 1 pixel means the borders alone (MetricsReloaded's
    default). The paper uses 2 % of the image's diagonal, which reaches the middle of any vessel and so yields the IoU.
    Distances are in units of the spacing; MetricsReloaded counts pixels. Undefined where both masks are empty, 0 where
    one is.

    Args:
        pair: the two masks.
        width: of the rim, in units of the spacing (pixels without one); above 0.

    Reference: B. Cheng et al., Boundary IoU, CVPR 2021.
    """
    if width <= 0:
        raise ValueError(f"`width` must be above 0, got {width}")
    if not pair.prediction.any() and not pair.target.any():
        raise Undefined("prediction and ground truth are empty")
    b, y = (_rim(mask[box(pair)], width, pair.spacing) for mask in (pair.prediction, pair.target))
    return float(np.count_nonzero(b & y) / np.count_nonzero(b | y))


def _rim(mask: Mask, width: float, spacing: tuple[float, ...] | None) -> Mask:
    edge = border(mask)
    if not edge.any():
        return edge
    return mask & (ndimage.distance_transform_edt(~edge, sampling=spacing) < width)
