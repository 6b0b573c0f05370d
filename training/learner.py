"""Network, optimizer and loss of a run: one step at a time, saved and resumed without a difference."""

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from losses import NonFiniteLogitsError
from runs import history
from runs.record import Memory
from training import checkpoints, determinism
from training.config import Config
from training.course import Course

MOMENTUM = 0.99  # Nesterov, nnU-Net
DECAY_POWER = 0.9  # of the polynomial decay of the learning rate, nnU-Net
LARGEST_GRADIENT = 12.0  # norm at which gradients are clipped, nnU-Net


class NonFiniteError(ArithmeticError):
    """Logits, loss or gradient are no longer finite numbers; continuing would destroy the weights."""


@dataclass
class Learner:
    """What changes while training.

    Args:
        network: gives logits, on `device`.
        loss: takes float32 logits and class indices.
        optimizer: over the network's weights.
        scaler: gradient scaling of half precision; without effect when that is off.
        config: the run's parameters.
        description: name, parameters and channels of the network, which a checkpoint must share.
        training_hash: of everything that determines the weights, which a checkpoint must share.
        iteration: how many are done.
        history: one row for each, with the columns of history.csv.
        course: the validations; None for a run without.
    """

    network: nn.Module
    loss: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    config: Config
    description: dict[str, Any]
    training_hash: str
    device: torch.device
    iteration: int
    history: list[dict[str, float]]
    course: Course | None = None

    def __post_init__(self) -> None:
        """Compile, and order memory, as the configuration says."""
        is_fast = self.device.type == "cuda" and not self.config.deterministic
        self.half = torch.bfloat16 if is_fast and torch.cuda.is_bf16_supported() else torch.float16
        if is_fast:
            dims = next(each.ndim for each in self.network.parameters() if each.ndim > 3)
            layout = torch.channels_last if dims == 4 else torch.channels_last_3d
            self.network.to(memory_format=layout)
        self.halves = self.scaler.is_enabled() or (self.config.amp and self.half == torch.bfloat16)
        self._compute = torch.compile(self.network) if self.config.compile else self.network

    @property
    def freedoms(self) -> dict[str, Any]:
        """Return what run.json says about choices that change bits; nothing of those that are not taken."""
        found: dict[str, Any] = {}
        if self.device.type == "cuda" and not self.config.deterministic:
            found |= {"memory_format": "channels_last", "half": str(self.half).removeprefix("torch.")}
        return found | ({"compiled": True} if self.config.compile else {})

    @property
    def stopped(self) -> bool:
        """Whether there is nothing left to train."""
        return self.iteration >= self.config.iterations or (self.course is not None and self.course.stopped)

    def step(self, images: torch.Tensor, target: torch.Tensor) -> float:
        """Make one iteration and add it to the history.

        Args:
            images: (B, channels, *spatial), float32.
            target: (B, 1, *spatial), class indices.

        Returns:
            The loss.

        Raises:
            NonFiniteError: when logits, loss or gradient are NaN or infinite; the weights are left as they were.
        """
        determinism.seed_iteration(self.config.seed, self.iteration)
        rate = self._set_learning_rate()
        images, target = (each.to(self.device, non_blocking=True) for each in (images, target))
        self.optimizer.zero_grad(set_to_none=True)
        started = self._now()
        with torch.autocast(self.device.type, self.half, enabled=self.halves):
            outputs = self._compute(images)
        try:
            loss = self.loss(_full_precision(outputs), target)  # topological terms need it
        except NonFiniteLogitsError as error:
            raise NonFiniteError(f"logits became NaN or infinite at iteration {self.iteration}") from error
        value = loss.item()
        if not math.isfinite(value):
            raise NonFiniteError(f"loss became {_name(value)} at iteration {self.iteration}")
        self.scaler.scale(loss).backward()
        seconds = self._now() - started
        self._update()
        row = {"iteration": self.iteration, "loss": value, "learning_rate": rate, "seconds": seconds}
        self.history.append(row)
        self.iteration += 1
        return value

    def save(self, path: Path, peak_memory: Memory | None) -> None:
        """Write the checkpoint, atomically."""
        content = {
            "model": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "iteration": self.iteration,
            "history": {name: [row[name] for row in self.history] for name in history.COLUMNS},
            "peak_memory": peak_memory and asdict(peak_memory),
            "training_hash": self.training_hash,
            "network": self.description,
        }
        if self.course:
            content["validation"] = self.course.state()
        checkpoints.save(path, content)

    def take_best(self) -> None:
        """Take the best weights in place of the last ones, where they have been kept."""
        if self.course and self.course.best and self.course.keeps_best:
            self.network.load_state_dict(self.course.best["model"])

    def resume(self, content: dict[str, Any]) -> None:
        """Continue from a checkpoint's content."""
        self.network.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        if content["scaler"]:  # empty when it was written on a CPU
            self.scaler.load_state_dict(content["scaler"])
        if self.course and "validation" in content:
            self.course.load(content["validation"])
        self.iteration = content["iteration"]
        rows = zip(*(content["history"][name] for name in history.COLUMNS), strict=True)
        self.history = [dict(zip(history.COLUMNS, row, strict=True)) for row in rows]

    def _set_learning_rate(self) -> float:
        rate = self.config.learning_rate * (1 - self.iteration / self.config.iterations) ** DECAY_POWER
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def _update(self) -> None:
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT).item()
        # the scaler looks for gradients beyond half precision and skips their step by itself
        if not self.scaler.is_enabled() and not math.isfinite(norm):
            raise NonFiniteError(f"gradient became {_name(norm)} at iteration {self.iteration}")
        self.scaler.step(self.optimizer)
        self.scaler.update()

    @property
    def clock(self) -> str:
        """Return what the seconds of an iteration measure."""
        # with one thread CPU time is the same as wall time, less what jobs beside this one take
        return "CPU time" if self.device.type == "cpu" and self.config.threads == 1 else "wall time"

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        # of this thread alone: those that make the next batches are not part of the step
        return time.thread_time() if self.clock == "CPU time" else time.perf_counter()


def choose_device(name: str) -> torch.device:
    """Return the device of that name.

    Args:
        name: "auto", "cpu" or "cuda".

    Returns:
        The device; "auto" is CUDA where there is one.

    Raises:
        ValueError: for "cuda" where there is none.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("`device` is 'cuda', but torch finds no CUDA device here; use 'auto' or 'cpu'")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def make_optimizer(config: Config, network: nn.Module) -> torch.optim.Optimizer:
    """Return the run's optimizer over the network's weights: SGD with Nesterov momentum 0.99, or AdamW."""
    weights = network.parameters()
    if config.optimizer == "adamw":
        return torch.optim.AdamW(weights, config.learning_rate, weight_decay=config.weight_decay)
    return torch.optim.SGD(
        weights, config.learning_rate, MOMENTUM, weight_decay=config.weight_decay, nesterov=True
    )  # fmt: skip


def _full_precision(outputs: torch.Tensor | list[torch.Tensor]) -> torch.Tensor | list[torch.Tensor]:
    return [each.float() for each in outputs] if isinstance(outputs, list) else outputs.float()


def _name(value: float) -> str:
    return "NaN" if math.isnan(value) else "infinite"
