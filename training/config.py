"""Every parameter of a run, checked at the door and all problems told at once."""

import copy
import dataclasses
import functools
import importlib.util
import math
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import unknown
from runs.history import VALIDATED
from runs.paths import STAGES, Run, differing, plain, run_folder
from training import networks
from training.rules import NOTHING, PREDICTIONS, WEIGHTS, Rule, choice, converted, count, flag, is_of, parameter

ADHOC = "adhoc"  # the experiment of runs that belong to none
# what makes an experiment of its own of them: losses are compared over the same network, patch and iterations
_PROTOCOL = ("iterations", "patch_size", "network", "network_parameters")


def _are_sides(value: list[Any]) -> bool:
    return len(value) in (0, 2, 3) and all(is_of(side, int) and side > 0 for side in value)


@dataclass(frozen=True)
class Config:
    """The parameters of `notebooks/train.ipynb`, by the same names and with the same defaults.

    Each field's `Rule` (`rules()`) says what it means and what it may be.
    """

    dataset: str = parameter(
        "synthetic2d",
        "a prepared dataset, see `python -m data_prep list`; embedded ones are made on the spot",
        "the name of a dataset",
        bool,
    )
    loss: str = parameter("dice_ce", "slug of the loss, see `losses.names()`", "the slug of a loss", bool)
    loss_parameters: dict[str, Any] = parameter(
        {},
        'the loss\'s parameters that differ from its defaults, such as {"gamma": 0.2}',
        "a mapping of parameter names to values",
    )
    fold: int = count(0, "number of the fold, from 0; whether it exists is checked when the data are opened", lowest=0)
    seed: int = parameter(
        0,
        "seed of weights, patches and augmentation, from 0",
        "an integer from 0, below 2^32",
        lambda value: 0 <= value < 2**32,
    )
    experiment: str = parameter(
        ADHOC,
        'folder below `results`; "adhoc" adds iterations, patch and network if they differ',
        "the name of an experiment",
        bool,
    )
    stage: str = choice("finetune", '"finetune", or "pretrain" for the run that others start from', STAGES)
    data: str = parameter(
        "results/data",
        "folder that holds the prepared datasets",
        "the path of the folder of prepared datasets",
        bool,
        decides=NOTHING,
    )
    results: str = parameter(
        "results", "folder that gets <experiment>/runs/...", "the path of the results folder", bool, decides=NOTHING
    )
    init_from: str = parameter(
        "",
        "checkpoint.pt of the run to start from; empty: from scratch",
        "the path of a checkpoint.pt, or empty",
        decides=NOTHING,
    )
    network: str = parameter(
        "unet", "name of the network, see `training.networks.names()`", "the name of a network", bool
    )
    network_parameters: dict[str, Any] = parameter(
        {},
        'the network\'s sizes that differ from its defaults, such as {"channels": [16, 32, 64]}',
        "a mapping of parameter names to values",
    )
    patch_size: list[int] = parameter(
        [],
        "sides of the patch and of the sliding window in pixels; empty: 128 x 128 or 32 x 32 x 32",
        "two or three positive integers, or empty",
        _are_sides,
    )
    batch_size: int = count(2, "patches in an iteration, from 1")
    iterations: int = count(1000, "number of iterations, from 1")
    optimizer: str = choice("sgd", '"sgd" (Nesterov momentum 0.99, as nnU-Net) or "adamw"', ("sgd", "adamw"))
    learning_rate: float = parameter(
        0.01,
        "initial learning rate, above 0; decays with (1 - i / iterations)^0.9, as nnU-Net's",
        "a number above 0",
        lambda value: 0 < value < math.inf,
    )
    weight_decay: float = parameter(
        3e-5, "from 0; nnU-Net's is 3e-5", "a number from 0", lambda value: 0 <= value < math.inf
    )
    foreground_share: float = parameter(
        0.33,
        "share of the patches that are centred on foreground, 0..1; nnU-Net's is 0.33",
        "a number in 0..1",
        lambda value: 0 <= value <= 1,
    )
    augment: bool = flag(True, "flips, rotations and intensity changes while training")
    overlap: float = parameter(
        0.5,
        "overlap of neighbouring windows when predicting, in [0, 1); nnU-Net's is 0.5",
        "a number in [0, 1)",
        lambda value: 0 <= value < 1,
        decides=PREDICTIONS,
    )
    test_group: str = parameter(
        "",
        "group of test cases to predict; empty: all",
        "the name of a group of test cases, or empty",
        decides=PREDICTIONS,
    )
    max_training_cases: int = count(0, "train on the first ones only, in sorted order; 0: all", lowest=0)
    max_test_cases: int = count(
        0, "predict only the first ones, in sorted order; 0: all", lowest=0, decides=PREDICTIONS
    )
    predicted: str = choice(
        "test",
        '"test", or "validation": a trial predicts the fold\'s validation cases only',
        ("test", "validation"),
        PREDICTIONS,
        later=True,
    )
    validate_every: int = count(
        0, "iterations between validations on the fold's validation cases, from 0; 0: none", 0, later=True
    )
    validation_cases: int = count(0, "validate on the first ones only, in sorted order; 0: all", 0, later=True)
    validation_metric: str = choice(
        "dice", 'what the best validation is judged by: "dice", "cldice" or "betti0_error"', VALIDATED, later=True
    )
    checkpoint: str = choice(
        "last", 'weights that are kept and predict: "last", or "best" by validation', ("last", "best"), later=True
    )
    stop_after: int = count(0, "validations without a better value after which training stops; 0: never", 0, later=True)
    deep_supervision: str = choice(
        "none",
        '"none"; for dynunet, coarser scales get the loss too ("all") or Dice&CE ("base")',
        ("none", "all", "base"),
        later=True,
    )
    deterministic: bool = flag(
        True, "same bits; false allows cuDNN to choose, channels_last and bfloat16 on CUDA", later=True
    )
    compile: bool = flag(False, "compile the network by torch.compile; the same up to rounding", later=True)
    checkpoint_every: int = count(100, "iterations between checkpoints, from 1", decides=NOTHING)
    workers: int = count(
        -1, "threads that make batches ahead, from 0; -1: the cores beside `threads`, 8 at most", -1, decides=NOTHING
    )
    threads: int = count(1, "threads of torch, from 1; parallel jobs want one each", decides=NOTHING)
    device: str = choice(
        "auto", '"auto" (CUDA where there is one), "cpu" or "cuda"', ("auto", "cpu", "cuda"), decides=NOTHING
    )
    log: str = choice(
        "none", '"tensorboard" also writes the history as event files', ("none", "tensorboard"), decides=NOTHING
    )
    pictures: bool = flag(True, "draw the figures of this run; thousands of runs may not want theirs", decides=NOTHING)
    amp: bool = flag(True, "half precision on CUDA; without effect on the CPU")
    smoke: bool = flag(
        False, "marks a run that only proves that everything works; tables and figures say so", decides=NOTHING
    )
    scale: float = parameter(
        1.0,
        "in (0, 1], by what a paper's protocol was shrunk to these parameters; only recorded",
        "a number in (0, 1]",
        lambda value: 0 < value <= 1,
        decides=NOTHING,
    )
    overwrite: bool = flag(
        False, "replace a finished run of this folder that was made with other parameters", decides=NOTHING
    )

    @classmethod
    def from_parameters(cls, **parameters: Any) -> "Config":
        """Check the parameters and make the configuration of them.

        Integers are taken for floats and tuples for lists, whatever else has the wrong type is refused. The loss
        parameters are stripped of those that equal the loss's defaults.

        Args:
            **parameters: any of the fields above; the others take their defaults.

        Returns:
            The configuration.

        Raises:
            ValueError: with all problems, one a line.
        """
        known = rules()
        problems = [unknown("parameter of a run", name, known) for name in parameters if name not in known]
        values = cls().as_dict() | {name: value for name, value in parameters.items() if name in known}
        wrong = set()
        for name, rule in known.items():
            kind = _kind(name)
            values[name] = converted(values[name], kind)
            if not is_of(values[name], kind) or not rule.allowed(values[name]):
                problems.append(f"`{name}` must be {rule.expectation}, got {values[name]!r}")
                wrong.add(name)
        for names, check in _TOGETHER:
            if not wrong & set(names):
                problems += check(values)
        if problems:
            raise ValueError("\n".join(problems))
        return cls(**values)

    @property
    def run(self) -> Run:
        """The run that these parameters make, which names its folder."""
        experiment = _adhoc_name(self) if self.experiment == ADHOC else self.experiment
        return Run(experiment, self.dataset, self.loss, self.loss_parameters, self.fold, self.seed, self.stage)

    @property
    def run_folder(self) -> Path:
        """The run's folder below `results`."""
        return run_folder(self.results, self.run)

    @property
    def data_folder(self) -> Path:
        """The prepared dataset's folder below `data`."""
        return Path(self.data) / self.dataset

    def as_dict(self) -> dict[str, Any]:
        """Return all parameters, as run.json holds them."""
        return {name: copy.deepcopy(value) for name, value in vars(self).items()}

    def result_parameters(self) -> dict[str, Any]:
        """Return the parameters that determine the result; paths and machine matters are left out."""
        return {name: value for name, value in self._counting().items() if rules()[name].decides != NOTHING}

    def training_parameters(self) -> dict[str, Any]:
        """Return those of `result_parameters` that determine the weights."""
        return {name: value for name, value in self._counting().items() if rules()[name].decides == WEIGHTS}

    def _counting(self) -> dict[str, Any]:
        """Return all parameters but those that came later and have their defaults."""
        defaults = Config().as_dict()
        return {
            name: value
            for name, value in self.as_dict().items()
            if not (rules()[name].later and value == defaults[name])
        }


