"""All cores with bounded memory: cases are handed out one at a time, and none waits in memory."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import TypeVar

from data_prep._plan import Case

Result = TypeVar("Result")

# starting a process costs a second or two; it does not pay off below this many bytes to read
_WORTH_STARTING = 32 << 20
# decoded, resampled and encoded again: what a case holds in memory for each byte of its largest source
_MEMORY_PER_BYTE = 20


def count_workers(cases: Sequence[Case], asked: int = 0) -> int:
    """Return the number of processes to use.

    Args:
        cases: what is to be done.
        asked: the user's choice; 0: one for each core, as far as memory allows and the amount of work justifies.

    Returns:
        A number from 1 to the number of cases.

    Raises:
        ValueError: a negative number was requested.
    """
    if asked < 0:
        raise ValueError(f"`workers` must be 0 (one for each core) or more, got {asked}")
    if asked:
        return max(1, min(asked, len(cases)))
    sizes = {path: path.stat().st_size for case in cases for path in case.sources if path.is_file()}
    if sum(sizes.values()) < _WORTH_STARTING:
        return 1
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return max(1, min(_count_cores(), len(cases), memory // (_MEMORY_PER_BYTE * max(sizes.values()))))


def run_all(do: Callable[[Case], Result], cases: Sequence[Case], workers: int) -> Iterator[Result]:
    """Apply a function to every case, in this process or in several, and yield the results as they arrive.

    Args:
        do: the function; with more than one worker it, its cases and its results must be picklable.
        cases: the cases.
        workers: number of processes.

    Yields:
        The results, in no fixed order.
    """
    if workers == 1:
        yield from map(do, cases)
        return
    # forked threads can deadlock, so each process starts afresh
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_interrupts_to_parent)
    try:
        yield from _keep_busy(pool, do, cases, 2 * workers)
    finally:
        pool.shutdown(cancel_futures=True)


def _keep_busy(
    pool: ProcessPoolExecutor, do: Callable[[Case], Result], cases: Sequence[Case], most: int
) -> Iterator[Result]:
    waiting: set[Future[Result]] = set()
    for case in cases:
        if len(waiting) == most:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
        waiting.add(pool.submit(do, case))
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _count_cores() -> int:
    # macOS cannot tell which cores a process may use
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
