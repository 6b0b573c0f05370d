"""Panoptic quality and component-wise F1: which connected components are found, and how well.

Components are those of the foreground, by the pair's adjacency. Two of them match where their IoU is above a threshold:
from 0.5 on no component can have two partners; below, pairs are matched in order of decreasing IoU, each component in
at most one.
"""

from functools import partial

import numpy as np
import numpy.typing as npt

import topology
from metrics._pair import Pair
from metrics._register import Undefined, register


@register("component_f1", title="component F1", higher_is_better=True)
def component_f1(pair: Pair, *, threshold: float = 0.5) -> float:
    """F1 over connected components, 2 matches / (components of b + components of y); the recognition quality.

    In [0, 1], higher is better. Undefined where both masks are empty, 0 where one is.

    Args:
        pair: the two masks.
        threshold: IoU above which two components match, in [0, 1).

    Reference: A. Kirillov et al., Panoptic segmentation, CVPR 2019.
    """
    matched, features = _matches(pair, threshold)
    return 2 * len(matched) / features


@register("panoptic_quality", title="panoptic quality", higher_is_better=True)
def panoptic_quality(pair: Pair, *, threshold: float = 0.5) -> float:
    """Component-wise F1 times the mean IoU of the matches.

    In [0, 1], higher is better. Undefined where both masks are empty, 0 where one is.

    Args:
        pair: the two masks.
        threshold: IoU above which two components match, in [0, 1).

    Reference: A. Kirillov et al., Panoptic segmentation, CVPR 2019.
    """
    matched, features = _matches(pair, threshold)
    return 2 * sum(matched) / features


def _matches(pair: Pair, threshold: float) -> tuple[list[float], int]:
    """Return the IoU of each match, and the total number of components of both masks."""
    if not 0 <= threshold < 1:
        raise ValueError(f"`threshold` must lie in [0, 1), got {threshold}")
    found, true = map(partial(topology.label, adjacency=pair.adjacency), (pair.prediction, pair.target))
    features = int(found.max()) + int(true.max())
    if features == 0:
        raise Undefined("prediction and ground truth are empty")
    first, second, ious = _overlaps(found, true)
    taken: tuple[set[int], set[int]] = (set(), set())
    matched = []
    for place in np.argsort(-ious, kind="stable"):
        if ious[place] <= threshold:
            break
        b, y = int(first[place]), int(second[place])
        if b not in taken[0] and y not in taken[1]:
            taken[0].add(b)
            taken[1].add(y)
            matched.append(float(ious[place]))
    return matched, features


def _overlaps(
    found: npt.NDArray[np.int32], true: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the numbers of the components that overlap, and the IoU of each pair."""
    both = (found > 0) & (true > 0)
    width = int(true.max()) + 1
    pairs, shared = np.unique(found[both].astype(np.int64) * width + true[both], return_counts=True)
    first, second = pairs // width, pairs % width
    return first, second, shared / (np.bincount(found.ravel())[first] + np.bincount(true.ravel())[second] - shared)
