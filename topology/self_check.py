"""Kernels compare themselves with plain torch or the CPU at their first use on a device, and step aside if they differ.

A kernel that was written without its user's GPU is trusted only after it has computed a small fixed input
there. The check is made once for each kernel and device in a process.
"""

import warnings
from collections.abc import Callable
from importlib import metadata
from threading import RLock

import torch

PASSED = "passed"
_found: dict[tuple[str, str], str] = {}
_lock = RLock()


def passes(kernel: str, device: torch.device, compare: Callable[[torch.device], None]) -> bool:
    """Tell whether a kernel computes on a device what it should; warn once if it does not.

    Args:
        kernel: its name, for warning and report.
        device: where it is to be used.
        compare: computes a small fixed input on that device both ways, and raises whatever it likes if they differ.

    Returns:
        False when `compare` raised, at the first time or now.
    """
    key = kernel, str(device)
    if key not in _found:
        with _lock:
            if key not in _found:
                _found[key] = _check(kernel, device, compare)
    return _found[key] == PASSED


def report() -> dict[str, str]:
    """Return what the checks of this process have found, "passed" or the reason, by kernel and device."""
    return {f"{kernel} on {_describe(torch.device(device))}": found for (kernel, device), found in _found.items()}


def fixed_input(shape: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """Return different values in (0, 1] in a fixed disorder, which leaves the random state alone."""
    count = int(torch.Size(shape).numel())
    order = (torch.arange(count) * 7919) % 15_485_863 % count  # a prime that divides no small count
    return ((order + 1) / count).reshape(shape).to(device)


def _check(kernel: str, device: torch.device, compare: Callable[[torch.device], None]) -> str:
    try:
        with torch.inference_mode(False), torch.enable_grad(), torch.autocast(device.type, enabled=False):
            compare(device)
    except Exception as error:  # a kernel that does not compile raises what its compiler likes
        reason = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:200]}"
        warnings.warn(
            f"{kernel} does not compute on {_describe(device)} what it should ({reason}; {_versions()}); a slower way "
            f"computes it instead",
            RuntimeWarning,
            stacklevel=4,
        )
        return reason
    return PASSED


def _describe(device: torch.device) -> str:
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def _versions() -> str:
    try:
        triton = f", triton {metadata.version('triton')}"
    except metadata.PackageNotFoundError:
        triton = ""
    return f"torch {torch.__version__}, CUDA {torch.version.cuda}{triton}"
