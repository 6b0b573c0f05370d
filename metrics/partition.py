"""VOI and ARE: how similar the two partitions are into which the foreground divides the image.

Regions are the connected components of the background, with the dual of the foreground's adjacency (4 in 2D, 6 in 3D by
default); the foreground itself is one more region, label 0, which ARE leaves out. Membranes and roads are judged by the
cells and blocks between them. Defined for all masks unless stated otherwise.
"""

import numpy as np
import numpy.typing as npt

import topology
from metrics._pair import Mask, Pair
from metrics._register import Undefined, register


@register("voi_split", title="VOI split", unit="bits", higher_is_better=False)
def voi_split(pair: Pair) -> float:
    """Conditional entropy H(prediction | ground truth): true regions that are split. At least 0, lower is better.

    Reference: M. Meila, Comparing clusterings, 2007; scikit-image.
    """
    return _conditional_entropies(pair)[0]


@register("voi_merge", title="VOI merge", unit="bits", higher_is_better=False)
def voi_merge(pair: Pair) -> float:
    """Conditional entropy H(ground truth | prediction): true regions that are merged. At least 0, lower is better.

    Reference: M. Meila, Comparing clusterings, 2007; scikit-image.
    """
    return _conditional_entropies(pair)[1]


@register("voi", title="VOI", unit="bits", higher_is_better=False)
def voi(pair: Pair) -> float:
    """Variation of information, split + merge; HPM's code halves it. At least 0, lower is better.

    Reference: M. Meila, Comparing clusterings, 2007; scikit-image.
    """
    return sum(_conditional_entropies(pair))


@register("are", title="ARE", higher_is_better=False)
def are(pair: Pair) -> float:
    """Adapted Rand error, one minus the F-score of the Rand index over the pixels of true regions (SNEMI3D).

    In [0, 1], lower is better. Undefined where no two pixels share a true region. (HPM's code swaps the arguments.)

    Reference: I. Arganda-Carreras et al., Crowdsourcing the creation of image segmentation algorithms, 2015.
    """
    from skimage.metrics import adapted_rand_error

    true = _regions(pair.target, pair)
    if np.bincount(true[true > 0], minlength=1).max() < 2:
        raise Undefined("no two pixels share a region of the ground truth's background")
    with np.errstate(invalid="ignore"):
        error = float(adapted_rand_error(true, _regions(pair.prediction, pair))[0])
    return 1.0 if np.isnan(error) else error  # precision and recall are both 0


@register("component_voi", title="component VOI", unit="bits", higher_is_better=False)
def component_voi(pair: Pair) -> float:
    """Variation of information between the foreground's components, over the pixels of either mask.

    At least 0, lower is better. Components by the pair's adjacency; the pixels that a mask lacks form one more region.
    Undefined where both masks are empty. The Vesuvius challenge scores 1 / (1 + 0.3 component VOI).

    Reference: M. Meila, Comparing clusterings, 2007; Vesuvius surface detection challenge, 2025.
    """
    from skimage.metrics import variation_of_information

    either = pair.prediction | pair.target
    if not either.any():
        raise Undefined("prediction and ground truth are empty")
    found, true = (topology.label(mask, pair.adjacency)[either] for mask in (pair.prediction, pair.target))
    return float(sum(variation_of_information(true, found)))


def _conditional_entropies(pair: Pair) -> tuple[float, float]:
    from skimage.metrics import variation_of_information

    split, merge = variation_of_information(_regions(pair.target, pair), _regions(pair.prediction, pair))
    return float(split), float(merge)


def _regions(mask: Mask, pair: Pair) -> npt.NDArray[np.int32]:
    return topology.label(~mask, topology.dual_adjacency(topology.resolve_adjacency(pair.adjacency, mask.ndim)))
