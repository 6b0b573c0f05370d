"""A trainer's name says everything about it: the loss, its parameters and the settings of the training.

    nnUNetTrainer_<loss>[,name=value...]

The notation is that of a run's folder (`runs.paths`). nnU-Net splits the names of its result folders at every double
underscore and expects three parts, so a double underscore cannot separate the parameters.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import losses
from registry import instead
from runs.paths import differing, format_loss, parse_loss

PREFIX = "nnUNetTrainer_"
RECORD = "topology_loss.json"  # in the folder of a fold: what `TrainerName.record` returns, and the versions
_FROM_NNUNET = ("ignore_index", "regions")  # these are in dataset.json


@dataclass(frozen=True)
class Settings:
    """What a trainer's name may specify besides the loss; the defaults are nnU-Net's.

    Args:
        full_resolution_term: under deep supervision, use the loss's term at full resolution only; the smaller scales
            use the loss without it.
        skeletons_by_workers: skeletons of the ground truth are computed by the data loader's workers, not in the
            training step.
        epochs: of the training, from 1.
        epoch_steps: training steps in an epoch, from 1.
        epoch_validations: validation steps after an epoch, from 1.
        learning_rate: at the beginning, above 0.
    """

    full_resolution_term: bool = False
    skeletons_by_workers: bool = False
    epochs: int = 1000
    epoch_steps: int = 250
    epoch_validations: int = 50
    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        """Check the values."""
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            if isinstance(each.default, bool) and not isinstance(value, bool):
                raise TypeError(f"`{each.name}` must be true or false, got {value!r}")
            if type(each.default) is int and (type(value) is not int or value < 1):
                raise ValueError(f"`{each.name}` must be a whole number from 1, got {value!r}")
            if isinstance(each.default, float) and (type(value) not in (int, float) or value <= 0):
                raise ValueError(f"`{each.name}` must be a number above 0, got {value!r}")


@dataclass(frozen=True)
class TrainerName:
    """A trainer: its loss, the loss's parameters that differ from their defaults, and the settings of the training."""

    loss: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    settings: Settings = Settings()

    def __str__(self) -> str:
        """Return the name for `-tr`."""
        changed = {n: v for n, v in dataclasses.asdict(self.settings).items() if v != getattr(Settings, n)}
        return PREFIX + format_loss(self.loss, {**self.parameters, **changed})

    @classmethod
    def parse(cls, name: str) -> "TrainerName":
        """Parse a name.

        Args:
            name: what `-tr` was given.

        Returns:
            The trainer; its parameters fit the loss.

        Raises:
            ValueError: no such loss or parameter (the message names the nearest one), or a value out of range.
            TypeError: a value of the wrong type.
        """
        if not name.startswith(PREFIX):
            raise ValueError(f"a trainer's name begins with {PREFIX!r}, got {name!r}")
        slug, given = parse_loss(name.removeprefix(PREFIX))
        known, settings = losses.parameters(slug), [each.name for each in dataclasses.fields(Settings)]
        for parameter in given:
            _check_parameter(slug, parameter, [n for n in known if n not in _FROM_NNUNET] + settings)
        parameters = differing({n: v for n, v in given.items() if n in known}, known)
        losses.build(slug, **parameters)  # rejects values out of range
        return cls(slug, parameters, Settings(**{n: v for n, v in given.items() if n not in known}))

    def record(self) -> dict[str, Any]:
        """Return all parameters and settings, defaults included, for the checkpoint."""
        return {
            "loss": self.loss,
            "parameters": losses.parameters(self.loss) | dict(self.parameters),
            "settings": dataclasses.asdict(self.settings),
        }


def names() -> list[str]:
    """Return the trainers with default parameters, one for each loss that can run here."""
    return [PREFIX + slug for slug in losses.names() if losses.entry(slug).available()[0]]


def _check_parameter(slug: str, parameter: str, known: list[str]) -> None:
    if parameter in _FROM_NNUNET:
        raise ValueError(f"`{parameter}` comes from the dataset.json of nnU-Net's dataset, not from the trainer's name")
    if parameter not in known:
        raise ValueError(f"{slug!r} has no parameter {parameter!r}{instead(parameter, known)}")
