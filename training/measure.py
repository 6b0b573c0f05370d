"""Time and memory of a training."""

import contextlib
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runs.record import Memory

if TYPE_CHECKING:
    import torch

WARM_UP = 3  # iterations at the start that allocate memory and choose algorithms; not counted in the time


def seconds_per_iteration(seconds: Sequence[float]) -> float | None:
    """Return the median time of an iteration after the warm-up.

    Args:
        seconds: of each iteration's forward and backward pass.

    Returns:
        Seconds; None if there was no iteration. Of three iterations or fewer, all are counted.
    """
    counted = list(seconds[WARM_UP:] or seconds)
    return statistics.median(counted) if counted else None


class PeakMemory:
    """Peak memory from here on: of the GPU's allocator on CUDA, of the process on the CPU.

    On the CPU this is the resident high-water mark, which includes the imported libraries and the cached images;
    `before` is what was resident at the start. On Linux the mark is reset here, elsewhere it starts with the process.

    Args:
        device: where the training computes.
    """

    def __init__(self, device: "torch.device") -> None:
        self.device = device
        if device.type == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats(device)
            self.before = torch.cuda.memory_allocated(device)
            return
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets the resident high-water mark
        self.before = _status("VmRSS")

    def read(self) -> Memory:
        """Return the bytes at the peak and before it, and how they were measured."""
        if self.device.type == "cuda":
            import torch

            peak, kind = torch.cuda.max_memory_allocated(self.device), "CUDA memory allocated, peak"
        else:
            peak, kind = _status("VmHWM") or _maximum_resident(), "process memory, resident high-water mark"
        return Memory(peak, self.before, kind)


def _status(key: str) -> int | None:
    """Return an entry of /proc/self/status in bytes; None if there is none."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:")]
    return found[0] if found else None


def _maximum_resident() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
