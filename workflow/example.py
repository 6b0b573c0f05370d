"""A small example, made where a notebook is given nothing to show: two losses, trained for a moment on drawn data.

Its numbers show that everything works, and nothing about any loss.
"""

from pathlib import Path
from typing import Any

from runs.paths import experiment_folder
from training.config import Config

NAME = "example"
LOSSES = ("dice_ce", "closs")
RESULTS = "results"  # where all notebooks look by default


def parameters(loss: str) -> dict[str, Any]:
    """Return the parameters of notebooks/train.ipynb for a run of the example."""
    small = {"network_parameters": {"channels": [8, 16]}, "patch_size": [64, 64], "iterations": 40}
    return small | {"experiment": NAME, "loss": loss, "optimizer": "adamw", "learning_rate": 0.003, "smoke": True}


def run_folder(loss: str = "closs") -> Path:
    """Return where a run of the example lies, whether it exists or not."""
    return Config.from_parameters(**parameters(loss)).run_folder


def make() -> Path:
    """Train and evaluate what is missing of the example.

    Returns:
        The experiment's folder.
    """
    from evaluation.evaluate import evaluate_run
    from runs.evaluation import METRICS
    from training.loop import train

    for loss in LOSSES:
        folder = train(Config.from_parameters(**parameters(loss)))
        if not (folder / METRICS).is_file():
            evaluate_run(folder)
    return experiment_folder(RESULTS, NAME)
