"""Ctrl-C before anything has been started: one line, and the end."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130  # exit status after Ctrl-C


@contextmanager
def leave_at_once() -> Iterator[None]:
    """End the process at Ctrl-C: an exception in the middle of an import may be swallowed, or come out as another one.

    For a block that loads libraries and leaves nothing behind. Where the caller ignores interrupts they stay ignored.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _leave(number: int, frame: FrameType | None) -> None:
    print("interrupted; the same command goes on where it was", file=sys.stderr, flush=True)
    os._exit(INTERRUPTED)
