"""The head of an experiment: one for each results folder, and the jobs that an earlier head has left on a cluster."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from runs.lock import sole
from workflow.jobs import cluster


@contextmanager
def head(results: str, profile: str) -> Iterator[None]:
    """Be the only head of a results folder, and leave no job on the cluster after Ctrl-C or SIGTERM.

    A head that is killed cannot clean up: its jobs continue. The next head cancels those that have not ended, since
    Snakemake cannot take them over, and submits them again; trainings resume from their last checkpoint.

    Args:
        results: the results folder.
        profile: folder of Snakemake's profile.

    Raises:
        OSError: another head uses the folder, or its file system has no locks.
        ClusterError: Slurm cannot be used.
    """
    on_cluster = cluster.is_slurm(profile)
    if on_cluster:
        cluster.check()
    with sole(results, f"{socket.gethostname()}, process {os.getpid()}"):
        if on_cluster and (number := cluster.cancel(results)):
            print(f"cancelled what an earlier start had left in the queue: {number} jobs or arrays of jobs", flush=True)
        before = {
            signal.SIGTERM: signal.signal(signal.SIGTERM, _interrupt),
            signal.SIGINT: signal.getsignal(signal.SIGINT),
        }
        try:
            yield
        except KeyboardInterrupt:
            _ignore_signals()  # a second Ctrl-C must not leave the jobs in the queue
            if on_cluster:
                cluster.cancel(results)
            raise
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
