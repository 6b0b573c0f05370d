"""Wrong regions that change topology, found in the graph of a prediction's and a truth's components."""

from functools import partial
from typing import Any

import numpy as np

from topology._arrays import map_masks, to_numpy
from topology.components import resolve_adjacency


def critical_regions(prediction: Any, truth: Any, adjacency: int | None = None) -> Any:
    """Label the wrong regions of a 2D prediction that change topology (Topograph).

    Regions are the 4-connected components of the four kinds of pixels: in both masks, in neither, added, missed. They
    are the nodes of a graph whose edges are shared sides, and shared corners on the diagonal that takes precedence (the
    foreground's with adjacency 8, the background's with 4). Foreground regions of the same kind that share an edge are
    merged. A wrong region, added or missed, is harmless if it touches exactly one background region and exactly one
    cluster: of the truth for an added one, of the prediction for a missed one. All others are critical.

    In 3D no such rule is sound: an added handle touches one background and one cluster.

    Args:
        prediction: (H, W), or a batch (B, C, H, W), array or tensor; non-zero is foreground.
        truth: of the same shape.
        adjacency: of the foreground, 8 or 4; default: 8.

    Returns:
        int32, same shape and kind, on the same device: 1 to n in the critical regions of each image, 0 elsewhere.

    Raises:
        ValueError: volumes, wrong shape or adjacency.

    Reference:
        L. Lux et al., Topograph: an efficient graph-based framework for strictly topology preserving image
        segmentation, ICLR 2025, https://arxiv.org/abs/2411.03228
    """
    from topology.kernels import component_graph

    ndim = to_numpy(prediction).ndim
    if ndim not in (2, 4):
        raise ValueError(f"`prediction` must be 2D, (H, W) or (B, C, H, W), got {ndim} axes: no rule is known in 3D")
    find = partial(component_graph.critical_regions, adjacency=resolve_adjacency(adjacency, 2))
    return map_masks(lambda b, y: np.asarray(find(b, y)), prediction, truth)
