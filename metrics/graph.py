"""Junction F1 and StreetMover distance: the skeletons as graphs."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

import topology
from metrics._pair import Mask, Pair
from metrics._register import Undefined, register

MATCH_RADIUS = 10.0  # pixels within which two nodes are the same
SAMPLES = 500  # points on each skeleton
_SEED = 0

Points = npt.NDArray[np.float64]


@register("junction_f1", title="junction F1", higher_is_better=True, version=2)
def junction_f1(pair: Pair) -> float:
    """F1 over the nodes of the skeletons, matched one to one within 10 pixels, as many as possible.

    In [0, 1], higher is better. Nodes are endpoints, isolated pixels and junctions (see `nodes`). Undefined where
    neither skeleton has one. This is the project's reading of clDice's Opt-J, which "can account for nodes with an
    arbitrary number of incident edges, making this metric more sensitive to endpoints and missed connections"; Opt-J
    also weights the incident edges of matched nodes. Version 1 counted junctions alone.

    Reference: S. Shit et al., clDice, CVPR 2021, appendix; L. Citraro et al., Towards reliable evaluation of algorithms
    for road network reconstruction from aerial images, ECCV 2020.
    """
    found, true = nodes(pair.prediction_skeleton), nodes(pair.target_skeleton)
    if len(found) + len(true) == 0:
        raise Undefined("neither skeleton has a node")
    if len(found) == 0 or len(true) == 0:
        return 0.0
    return 2 * _matches(found, true) / (len(found) + len(true))


@register("smd", title="SMD", unit="of the image's diagonal", higher_is_better=False, requires=("ot",))
def smd(pair: Pair) -> float:
    """StreetMover distance: the 1-Wasserstein distance between points sampled uniformly on the two skeletons.

    In [0, 1], lower is better; 500 points each (all where there are fewer), drawn with a fixed seed, as a share of the
    image's diagonal. Undefined where a mask is empty. clDice specifies neither the number of points nor the unit: this
    is the project's reading.

    Reference: D. Belli, T. Kipf, Image-conditioned graph generation for road network extraction, 2019.
    """
    import ot

    found, true = (_sample(s) for s in (pair.prediction_skeleton, pair.target_skeleton))
    if len(found) == 0 or len(true) == 0:
        raise Undefined("prediction or ground truth is empty")
    spacing = np.array(pair.spacing or (1.0,) * pair.target.ndim)
    diagonal = float(np.linalg.norm(np.array(pair.target.shape) * spacing))
    return float(ot.emd2([], [], cdist(found * spacing, true * spacing), numItermax=1_000_000)) / diagonal


def nodes(skeleton: Mask, endpoints: bool = True) -> Points:
    """Return the positions of a skeleton's nodes, by the number of neighbours on the skeleton (8 in 2D, 26 in 3D).

    Args:
        skeleton: (H, W) or (D, H, W).
        endpoints: include pixels with one neighbour or none. Without them only junctions are returned: connected groups
            of pixels with three neighbours or more, at their centres.

    Returns:
        (n, ndim), in pixels.
    """
    itself_and_neighbours = np.ones((3,) * skeleton.ndim, np.uint8)
    around = ndimage.convolve(skeleton.astype(np.uint8), itself_and_neighbours, mode="constant")
    labels = topology.label(skeleton & (around >= 4))
    centres = ndimage.center_of_mass(labels > 0, labels, range(1, int(labels.max()) + 1))
    junctions = np.array(centres, dtype=np.float64).reshape(-1, skeleton.ndim)
    ends = np.argwhere(skeleton & (around <= 2)).astype(np.float64)
    return np.concatenate([junctions, ends]) if endpoints else junctions


def _matches(found: Points, true: Points) -> int:
    """Return the largest possible number of pairs within the radius, with each point in at most one pair."""
    near = KDTree(found).sparse_distance_matrix(KDTree(true), MATCH_RADIUS, output_type="ndarray")
    graph = csr_array((np.ones(len(near), bool), (near["i"], near["j"])), shape=(len(found), len(true)))
    return int(np.count_nonzero(maximum_bipartite_matching(graph) >= 0))


def _sample(skeleton: Mask) -> Points:
    places = np.argwhere(skeleton).astype(np.float64)
    if len(places) <= SAMPLES:
        return places
    return places[np.random.default_rng(_SEED).choice(len(places), SAMPLES, replace=False)]
