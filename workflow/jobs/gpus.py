"""The GPUs of one machine, distributed among trainings: each holds a slot of one GPU and sees no other."""

import fcntl
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

_VARIABLE = "CUDA_VISIBLE_DEVICES"
_PULSE = 0.5


def visible() -> list[str]:
    """Return the names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES takes them."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    named = [name.strip() for name in os.environ.get(_VARIABLE, "").split(",") if name.strip()]
    return named[:count] or [str(number) for number in range(count)]


@contextmanager
def slot(gpus: Sequence[str], jobs: int = 1, folder: Path | None = None) -> Iterator[str]:
    """Wait for a free slot of a GPU, and hide all others until the block ends.

    The operating system frees a slot when its process dies. An idle GPU comes before a second job on another.

    Args:
        gpus: names of GPUs.
        jobs: number of slots of each.
        folder: holds the slots' locks; None: a common one for everything that this user starts on this machine.

    Yields:
        Name of the GPU.
    """
    place = folder or Path(tempfile.gettempdir()) / f"topology-loss-benchmark-{os.getuid()}"
    place.mkdir(parents=True, exist_ok=True)
    before = os.environ.get(_VARIABLE)
    with ExitStack() as stack:
        name = _wait(gpus, jobs, place, stack)
        os.environ[_VARIABLE] = name
        try:
            yield name
        finally:
            if before is None:
                del os.environ[_VARIABLE]
            else:
                os.environ[_VARIABLE] = before


def _wait(gpus: Sequence[str], jobs: int, place: Path, stack: ExitStack) -> str:
    waiting = False
    while True:
        for number in range(jobs):
            for name in gpus:
                lock = (place / f"gpu-{name.replace('/', '_')}-{number}.lock").open("w")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    lock.close()
                    continue
                stack.enter_context(lock)
                return name
        if not waiting:
            print(f"waiting for one of the GPUs {', '.join(gpus)}", file=sys.stderr, flush=True)
            waiting = True
        time.sleep(_PULSE)
