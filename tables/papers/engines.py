"""Which runs nnU-Net trains, for groups of a spec whose `engine` is nnunet, and what it is told of their parameters."""

import math
from collections.abc import Mapping
from typing import Any

NNUNET = "nnunet"
EPOCH_STEPS = 250
_KEPT = (
    "experiment",
    "dataset",
    "loss",
    "loss_parameters",
    "stage",
    "fold",
    "seed",
    "iterations",
    "learning_rate",
    "scale",
)


def parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what nnU-Net is told of the parameters of notebooks/train.ipynb; iterations become whole epochs."""
    number, steps = epochs(given["iterations"])
    return {name: given[name] for name in _KEPT} | {"engine": NNUNET, "iterations": number * steps}


def trains(parameters: Mapping[str, Any]) -> bool:
    """Tell whether nnU-Net trains a run with these parameters."""
    return parameters.get("engine") == NNUNET


def epochs(iterations: int) -> tuple[int, int]:
    """Return the number of epochs and the steps of each, the last epoch made whole."""
    return (math.ceil(iterations / EPOCH_STEPS), EPOCH_STEPS) if iterations >= EPOCH_STEPS else (1, iterations)
