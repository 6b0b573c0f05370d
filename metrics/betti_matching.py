"""Betti matching error: features count as right only where they are the same feature in the same place."""

import numpy as np

import topology
from metrics._pair import Mask, Pair
from metrics._register import register


@register("betti_matching_error", title="Betti matching error", unit="features", higher_is_better=False, dims=(2,))
def betti_matching_error(pair: Pair) -> float:
    """Number of components and holes of either mask without a partner in the other (Stucki et al. 2023), 2D.

    At least |b0 error| + |b1 error|, lower is better; defined for all masks. Two components are partners where they lie
    in one component of the union of the masks; one pair for each such component. Two holes are partners where the same
    hole of the union represents both: of the union's holes inside a hole, the largest does (of equals, the first).

    For masks the induced matching is a matter of all births and deaths being equal: which feature of several stands for
    a union's is then the implementation's choice; the largest is this project's. Its number of matched components does
    not depend on it.

    Reference: N. Stucki et al., Topologically faithful image segmentation via induced matching of persistence
    barcodes, ICML 2023, https://arxiv.org/abs/2211.15272
    """
    union = pair.prediction | pair.target
    components = topology.label(union, pair.adjacency)
    shared = set(components[pair.prediction].tolist()) & set(components[pair.target].tolist())
    of_prediction, of_target = (_representatives(mask, union, pair) for mask in (pair.prediction, pair.target))
    partners = len(shared) + len(of_prediction & of_target)
    features = sum(pair.prediction_betti) + sum(pair.target_betti)
    return float(features - 2 * partners)


def _representatives(mask: Mask, union: Mask, pair: Pair) -> set[int]:
    """Give the holes of the union that stand for a hole of the mask: the largest inside each."""
    holes, union_holes = _holes(mask, pair), _holes(union, pair)
    sizes = np.bincount(union_holes.ravel())
    largest: dict[int, int] = {}
    for hole, inner in sorted(
        set(zip(holes[union_holes > 0].tolist(), union_holes[union_holes > 0].tolist(), strict=True))
    ):
        if hole and sizes[inner] > sizes[largest.get(hole, 0)] * (hole in largest):
            largest[hole] = inner
    return set(largest.values())


def _holes(mask: Mask, pair: Pair) -> np.ndarray:
    """Number the components of the background that do not reach the outside."""
    dual = topology.dual_adjacency(topology.resolve_adjacency(pair.adjacency, mask.ndim))
    labels = topology.label(~np.pad(mask, 1), dual)
    labels[labels == labels.flat[0]] = 0
    return labels[tuple(slice(1, -1) for _ in range(mask.ndim))]
