"""Betti matching error: features count as right only where they are the same feature in the same place."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

import topology
from metrics._pair import Mask, Pair
from metrics._register import register


@register("betti_matching_error", title="Betti matching error", unit="features", higher_is_better=False, dims=(2,))
def betti_matching_error(pair: Pair) -> float:
    """Number of components and holes of either mask without a partner in the other (Stucki et al. 2023), 2D.

    At least |b0 error| + |b1 error|, lower is better. Defined for all masks. Two components are partners where they lie
    in one component of the union of the masks; one pair for each such component. Two holes can be partners where one
    hole of the union lies in both.

    For masks all births and all deaths are equal, so that the induced matching depends on how ties are broken. This is
    the project's reading of it, the same for mirror images: of the ways to choose which of the union's holes inside a
    hole stands for it, the one that gives most holes a partner; and no partners among components that lie apart. The
    published code takes the order of the pixels for both. It pairs some components that lie apart (always the first of
    each mask, which never die), so in dimension 0 its error is at most the one here at the same adjacency. Its own
    adjacency is 4; here it is the pair's, 8 by default. Two empty masks have error 0. Dimension 1 in 3D has no such
    rule, hence 2D only.

    Reference: N. Stucki et al., Topologically faithful image segmentation via induced matching of persistence
    barcodes, ICML 2023, https://arxiv.org/abs/2211.15272
    """
    union = pair.prediction | pair.target
    components = topology.label(union, pair.adjacency)
    shared = set(components[pair.prediction].tolist()) & set(components[pair.target].tolist())
    features = sum(pair.prediction_betti) + sum(pair.target_betti)
    return float(features - 2 * (len(shared) + _hole_partners(pair, union)))


def _hole_partners(pair: Pair, union: Mask) -> int:
    """Count the pairs of holes, each hole in one at most, that share a hole of the union: as many as there can be."""
    found, true = (_holes(mask, pair)[~union] for mask in (pair.prediction, pair.target))
    both = (found > 0) & (true > 0)
    if not both.any():
        return 0
    touching = csr_array((np.ones(np.count_nonzero(both), bool), (found[both], true[both])))
    return int(np.count_nonzero(maximum_bipartite_matching(touching) >= 0))


def _holes(mask: Mask, pair: Pair) -> npt.NDArray[np.int32]:
    """Number the components of the background that do not reach the outside."""
    dual = topology.dual_adjacency(topology.resolve_adjacency(pair.adjacency, mask.ndim))
    labels = topology.label(~np.pad(mask, 1), dual)
    labels[labels == labels.flat[0]] = 0
    return labels[tuple(slice(1, -1) for _ in range(mask.ndim))]
