"""Betti-number errors: too many or too few components, loops and cavities.

All of them use the pair's foreground adjacency (8 in 2D, 26 in 3D by default) and the dual one for the background, with
the image framed by background. An empty mask has the Betti numbers 0 (TopoMortar's code gives it one component).
"""

import topology
from metrics._pair import Pair
from metrics._register import Undefined, register


@register("betti0_error", title="β0 error", unit="components", higher_is_better=False)
def betti0_error(pair: Pair) -> float:
    """Absolute difference of the numbers of connected components, |b0(b) - b0(y)|.

    At least 0, lower is better. Defined for all masks, an empty one has 0 components. Adjacency: the pair's.

    Reference: X. Hu et al., Topology-preserving deep image segmentation, NeurIPS 2019 (there on random patches).
    """
    return _difference(pair, 0)


@register("betti1_error", title="β1 error", unit="loops", higher_is_better=False)
def betti1_error(pair: Pair) -> float:
    """Absolute difference of the numbers of loops (holes in 2D, tunnels in 3D), |b1(b) - b1(y)|.

    At least 0, lower is better. Defined for all masks, an empty one has 0 loops. Adjacency: the pair's, and its dual
    for the background.

    Reference: X. Hu et al., Topology-preserving deep image segmentation, NeurIPS 2019 (there on random patches).
    """
    return _difference(pair, 1)


@register("betti2_error", title="β2 error", unit="cavities", higher_is_better=False, dims=(3,))
def betti2_error(pair: Pair) -> float:
    """Absolute difference of the numbers of cavities, |b2(b) - b2(y)|. 3D only.

    At least 0, lower is better. Defined for all masks, an empty one has 0 cavities. Adjacency: the dual of the pair's,
    since a cavity is a piece of background.

    Reference: as for the other Betti errors, in the third dimension.
    """
    return _difference(pair, 2)


@register("betti_error", title="e", unit="components + loops", higher_is_better=False)
def betti_error(pair: Pair) -> float:
    """Sum of the errors of components and loops, e = e0 + e1.

    At least 0, lower is better. Defined for all masks. Adjacency: the pair's. The paper measures it on patches: use
    region="sliding" or "random".

    Reference: Schacht et al., ContextLoss, 2025, tables 2 to 6.
    """
    return _difference(pair, 0) + _difference(pair, 1)


@register("e0_gt", title="e0-Gt", unit="components", higher_is_better=False)
def e0_gt(pair: Pair) -> float:
    """Gaps inside the ground truth, |b0(b and y) - b0(y)|.

    At least 0, lower is better. Defined for all masks: an empty prediction has as many gaps as y has components.
    Adjacency: the pair's. This is the project's reading: the formula is in the main part of ContextLoss, which is not
        available to us.

    Reference: Schacht et al., ContextLoss, 2025, section 2.2.
    """
    return float(abs(topology.count_components(pair.overlap, pair.adjacency) - pair.target_betti[0]))


@register("euler_error", title="χ error", higher_is_better=False)
def euler_error(pair: Pair) -> float:
    """Absolute difference of the Euler numbers, |chi(b) - chi(y)|, chi = b0 - b1 (+ b2 in 3D).

    At least 0, lower is better. Defined for all masks, an empty one has chi = 0. Adjacency: the pair's.

    Reference: S. Shit et al., clDice, CVPR 2021, section 5.2.
    """
    return float(abs(_euler(pair.prediction_betti) - _euler(pair.target_betti)))


@register("euler_ratio", title="χ ratio", higher_is_better=None)
def euler_ratio(pair: Pair) -> float:
    """Ratio of the Euler numbers, chi(b) / chi(y).

    Any number, 1 is best. Undefined where chi(y) = 0, and so for an empty ground truth. Adjacency: the pair's.

    Reference: S. Shit et al., clDice, CVPR 2021, appendix H.3.
    """
    if _euler(pair.target_betti) == 0:
        raise Undefined("the ground truth has Euler number 0")
    return _euler(pair.prediction_betti) / _euler(pair.target_betti)


def _difference(pair: Pair, dimension: int) -> float:
    return float(abs(pair.prediction_betti[dimension] - pair.target_betti[dimension]))


def _euler(betti: tuple[int, ...]) -> int:
    return sum((-1) ** k * number for k, number in enumerate(betti))
