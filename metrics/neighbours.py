"""Invalid neighbours and topology match: which classes touch which (TopCoW, TopBrain)."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

import topology
from metrics._pair import Pair
from metrics._register import Undefined, register


@register("invalid_neighbours", title="invalid neighbours", unit="classes", higher_is_better=False)
def invalid_neighbours(pair: Pair, *, valid: str = "") -> float:
    """Number of classes that touch this one in the prediction and must not.

    At least 0, lower is better. Two classes touch where pixels of theirs are neighbours by the pair's adjacency (8 in
    2D, 26 in 3D by default). TopBrain lists by hand which classes may touch: pass that list as `valid`. Without it,
    those that touch in the ground truth of the case may. Undefined where the prediction lacks the class, so that the
    mean is over the predicted classes, as in TopBrain's code. Always 0 on masks of one class.

    Args:
        pair: the masks of the class, with the label images.
        valid: pairs of classes that may touch, such as "1-2;1-3"; "" for those of the ground truth.

    Reference: TopBrain challenge 2025, https://topbrain2025.grand-challenge.org/assessment
    """
    if not pair.prediction.any():
        raise Undefined("the prediction lacks the class")
    found, true = (neighbours(labels, pair.label, pair.adjacency) for labels in pair.label_images)
    return float(len(found - (_allowed(valid, pair.label) if valid else true)))


@register("topology_match", title="topology match", higher_is_better=True)
def topology_match(pair: Pair, *, detection: float = 0.25) -> float:
    """Whether a class is found with the right neighbours in the right number of pieces: 1, else 0 (TopCoW).

    0 or 1, higher is better. Found: the IoU is at least `detection`; the same classes touch it in prediction and ground
    truth; they have equally many components. 1 where neither has the class. Adjacency: the pair's. TopCoW also requires
    that left and right are not exchanged, and counts the matches of all vessels of a variant together.

    Args:
        pair: the masks of the class, with the label images.
        detection: smallest IoU of a found class, in [0, 1].

    Reference: TopCoW challenge 2024, https://topcow24.grand-challenge.org/assessment
    """
    predicted, true, both = pair.sizes
    if predicted == 0 or true == 0:
        return float(predicted == true)
    if both / (predicted + true - both) < detection or pair.prediction_betti[0] != pair.target_betti[0]:
        return 0.0
    touching = [neighbours(labels, pair.label, pair.adjacency) for labels in pair.label_images]
    return float(touching[0] == touching[1])


def neighbours(labels: npt.NDArray[np.integer], label: int, adjacency: int | None = None) -> set[int]:
    """Return the classes that touch a class.

    Args:
        labels: (H, W) or (D, H, W), class indices; 0 is background.
        label: the class.
        adjacency: 8 or 4 in 2D, 26 or 6 in 3D; None for 8 and 26.

    Returns:
        Their indices, without background and the class itself; empty if the class is not in the image.
    """
    full = topology.resolve_adjacency(adjacency, labels.ndim) in (8, 26)
    structure = ndimage.generate_binary_structure(labels.ndim, labels.ndim if full else 1)
    around = ndimage.binary_dilation(labels == label, structure)
    return {int(found) for found in np.unique(labels[around])} - {0, label}


def _allowed(valid: str, label: int) -> set[int]:
    allowed = set()
    for text in valid.split(";"):
        first, dash, second = text.partition("-")
        if not dash or not first.strip().isdigit() or not second.strip().isdigit():
            raise ValueError(f'`valid` must be pairs of classes such as "1-2;1-3", got {valid!r}')
        touching = {int(first), int(second)}
        allowed |= touching if label in touching else set()
    return allowed