def loss_parameters(slug: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in a loss's defaults.

    Args:
        slug: slug of the loss.
        given: parameters that differ.

    Returns:
        All parameters of the loss, as strict JSON can hold them.
    """
    import losses

    defaults = {name: plain(value) for name, value in losses.parameters(slug).items()}
    return defaults | differing(given, losses.parameters(slug))


def rules() -> dict[str, Rule]:
    """Return the rule of each parameter, by name."""
    return {each.name: each.metadata["rule"] for each in dataclasses.fields(Config)}


@functools.cache
def _kind(name: str) -> type:
    """Return a parameter's type, without what its elements are."""
    annotation = typing.get_type_hints(Config)[name]
    return typing.get_origin(annotation) or annotation


def _adhoc_name(config: Config) -> str:
    """Name the experiment of runs outside experiments by what of their protocol differs from the defaults."""
    given, defaults = config.as_dict(), Config().as_dict()
    texts = [f"{name}-{given[name]}" for name in _PROTOCOL if given[name] != defaults[name]]
    return "-".join([ADHOC, *("-".join(re.findall(r"[A-Za-z0-9_.]+", text)) for text in texts)])


def _check_loss(values: dict[str, Any]) -> list[str]:
    """Find problems of loss and loss parameters; leaves only the differing parameters in `values`."""
    import losses

    slug = values["loss"]
    if slug not in losses.names():
        return [unknown("loss", slug, losses.names())]
    available, reason = losses.entry(slug).available()
    if not available:
        return [f"loss {slug!r} is not available here: {reason}"]
    try:
        values["loss_parameters"] = differing(values["loss_parameters"], losses.parameters(slug))
        losses.build(slug, **values["loss_parameters"])
    except (TypeError, ValueError) as error:
        return [f"`loss_parameters` of {slug!r}: {error}"]
    return []


def _check_network(values: dict[str, Any]) -> list[str]:
    try:
        networks.resolve(values["network"], values["network_parameters"])
        if values["patch_size"]:
            networks.check_patch(values["network"], values["network_parameters"], values["patch_size"])
    except ValueError as error:
        return [str(error)]
    return []


def _check_validation(values: dict[str, Any]) -> list[str]:
    if values["validate_every"]:
        return []
    return [
        f"`{name}` {values[name]!r} needs validations: set `validate_every`"
        for name, idle in (("checkpoint", "last"), ("stop_after", 0), ("predicted", "test"))
        if values[name] != idle
    ]


def _check_deep_supervision(values: dict[str, Any]) -> list[str]:
    if values["deep_supervision"] == "none":
        return []
    try:
        networks.resolve(values["network"], values["network_parameters"] | {"deep_supervision": True})
    except ValueError as error:
        return [f"`deep_supervision` {values['deep_supervision']!r}: {error}"]
    return []


def _check_log(values: dict[str, Any]) -> list[str]:
    if values["log"] == "tensorboard" and importlib.util.find_spec("tensorboard") is None:
        return ["`log` 'tensorboard' needs tensorboard: pip install -e '.[tensorboard]'"]
    return []


def _check_init_from(values: dict[str, Any]) -> list[str]:
    if values["init_from"] and not Path(values["init_from"]).is_file():
        return [
            f"`init_from` {values['init_from']} is no file: run the pretraining first, its run writes checkpoint.pt"
        ]
    return []


def _check_run(values: dict[str, Any]) -> list[str]:
    names = ("experiment", "dataset", "loss", "loss_parameters", "fold", "seed", "stage")
    try:
        run_folder("", Run(**{name: values[name] for name in names}))
    except ValueError as error:
        return [str(error)]
    return []


# checks of several fields, made when each of them has the right type
_TOGETHER: tuple[tuple[tuple[str, ...], Callable[[dict[str, Any]], list[str]]], ...] = (
    (("loss", "loss_parameters"), _check_loss),
    (("network", "network_parameters", "patch_size"), _check_network),
    (("validate_every", "checkpoint", "stop_after", "predicted"), _check_validation),
    (("network", "network_parameters", "deep_supervision"), _check_deep_supervision),
    (("init_from",), _check_init_from),
    (("log",), _check_log),
    (("experiment", "dataset", "loss", "loss_parameters", "fold", "seed", "stage"), _check_run),
)
