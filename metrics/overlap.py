"""Dice, IoU and accuracy: how many pixels agree."""

from metrics._pair import Pair
from metrics._register import Undefined, register


@register("dice", title="Dice", higher_is_better=True)
def dice(pair: Pair) -> float:
    """Dice coefficient, 2 |b and y| / (|b| + |y|).

    In [0, 1], higher is better. Undefined where both masks are empty.

    Reference: L. R. Dice, Measures of the amount of ecologic association between species, Ecology 1945.
    """
    predicted, true, both = pair.sizes
    if predicted + true == 0:
        raise Undefined("prediction and ground truth are empty")
    return 2 * both / (predicted + true)


@register("iou", title="IoU", higher_is_better=True)
def iou(pair: Pair) -> float:
    """Intersection over union, |b and y| / |b or y|.

    In [0, 1], higher is better. Undefined where both masks are empty.

    Reference: P. Jaccard, The distribution of the flora in the alpine zone, New Phytologist 1912.
    """
    predicted, true, both = pair.sizes
    if predicted + true == 0:
        raise Undefined("prediction and ground truth are empty")
    return both / (predicted + true - both)


@register("accuracy", title="accuracy", higher_is_better=True)
def accuracy(pair: Pair) -> float:
    """Share of pixels on which b and y agree, background included.

    In [0, 1], higher is better. Undefined where no pixel counts.
    """
    predicted, true, both = pair.sizes
    if pair.pixels == 0:
        raise Undefined("no pixel counts")
    return 1 - (predicted + true - 2 * both) / pair.pixels
