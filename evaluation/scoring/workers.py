"""Process many cases on several cores, one thread each, with a progress bar."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
Result = TypeVar("Result")
_FEW = 8  # a worker takes seconds to start, which does not pay off for fewer cases


def each(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int, title: str, progress: bool
) -> Iterator[Result]:
    """Apply a function to every item, in order.

    Args:
        function: the function; picklable.
        items: its arguments.
        workers: processes; 0 for one per core.
        title: of the progress bar.
        progress: show it where the output is a terminal.

    Yields:
        The results, in the items' order.
    """
    bar: dict[str, Any] = {"total": len(items), "unit": "case", "desc": title, "disable": None if progress else True}
    count = min(workers or len(os.sched_getaffinity(0)), len(items))
    if count < 2 or len(items) < _FEW:
        yield from tqdm(map(function, items), **bar)
        return
    # not forked: libraries with their own threads may hang in a fork
    with ProcessPoolExecutor(count, get_context("spawn"), initializer=_one_thread) as pool:
        try:
            yield from tqdm(pool.map(function, items), **bar)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _one_thread() -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"
