"""How kernels are compiled, cached on disk, and run on several images at once."""

import importlib.util
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

SWITCH = "TOPOLOGY_KERNELS"

_share = threading.local()  # how many threads a thread of `for_each` may use itself


def usable() -> bool:
    """Return whether kernels are to be used: numba is installed, and TOPOLOGY_KERNELS is not 0."""
    return os.environ.get(SWITCH, "1") != "0" and importlib.util.find_spec("numba") is not None


def compiled(function: Function) -> Function:
    """Compile a function on its first call, for the types of its arguments.

    The machine code is cached beside the source, or in the user's cache folder; if neither is writable, each process
    compiles again. A kernel may call only kernels of its own file: numba does not notice when another file changes.
    """
    import numba

    options: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}
    try:
        kernel: Function = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function: no locator available": nothing to write to
        kernel = numba.njit(**options)(function)
    return kernel


def for_each(run: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Run a function that releases the interpreter's lock on every item, on as many threads as torch may use.

    Within such a function, the threads that are left over are those that its own calls of `for_each` use.
    """
    work = list(items)
    allowed = _threads()
    threads = min(len(work), allowed)
    if threads <= 1:
        return [run(item) for item in work]

    def run_with_share(item: Any) -> Any:
        _share.threads = allowed // threads
        return run(item)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run_with_share, work))


def _threads() -> int:
    import sys

    share: int | None = getattr(_share, "threads", None)
    if share is not None:
        return share
    torch = sys.modules.get("torch")  # without torch, there are only numpy arrays and this needs no import
    if torch is not None:
        return int(torch.get_num_threads())
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
