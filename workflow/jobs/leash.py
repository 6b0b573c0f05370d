"""Run a command that ends with the process that started it, even if that one is killed.

    python -m workflow.jobs.leash COMMAND ...

Its standard input is a pipe whose other end the starter holds: when the pipe closes, the command and everything that it
has started receive a SIGTERM, and after a few seconds a SIGKILL.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys

PATIENCE = 5.0  # seconds between SIGTERM and SIGKILL
_PULSE = 0.5


def main(command: list[str]) -> int:
    """Run the command.

    Args:
        command: its words.

    Returns:
        Its exit status; minus the signal's number if it was killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the starter, which then closes the pipe
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None:
        if select.select([sys.stdin], [], [], _PULSE)[0] and not os.read(sys.stdin.fileno(), 1):
            end(process)
            return 128 + signal.SIGTERM
    return process.returncode


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything that it has started.

    Args:
        process: the process.
    """
    import psutil

    family = _family(process.pid)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.terminate()
    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    for member in {*alive, *_family(process.pid)}:
        with contextlib.suppress(psutil.Error):
            member.kill()
    process.wait()


def _family(pid: int) -> "list[psutil.Process]":  # noqa: F821
    import psutil

    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.exit(status if status >= 0 else 128 - status)
