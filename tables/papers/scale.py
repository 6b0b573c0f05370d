"""SCALE: a paper's protocol reduced by one factor, which tables, plan.json and run.json state.

At a scale s in (0, 1] a run has s times the paper's iterations (at least 20), s times its training and test images (at
least 4 of each, the first by name) and a table s times its folds and seeds (at least one of each), all rounded up.
Below 1, official datasets may lack files. Below 0.1, networks are moreover MONAI's small U-Net (clDice's FCN stays: it
is small), patches 128 x 128 or 32 x 32 x 32 that overlap by a quarter when predicting, and batches at most 2, so that
two CPU cores are enough. At 1 nothing changes.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

LEAST_ITERATIONS, LEAST_IMAGES, LEAST_REPEATS = 20, 4, 1
SMALL_BELOW = 0.1
SMALL_PATCH = {2: [128, 128], 3: [32, 32, 32]}
SMALL_BATCH, SMALL_OVERLAP = 2, 0.25


def check(scale: float) -> float:
    """Reject an invalid scale.

    Args:
        scale: what to check.

    Returns:
        The scale as a float.

    Raises:
        ValueError: it does not lie in (0, 1].
    """
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale <= 1:
        raise ValueError(f"`scale` must lie in (0, 1], got {scale!r}; 1 is the paper's protocol")
    return float(scale)


def count(whole: int, scale: float, least: int) -> int:
    """Scale a number of things.

    Args:
        whole: the paper's number.
        scale: in (0, 1].
        least: the smallest result, if the paper has as many.

    Returns:
        The scaled number, rounded up: 7 of 0.1 x 70, though 0.1 is a little more than a tenth in binary.
    """
    return min(whole, max(least, math.ceil(whole * Fraction(repr(scale)))))


def repeats(whole: int, scale: float) -> list[int]:
    """Return the numbers of the remaining folds or seeds."""
    return list(range(count(whole, scale, LEAST_REPEATS)))


def parameters(
    given: Mapping[str, Any], scale: float, dims: int, images: tuple[int, int], small: Mapping[str, Any]
) -> dict[str, Any]:
    """Scale the parameters of a training.

    Args:
        given: the protocol's, named as in `training.config.Config`.
        scale: in (0, 1].
        dims: of the dataset, 2 or 3.
        images: the paper's numbers of training and test images.
        small: the network below `SMALL_BELOW`.

    Returns:
        New parameters, with the scale.
    """
    if scale == 1:
        return {**given, "scale": 1.0}
    shrunk = dict(given)
    shrunk["iterations"] = count(given["iterations"], scale, LEAST_ITERATIONS)
    shrunk["max_training_cases"], shrunk["max_test_cases"] = (count(n, scale, LEAST_IMAGES) for n in images)
    if scale < SMALL_BELOW:
        shrunk |= {"network_parameters": {}, "patch_size": SMALL_PATCH[dims], "overlap": SMALL_OVERLAP, **small}
        shrunk["batch_size"] = min(SMALL_BATCH, given.get("batch_size", SMALL_BATCH))
    return shrunk | {"scale": scale}


def describe(scale: float) -> str:
    """Return what the scale has changed, for the head of a table; "" at 1."""
    if scale == 1:
        return ""
    text = (
        f"Scale {scale:g}: iterations, images, folds and seeds are {scale:g} of the paper's, rounded up (at least "
        f"{LEAST_ITERATIONS} iterations, {LEAST_IMAGES} training and {LEAST_IMAGES} test images)."
    )
    if scale < SMALL_BELOW:
        text += " The network is a small U-Net on patches of 128 x 128 or 32 x 32 x 32 (clDice's FCN stays)."
    return f"{text} Not to be compared with the published numbers."


def suffix(scale: float) -> str:
    """Return the suffix of experiments' names, such as "-scale0.01"; "" at 1."""
    return "" if scale == 1 else f"-scale{scale!r}"
