"""The loop around a training step: seconds beyond the step, with batches made ahead.

The step is pretended: the main thread sleeps as it does while a GPU computes. With W workers an iteration takes
max(step, batch / W) at best; `ratio` is the time over that.
"""

import statistics
import time

import numpy as np

from benchmarks._common import PROFILE, require_profile, tubes
from training.batches import batches
from training.patches import Sampler

STEPS = [0.02, 0.05, 0.1]
WORKERS = [0, 1, 2, 4]
# name: channels, patch
_PATCHES = {
    "2D 2x3x1280x1024": (3, (1280, 1024)),
    "3D 2x160x128x112": (1, (160, 128, 112)),
    "3D 2x128x128x128": (1, (128, 128, 128)),
    "2D 2x512x512": (1, (512, 512)),
}
PATCHES = {"2D 2x64x64": (1, (64, 64))} if PROFILE == "smoke" else _PATCHES
_ITERATIONS = 6 if PROFILE == "smoke" else 40


class _Cases:
    """One image, a little larger than the patch."""

    def __init__(self, channels: int, patch: tuple[int, ...]) -> None:
        self._label = tubes(tuple(side + side // 4 for side in patch)).astype(np.uint8)
        noise = np.random.default_rng(0).standard_normal((channels, *self._label.shape))
        self._image = (self._label + noise).astype(np.float32)

    def image(self, case: str) -> np.ndarray:
        return self._image

    def label(self, case: str) -> np.ndarray:
        return self._label

    def ignored(self, case: str) -> np.ndarray | None:
        return None


class _Loop:
    version = "1"
    timeout = 600

    def _sampler(self, size: str) -> Sampler:
        require_profile()
        channels, patch = PATCHES[size]
        made = Sampler(
            _Cases(channels, patch), ["one"], patch_size=patch, batch_size=2, foreground_share=0.33,
            augmented=True, seed=0,
        )  # fmt: skip
        for iteration in range(12):  # reads the image, compiles the rotations
            made.batch(iteration)
        return made


class TrackBatch(_Loop):
    """Mean CPU seconds of a batch."""

    params = [list(PATCHES)]
    param_names = ["size"]
    unit = "seconds"

    def setup(self, size: str) -> None:
        """Warm up."""
        self.sampler = self._sampler(size)

    def track_seconds(self, size: str) -> float:
        """Make the batches that a loop of the same length makes."""
        started = time.thread_time()
        for iteration in range(_ITERATIONS):
            self.sampler.batch(iteration)
        return (time.thread_time() - started) / _ITERATIONS


class TrackLoop(_Loop):
    """Seconds of an iteration over what step and batch allow."""

    params = [list(PATCHES), STEPS, WORKERS]
    param_names = ["size", "step", "workers"]
    unit = "times max(step, batch / workers)"

    def setup(self, size: str, step: float, workers: int) -> None:
        """Warm up, and time a batch by itself."""
        self.sampler = self._sampler(size)
        started = time.perf_counter()
        for iteration in range(_ITERATIONS):
            self.sampler.batch(iteration)
        self.batch = (time.perf_counter() - started) / _ITERATIONS

    def track_ratio(self, size: str, step: float, workers: int) -> float:
        """Run the loop with a pretended step."""
        bound = max(step, self.batch / workers) if workers else step + self.batch
        return self.seconds(step, workers) / bound

    def track_median_overhead(self, size: str, step: float, workers: int) -> float:
        """Median share of an iteration beyond the step: what the loop costs when the batch is ready."""
        return statistics.median(self.iterations(step, workers)) / step - 1

    def seconds(self, step: float, workers: int) -> float:
        """Mean seconds of an iteration."""
        return statistics.fmean(self.iterations(step, workers))

    def iterations(self, step: float, workers: int) -> list[float]:
        """Seconds of each iteration."""
        ends = [time.perf_counter()]
        for _ in batches(self.sampler, range(_ITERATIONS), workers):
            time.sleep(step)
            ends.append(time.perf_counter())
        return list(np.diff(ends))
