"""Betti matching errors: features count as correct only if they are the same feature in the same place.

Components, loops and cavities of both masks are matched as `topology.betti_matching` does it, with the pair's adjacency
(8 in 2D, 26 in 3D by default; the authors' code uses 4 and 6, for which the numbers agree with its own). Since all
features of a mask begin and end at once, the order of the pixels decides which of them are matched: a hole that is cut
in two may find its partner or not, components that lie apart may be partners (the first ones of two masks always are),
and mirrored images may have different errors.

One difference: a mask without any foreground has no component, and so the n components of the other one are n errors.
The authors' C++ code leaves out the component that never ends and counts n - 1; their Python code counts n + 1.
"""

from metrics._pair import Pair
from metrics._register import register


@register("betti_matching_error", title="Betti matching error", unit="features", higher_is_better=False, version=2)
def betti_matching_error(pair: Pair) -> float:
    """Number of components, loops and cavities of either mask without a partner in the other (Stucki et al. 2023).

    At least the sum of the Betti errors, lower is better. Defined for all masks: two empty ones have error 0, one empty
    one has that of all features of the other. Adjacency: the pair's. See the head of this file for the choice between
    several partners and the differences to the published codes. Version 1 maximised the number of partners, with none
    between components that lie apart, and was for 2D only.

    Reference: N. Stucki et al., Topologically faithful image segmentation via induced matching of persistence
    barcodes, ICML 2023, https://arxiv.org/abs/2211.15272; in 3D https://arxiv.org/abs/2407.04683
    """
    return float(sum(pair.unmatched_features))


@register("betti0_matching_error", title="Betti matching error, β0", unit="components", higher_is_better=False)
def betti0_matching_error(pair: Pair) -> float:
    """Number of components of either mask without a partner in the other.

    At least `betti0_error`, lower is better. Defined for all masks. Adjacency: the pair's. See `betti_matching_error`.

    Reference: as for `betti_matching_error`, of which this is the part of dimension 0.
    """
    return float(pair.unmatched_features[0])


@register("betti1_matching_error", title="Betti matching error, β1", unit="loops", higher_is_better=False)
def betti1_matching_error(pair: Pair) -> float:
    """Number of loops (holes in 2D, tunnels in 3D) of either mask without a partner in the other.

    At least `betti1_error`, lower is better. Defined for all masks. Adjacency: the pair's. See `betti_matching_error`.

    Reference: as for `betti_matching_error`, of which this is the part of dimension 1.
    """
    return float(pair.unmatched_features[1])


@register("betti2_matching_error", title="Betti matching error, β2", unit="cavities", higher_is_better=False, dims=(3,))
def betti2_matching_error(pair: Pair) -> float:
    """Number of cavities of either mask without a partner in the other. 3D only.

    At least `betti2_error`, lower is better. Defined for all masks. Adjacency: the pair's. See `betti_matching_error`.

    Reference: as for `betti_matching_error`, of which this is the part of dimension 2.
    """
    return float(pair.unmatched_features[2])
