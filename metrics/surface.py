"""HD95 and normalised surface distance: how far the borders of the two masks lie apart."""

import numpy as np

from metrics._borders import border, box, distances
from metrics._pair import Pair
from metrics._register import Undefined, register


@register("hd95", title="HD95", unit="pixels or units of the spacing", higher_is_better=False)
def hd95(pair: Pair) -> float:
    """Larger of the two 95th percentiles of the distances from one border to the other (as MONAI does).

    At least 0, lower is better. Borders are the pixels of a mask with a 4-neighbour (6 in 3D) outside it. Undefined
    where a mask is empty.

    Reference: D. P. Huttenlocher et al., Comparing images using the Hausdorff distance, PAMI 1993.
    """
    if not pair.prediction.any() or not pair.target.any():
        raise Undefined("prediction or ground truth is empty")
    b, y = (border(mask[box(pair)]) for mask in (pair.prediction, pair.target))
    return max(np.percentile(distances(b, y, pair.spacing), 95), np.percentile(distances(y, b, pair.spacing), 95))


@register("nsd", title="NSD", higher_is_better=True)
def nsd(pair: Pair, *, tolerance: float = 1.0) -> float:
    """Normalised surface distance: share of both borders' pixels that lie within `tolerance` of the other border.

    In [0, 1], higher is better. Borders as for HD95; pixels are counted, as MetricsReloaded does. `surface_dice`
    weights them by their area, as the paper does. Undefined where both masks are empty, 0 where one is.

    Args:
        pair: the two masks.
        tolerance: largest distance that is tolerated, in units of the spacing (pixels without one); at least 0.

    Reference: S. Nikolov et al., Clinically applicable segmentation of head and neck anatomy for radiotherapy, JMIR
    2021; L. Maier-Hein, A. Reinke et al., Metrics reloaded, Nature Methods 2024.
    """
    if tolerance < 0:
        raise ValueError(f"`tolerance` must be at least 0, got {tolerance}")
    if not pair.prediction.any() and not pair.target.any():
        raise Undefined("prediction and ground truth are empty")
    b, y = (border(mask[box(pair)]) for mask in (pair.prediction, pair.target))
    near = sum(np.count_nonzero(distances(*both, pair.spacing) <= tolerance) for both in ((b, y), (y, b)))
    return float(near / (np.count_nonzero(b) + np.count_nonzero(y)))
