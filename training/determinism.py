"""Same seed, same machine: same bits on the CPU."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np


@contextlib.contextmanager
def deterministic(threads: int, cuda: bool, wanted: bool = True) -> Iterator[dict[str, Any]]:
    """Make torch deterministic within the block, and restore its settings afterwards.

    On CUDA some operations have no deterministic version (3D pooling backward, for one): for these torch warns.

    Args:
        threads: number of torch's threads; sums depend on it in their last bits.
        cuda: whether the block computes on CUDA.
        wanted: False lets torch and cuDNN choose the fastest algorithm, with other bits each time.

    Yields:
        The flags, for run.json.
    """
    import torch

    if cuda:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS reads it when it starts
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    warned_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(wanted, warn_only=cuda)
    torch.backends.cudnn.benchmark = not wanted
    strictness = ("warn" if cuda else "strict") if wanted else "off"
    try:
        yield {"deterministic_algorithms": strictness, "cudnn_benchmark": not wanted, "threads": threads}
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1], warn_only=warned_only)
        torch.backends.cudnn.benchmark = before[2]


def seed_weights(seed: int) -> None:
    """Seed torch before the network is built; the same weights for every loss."""
    import torch

    torch.manual_seed(seed)


def seed_iteration(seed: int, iteration: int) -> None:
    """Seed torch for one iteration, so that a network with dropout resumes with the same draws."""
    import torch

    torch.manual_seed(int(np.random.SeedSequence([seed, iteration, 1]).generate_state(1)[0]))
