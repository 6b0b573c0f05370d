"""Roundness of the predicted pieces, for cells and nuclei."""

import numpy as np

import topology
from metrics._pair import Pair
from metrics._register import Undefined, register


@register("roundness", title="roundness", higher_is_better=True, dims=(2,))
def roundness(pair: Pair) -> float:
    """Mean over the prediction's components of 4 pi A / P^2, at most 1, with Crofton's perimeter P.

    In (0, 1], higher is better; the ground truth is not used. Undefined for an empty prediction. 2D only. This is
    the project's reading: SCNP takes its value from Pieta et al. 2025, who approximate roundness by local thickness.

    Reference: J. M. Valverde et al., SCNP, 2026, table I.12; E. P. Cox, A method of assigning numerical and percentage
    values to the degree of roundness of sand grains, 1927.
    """
    from skimage.measure import regionprops

    pieces = regionprops(topology.label(pair.prediction, pair.adjacency))
    if not pieces:
        raise Undefined("the prediction is empty")
    return float(np.mean([min(1.0, 4 * np.pi * piece.area / piece.perimeter_crofton**2) for piece in pieces]))
