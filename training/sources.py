"""Which source files determine a trained network and its predictions."""

from runs import sources
from training import networks
from training.config import Config

_STEPS = ("training.learner", "training.patches", "training.augment", "training.determinism", "training.inference")
# parameters are recorded by value, and data by their checksums
_WITHOUT = ("training.config", "training.checkpoints")


def of_training(config: Config) -> str:
    """Hash the code of a run: its loss (and that loss's base), its network, the steps of training and prediction.

    Args:
        config: the run's parameters.

    Returns:
        64 hexadecimal digits.
    """
    import losses

    slugs = [config.loss, *[name for name in [config.loss_parameters.get("base")] if name in losses.names()]]
    modules = [losses.entry(slug).cls.__module__ for slug in slugs]
    modules += ["training.validation"] if config.validate_every else []
    modules += ["training.deep_supervision"] if config.deep_supervision != "none" else []
    return sources.digest([*modules, networks.entry(config.network).builder.__module__, *_STEPS], without=_WITHOUT)
