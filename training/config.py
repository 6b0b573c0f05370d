"""Every parameter of a run, checked at the door and all problems told at once."""

import dataclasses
import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runs.paths import STAGES, Run, differing, plain, run_folder
from training import networks

# Where the files lie and what computes them changes neither the experiment nor, but for rounding, its result: a run
# that is finished stays finished when the results move. `init_from` counts by its weights, not by its path.
_NOT_IN_HASH = ("data", "results", "init_from", "checkpoint_every", "threads", "device", "smoke", "scale")
# What is read only after the last iteration: changing it predicts again, from the same weights.
_NOT_IN_TRAINING = ("overlap", "test_group", "max_test_cases")


@dataclass(frozen=True)
class Config:
    """The parameters of `notebooks/train.ipynb`, by the same names.

    Args:
        dataset: name of the prepared dataset, a folder below `data`.
        loss: slug of the loss, see `losses.names()`.
        loss_parameters: its parameters that differ from its defaults.
        fold: number of the fold, from 0; whether it exists is checked when the data are opened.
        seed: seed of weights, patches and augmentation, from 0.
        experiment: name of the experiment, the folder below `results`.
        stage: "finetune", or "pretrain" for the run that others start from.
        data: folder that holds the prepared datasets.
        results: folder that gets `<experiment>/runs/...`.
        init_from: checkpoint.pt of the run to start from; empty: weights are drawn.
        network: name of the network, see `training.networks.names()`.
        network_parameters: its parameters that differ from its defaults.
        patch_size: sides of the training patch and of the sliding window, in pixels; empty: 128 x 128 or 32 x 32 x 32.
        batch_size: patches in an iteration, from 1.
        iterations: number of iterations, from 1.
        optimizer: "sgd" (Nesterov momentum 0.99, as nnU-Net) or "adamw".
        learning_rate: initial learning rate, above 0; it decays with (1 - i / iterations)^0.9 (nnU-Net).
        weight_decay: from 0; nnU-Net's is 3e-5.
        foreground_share: share of the patches centred on a foreground pixel, 0..1; nnU-Net's is 0.33.
        augment: flips, rotations and intensity changes while training.
        overlap: overlap of neighbouring windows when predicting, in [0, 1); nnU-Net's is 0.5.
        test_group: group of test cases to predict; empty: all.
        max_training_cases: train on the first ones only, in sorted order; 0: all.
        max_test_cases: predict only the first ones, in sorted order; 0: all.
        checkpoint_every: iterations between checkpoints, from 1.
        threads: threads of torch, from 1; parallel jobs want one each.
        device: "auto" (CUDA where there is one), "cpu" or "cuda".
        amp: half precision on CUDA; without effect on the CPU.
        smoke: marks a run that only shows that everything works; tables say so.
        scale: in (0, 1], by what a paper's protocol was shrunk to these parameters (`tables.papers.scale`);
            only recorded.
    """

    dataset: str = "synthetic2d"
    loss: str = "dice_ce"
    loss_parameters: dict[str, Any] = field(default_factory=dict)
    fold: int = 0
    seed: int = 0
    experiment: str = "default"
    stage: str = "finetune"
    data: str = "results/data"
    results: str = "results"
    init_from: str = ""
    network: str = "unet"
    network_parameters: dict[str, Any] = field(default_factory=dict)
    patch_size: list[int] = field(default_factory=list)
    batch_size: int = 2
    iterations: int = 1000
    optimizer: str = "sgd"
    learning_rate: float = 0.01
    weight_decay: float = 3e-5
    foreground_share: float = 0.33
    augment: bool = True
    overlap: float = 0.5
    test_group: str = ""
    max_training_cases: int = 0
    max_test_cases: int = 0
    checkpoint_every: int = 100
    threads: int = 1
    device: str = "auto"
    amp: bool = True
    smoke: bool = False
    scale: float = 1.0

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
        fields = {each.name: each for each in dataclasses.fields(cls)}
        problems = [_unknown(name, list(fields)) for name in parameters if name not in fields]
        values = {name: parameters.get(name, _default(each)) for name, each in fields.items()}
        for name, (kind, allowed, expectation) in _RULES.items():
            values[name] = _converted(values[name], kind)
            if not _is(values[name], kind) or not allowed(values[name]):
                problems.append(f"`{name}` must be {expectation}, got {values[name]!r}")
        wrong = {problem.split("`")[1] for problem in problems}
        for names, check in _TOGETHER:
            if not wrong & set(names):
                problems += check(values)
        if problems:
            raise ValueError("\n".join(problems))
        return cls(**values)

    @property
    def run(self) -> Run:
        """The run that these parameters make, which names its folder."""
        return Run(
            self.experiment, self.dataset, self.loss, self.loss_parameters, self.fold, self.seed, self.stage
        )  # fmt: skip

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
        return dataclasses.asdict(self)

    def result_parameters(self) -> dict[str, Any]:
        """Return the parameters that determine the result; paths and machine matters are left out."""
        return {name: value for name, value in self.as_dict().items() if name not in _NOT_IN_HASH}

    def training_parameters(self) -> dict[str, Any]:
        """Return those of `result_parameters` that determine the weights."""
        return {name: value for name, value in self.result_parameters().items() if name not in _NOT_IN_TRAINING}


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


