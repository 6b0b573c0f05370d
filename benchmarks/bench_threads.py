"""What more threads save where persistence is computed on the CPU: patches, images and dimensions at the same time."""

import statistics
import time

import torch

import losses
from benchmarks._common import PROFILE, logits_and_target, require_profile

THREADS = [2, 4]
_SHAPE = (2, 1, 64, 64) if PROFILE == "smoke" else (2, 1, 1280, 1024)
_PAIRS = 9


class TrackThreads:
    """Seconds of loss and gradient on one thread over those on several, measured alternately, for a batch of two."""

    params = [["topoloss", "phpm"], THREADS]
    param_names = ["loss", "threads"]
    unit = "times faster"
    version = "1"
    timeout = 600

    def setup(self, slug: str, threads: int) -> None:
        require_profile()
        self.loss = losses.build(slug)
        self.logits, self.target = logits_and_target(_SHAPE, "cpu")

    def teardown(self, slug: str, threads: int) -> None:
        torch.set_num_threads(1)

    def track_speedup(self, slug: str, threads: int) -> float:
        self.seconds(threads)  # compiles
        return statistics.median(self.seconds(1) / self.seconds(threads) for _ in range(_PAIRS))

    def seconds(self, threads: int) -> float:
        """Time loss and gradient once."""
        torch.set_num_threads(threads)
        self.logits.grad = None
        start = time.perf_counter()
        self.loss(self.logits, self.target).backward()
        return time.perf_counter() - start
