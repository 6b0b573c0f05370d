"""Batches made ahead by threads while the network computes: the same ones, in the same order, for any number of them.

Threads suffice, since a batch's time is spent in NumPy and compiled kernels, which release the interpreter's lock. They
share the images in memory, and a notebook needs no guard.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch

BY_CORES = -1  # as many workers as there are cores beside those that compute
_MOST = 8  # more workers have never made a loop faster
_AHEAD = 2  # batches ahead for each worker, so that quick ones compensate for a slow one


class Draws(Protocol):
    """Anything that returns the batch of an iteration, also to several threads at once."""

    def batch(self, iteration: int) -> tuple[np.ndarray, np.ndarray]:
        """Return images and target."""


def batches(
    sampler: Draws, iterations: Iterable[int], workers: int, pinned: bool = False
) -> Iterator[tuple["torch.Tensor", "torch.Tensor"]]:
    """Yield the batches of some iterations, in order, made ahead by threads.

    Args:
        sampler: makes each batch from its iteration alone.
        iterations: whose batches.
        workers: number of threads; 0 makes each batch when it is requested.
        pinned: in page-locked memory, from which copies to a GPU run asynchronously.

    Yields:
        Images and target. At most two batches for each worker wait in memory. A worker's exception is raised when its
        batch is due.
    """

    def make(iteration: int) -> tuple["torch.Tensor", "torch.Tensor"]:
        return tuple(_tensor(each, pinned) for each in sampler.batch(iteration))  # type: ignore[return-value]

    if not workers:
        yield from map(make, iterations)
        return
    waiting: deque[Future[tuple[torch.Tensor, torch.Tensor]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="batch")
    try:
        for iteration in iterations:
            waiting.append(pool.submit(make, iteration))
            if len(waiting) > _AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def resolve_workers(workers: int, threads: int) -> int:
    """Return how many threads make batches.

    Args:
        workers: as the run's parameter says; `BY_CORES` for the cores that torch leaves, 8 at most.
        threads: of torch.

    Returns:
        0 on one core, at least 1 on several.
    """
    if workers != BY_CORES:
        return workers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MOST, max(cores - threads, int(cores > 1)))


def _tensor(array: np.ndarray, pinned: bool) -> "torch.Tensor":
    import torch

    tensor = torch.from_numpy(array)
    return tensor.pin_memory() if pinned else tensor
