"""The runs that nnU-Net trains, for groups of a spec whose `engine` is nnunet, and the parameters that it uses."""

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
    """Return the parameters of notebooks/train.ipynb that nnU-Net uses; iterations become whole epochs."""
    number, steps = epochs(given["iterations"])
    return {name: given[name] for name in _KEPT} | {"engine": NNUNET, "iterations": number * steps}


def trains(parameters: Mapping[str, Any]) -> bool:
    """Return whether nnU-Net trains a run with these parameters."""
    return parameters.get("engine") == NNUNET


def epochs(iterations: int) -> tuple[int, int]:
    """Return the number of epochs and the steps of each, the last epoch completed."""
    return (math.ceil(iterations / EPOCH_STEPS), EPOCH_STEPS) if iterations >= EPOCH_STEPS else (1, iterations)
