"""clDice, its two ratios, and AGS: how skeletons and masks cover each other."""

import numpy as np

from metrics._pair import Mask, Pair
from metrics._register import Undefined, register


@register("topology_precision", title="topology precision", higher_is_better=True)
def topology_precision(pair: Pair) -> float:
    """Share of the prediction's skeleton that lies inside the ground truth, |s(b) and y| / |s(b)| (clDice, eq. 1).

    In [0, 1], higher is better. Undefined for an empty prediction. Skeletons: Zhang-Suen in 2D, Lee in 3D.

    Reference: S. Shit et al., clDice, CVPR 2021.
    """
    return _covered(pair.prediction_skeleton, pair.target, "the prediction is empty")


@register("topology_sensitivity", title="topology sensitivity", higher_is_better=True)
def topology_sensitivity(pair: Pair) -> float:
    """Share of the ground truth's skeleton that the prediction covers, |s(y) and b| / |s(y)| (clDice, eq. 1).

    In [0, 1], higher is better. Undefined for an empty ground truth. Skeletons: Zhang-Suen in 2D, Lee in 3D.

    Reference: S. Shit et al., clDice, CVPR 2021.
    """
    return _covered(pair.target_skeleton, pair.prediction, "the ground truth is empty")


@register("cldice", title="clDice", higher_is_better=True)
def cldice(pair: Pair) -> float:
    """Harmonic mean of topology precision and sensitivity (clDice, eq. 2).

    In [0, 1], higher is better. Undefined where one of the two is: prediction or ground truth is empty; 0 where both
    are 0.

    Reference: S. Shit et al., clDice, CVPR 2021.
    """
    precision, sensitivity = topology_precision(pair), topology_sensitivity(pair)
    return 2 * precision * sensitivity / (precision + sensitivity) if precision + sensitivity else 0.0


@register("ags", title="AGS", unit="%", higher_is_better=True)
def ags(pair: Pair) -> float:
    """Accuracy on the ground truth's skeleton: the share of it that the prediction covers, in percent (ContextLoss).

    In [0, 100], higher is better. Undefined for an empty ground truth. This is the project's reading: the formula is in
    the main part of ContextLoss, which is not available to us; the published values agree with topology sensitivity.

    Reference: Schacht et al., ContextLoss, 2025, section 2.2.
    """
    return 100 * topology_sensitivity(pair)


def _covered(skeleton: Mask, mask: Mask, reason: str) -> float:
    length = np.count_nonzero(skeleton)
    if length == 0:
        raise Undefined(reason)
    return float(np.count_nonzero(skeleton & mask) / length)
