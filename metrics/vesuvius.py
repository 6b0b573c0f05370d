"""TopoScore and the score of the Vesuvius surface detection challenge (2025), as its organisers' code defines them."""

from dataclasses import replace
from itertools import product

import numpy as np

import topology
from metrics._pair import Pair
from metrics._register import Undefined, register
from metrics.partition import component_voi
from metrics.surface_dice import surface_dice

_WEIGHTS = (0.34, 0.33, 0.33)  # of components, tunnels, cavities
_ADJACENCY = 6  # of the challenge's Betti matching, whatever the pair's is
_PARTS = {"topology": 0.30, "surface": 0.35, "voi": 0.35}


@register("toposcore", title="TopoScore", higher_is_better=True, dims=(3,))
def toposcore(pair: Pair) -> float:
    """F1 of Betti matching, dimension by dimension, over the eight octants of the volume.

    With m matched features, p of the prediction and g of the ground truth, summed over the octants: F = 2 m / (p + g)
    in each dimension, 0.5 / (p + 0.5) where g = 0 < p; the weights 0.34, 0.33 and 0.33 are shared among the dimensions
    that have a feature. In [0, 1], higher is better; 1 where there is none.

    Adjacency: always 6. The oldest component of an octant is never counted, so an empty prediction has TopoScore 1 if
        each blob of the ground truth lies in an octant of its own.

    Reference: Vesuvius Challenge, surface detection, 2025 (toposcore.py of the organisers' topometrics-3d).
    """
    counts = np.zeros((3, 3), int)
    for octant in product(*(((0, length // 2), (length // 2, length)) for length in pair.target.shape)):
        where = tuple(slice(*bounds) for bounds in octant)
        counts += _counts(pair.prediction[where], pair.target[where])
    weights, scores = [], []
    for weight, (matched, found, true) in zip(_WEIGHTS, counts, strict=True):
        if found + true:
            weights.append(weight)
            scores.append(2 * matched / (found + true) if true else 0.5 / (found + 0.5))
    return float(np.average(scores, weights=weights)) if weights else 1.0


@register("vesuvius_score", title="Vesuvius score", higher_is_better=True, dims=(3,))
def vesuvius_score(pair: Pair) -> float:
    """Score of the challenge, 0.30 TopoScore + 0.35 surface Dice + 0.35 / (1 + 0.3 component VOI).

    In [0, 1], higher is better. Surface Dice has a tolerance of 2 voxels and VOI the adjacency 26, whatever the pair's
    spacing and adjacency are. Two empty masks have score 1.

    Reference: Vesuvius Challenge, surface detection, 2025 (leaderboard.py of the organisers' topometrics-3d).
    """
    plain = replace(pair, spacing=None, adjacency=None)
    try:
        surface, information = surface_dice(plain, tolerance=2.0), component_voi(plain)
    except Undefined:  # both are empty
        surface, information = 1.0, 0.0
    parts = {"topology": toposcore(pair), "surface": surface, "voi": 1 / (1 + 0.3 * information)}
    return float(sum(_PARTS[name] * value for name, value in parts.items()))


def _counts(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Count matched features, those of the prediction and those of the ground truth, by dimension."""
    if prediction.size == 0:
        return np.zeros((3, 3), int)
    found = topology.betti_matching(~prediction, target, 0, adjacency=_ADJACENCY)
    rows = []
    for dimension in range(3):
        matched = len(found.matched.of_dimension(dimension))
        rows.append((matched, matched + len(found.unmatched.of_dimension(dimension)), found.target[dimension]))
    return np.array(rows)
