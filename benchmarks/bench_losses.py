"""Every loss: time, ratio to Dice&CE, peak memory, and the value, so that a change is seen beside the time.

asv runs each measurement in a separate process, forked from one that has imported this file. With a GPU, run it with
`--launch-method spawn`: CUDA does not survive a fork.
"""

import statistics
import time
from typing import Any

import torch

import losses
from benchmarks._common import (
    DEVICES,
    SIZES,
    logits_and_target,
    registered,
    require_device,
    require_loss,
    tiny,
)


class _Loss:
    params = [registered("losses"), list(SIZES), DEVICES]
    param_names = ["loss", "size", "device"]
    version = "2"
    timeout = 600
    parameters: dict[str, Any] = {}

    def setup(self, slug: str, size: str, device: str) -> None:
        shape = SIZES[size]
        require_device(device)
        require_loss(slug, len(shape) - 2)
        torch.set_num_threads(1)
        self.device = device
        self.loss = losses.build(slug, **self.parameters)
        self.logits, self.target = logits_and_target(tiny(shape), device)
        self.run()  # imports and compiles
        self.logits, self.target = logits_and_target(shape, device)

    def run(self, loss: Any = None) -> float:
        """Compute loss and gradient, and wait for them."""
        self.logits.grad = None
        value = (loss or self.loss)(self.logits, self.target)
        value.backward()
        return value.item()  # waits for the device

    def forward(self) -> float:
        """Compute the loss alone, and wait for it."""
        with torch.no_grad():
            return self.loss(self.logits, self.target).item()


class TimeLoss(_Loss):
    """Seconds."""

    rounds = 2

    def setup(self, slug: str, size: str, device: str) -> None:
        super().setup(slug, size, device)
        self.run()  # allocates

    def time_forward(self, slug: str, size: str, device: str) -> None:
        self.forward()

    def time_forward_backward(self, slug: str, size: str, device: str) -> None:
        self.run()


class RatioLoss(_Loss):
    """Ratio to the time of Dice&CE, loss and gradient, measured alternately: what else the machine does affects both.

    Read regressions from this one: it hardly changes between machines and between days.
    """

    pairs = 9

    def track_ratio_to_dice_ce(self, slug: str, size: str, device: str) -> float:
        reference = losses.build("dice_ce")
        self.run()
        self.run(reference)
        ratios = []
        for _ in range(self.pairs):
            start = time.perf_counter()
            self.run(reference)
            between = time.perf_counter()
            self.run()
            ratios.append((time.perf_counter() - between) / (between - start))
        return statistics.median(ratios)

    track_ratio_to_dice_ce.unit = "times dice_ce"


class MemoryLoss(_Loss):
    """Peak memory; subtract `peakmem_reference` of the same parameters from `peakmem_forward_backward`."""

    def peakmem_reference(self, slug: str, size: str, device: str) -> None:
        """Interpreter, torch, compiled kernels and data."""

    def peakmem_forward_backward(self, slug: str, size: str, device: str) -> None:
        self.run()

    def track_cuda_allocated(self, slug: str, size: str, device: str) -> int:
        """Bytes allocated on the GPU at the peak of one step, beyond the data."""
        return self._cuda_peak("allocated")

    def track_cuda_reserved(self, slug: str, size: str, device: str) -> int:
        """Bytes that torch has reserved on the GPU at the peak of one step, beyond those reserved before."""
        return self._cuda_peak("reserved")

    def _cuda_peak(self, kind: str) -> int:
        if self.device != "cuda":
            raise NotImplementedError("host memory is measured by peakmem_forward_backward")
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        before = getattr(torch.cuda, f"memory_{kind}")()
        torch.cuda.reset_peak_memory_stats()
        self.run()
        return getattr(torch.cuda, f"max_memory_{kind}")() - before

    track_cuda_allocated.unit = track_cuda_reserved.unit = "bytes"


class ValueLoss(_Loss):
    """The value on fixed input: a speed-up that changes it is seen in the same run."""

    def track_value(self, slug: str, size: str, device: str) -> float:
        return self.run()