def _any(_: Any) -> bool:
    return True


def _at_least(lowest: int) -> Callable[[Any], bool]:
    return lambda value: value >= lowest


def _one_of(*choices: str) -> tuple[type, Callable[[Any], bool], str]:
    return str, lambda value: value in choices, f"one of {', '.join(choices)}"


# name -> its type, what is allowed, and that in words
_RULES: dict[str, tuple[type, Callable[[Any], bool], str]] = {
    "dataset": (str, bool, "the name of a dataset"),
    "loss": (str, bool, "the slug of a loss"),
    "loss_parameters": (dict, _any, "a mapping of parameter names to values"),
    "fold": (int, _at_least(0), "an integer from 0"),
    "seed": (int, lambda value: 0 <= value < 2**32, "an integer from 0, below 2^32"),
    "experiment": (str, bool, "the name of an experiment"),
    "stage": _one_of(*STAGES),
    "data": (str, bool, "the path of the folder of prepared datasets"),
    "results": (str, bool, "the path of the results folder"),
    "init_from": (str, _any, "the path of a checkpoint.pt, or empty"),
    "network": (str, bool, "the name of a network"),
    "network_parameters": (dict, _any, "a mapping of parameter names to values"),
    "patch_size": (
        list,
        lambda sides: len(sides) in (0, 2, 3) and all(_is(side, int) and side > 0 for side in sides),
        "two or three positive integers, or empty",
    ),
    "batch_size": (int, _at_least(1), "an integer from 1"),
    "iterations": (int, _at_least(1), "an integer from 1"),
    "optimizer": _one_of("sgd", "adamw"),
    "learning_rate": (float, lambda value: 0 < value < math.inf, "a number above 0"),
    "weight_decay": (float, lambda value: 0 <= value < math.inf, "a number from 0"),
    "foreground_share": (float, lambda value: 0 <= value <= 1, "a number in 0..1"),
    "augment": (bool, _any, "true or false"),
    "overlap": (float, lambda value: 0 <= value < 1, "a number in [0, 1)"),
    "test_group": (str, _any, "the name of a group of test cases, or empty"),
    "max_training_cases": (int, _at_least(0), "an integer from 0"),
    "max_test_cases": (int, _at_least(0), "an integer from 0"),
    "checkpoint_every": (int, _at_least(1), "an integer from 1"),
    "threads": (int, _at_least(1), "an integer from 1"),
    "device": _one_of("auto", "cpu", "cuda"),
    "amp": (bool, _any, "true or false"),
    "smoke": (bool, _any, "true or false"),
    "scale": (float, lambda value: 0 < value <= 1, "a number in (0, 1]"),
}


def _default(each: dataclasses.Field) -> Any:
    return each.default if each.default_factory is dataclasses.MISSING else each.default_factory()


def _converted(value: Any, kind: type) -> Any:
    """Take integers for floats, and give back a list or dict of one's own."""
    if kind is float and _is(value, int):
        return float(value)
    if (kind is list and isinstance(value, (list, tuple))) or (kind is dict and isinstance(value, Mapping)):
        return kind(value)
    return value


def _is(value: Any, kind: type) -> bool:
    """Whether `value` is of the type; True is no integer here."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"`{name}` is no parameter of a run" + (f"; did you mean `{near[0]}`?" if near else f": {', '.join(known)}")


def _check_loss(values: dict[str, Any]) -> list[str]:
    """Find problems of loss and loss parameters; leaves only the differing parameters in `values`."""
    import losses

    slug = values["loss"]
    if slug not in losses.names():
        near = difflib.get_close_matches(slug, losses.names(), 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return [f"unknown loss {slug!r}, known are {', '.join(losses.names())}{hint}"]
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
    (("init_from",), _check_init_from),
    (("experiment", "dataset", "loss", "loss_parameters", "fold", "seed", "stage"), _check_run),
)
