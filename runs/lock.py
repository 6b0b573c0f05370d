"""One process at a time in a folder: whoever writes a run's files holds the folder's lock."""

import errno
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUN, NOTEBOOK, HEAD = ".lock", ".notebook.lock", ".head.lock"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def alone(folder: str | Path, name: str = RUN) -> Iterator[bool]:
    """Wait until no other process writes into the folder, and keep others out until the block ends.

    The operating system frees the lock when its process dies, however that happens; a process that outlived a killed
    workflow keeps it.

    Args:
        folder: is made if it does not exist.
        name: of the lock's file: a run's files have one, its notebooks another.

    Yields:
        Whether another process had to be waited for.

    Raises:
        OSError: the file system has no locks; two processes could then write at once.
    """
    place, waited = Path(folder), False
    place.mkdir(parents=True, exist_ok=True)
    with (place / name).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process that writes into {folder}", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
            waited = True
        except OSError as error:
            raise _explained(error, place) from error
        yield waited


@contextmanager
def sole(folder: str | Path, who: str) -> Iterator[None]:
    """Keep other heads out of a results folder until the block ends, or say who is in it.

    Args:
        folder: is made if it does not exist.
        who: what others are told.

    Raises:
        OSError: another has the folder, or the file system has no locks.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    with (place / HEAD).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise OSError(errno.EBUSY, f"it is in use by {lock.read().strip()}; wait, or stop that first") from error
        except OSError as error:
            raise _explained(error, place) from error
        lock.truncate(0)
        lock.write(who)
        lock.flush()
        yield


def _explained(error: OSError, folder: Path) -> OSError:
    if error.errno not in _NO_LOCKS:
        return error
    reason = f"this file system has no locks (flock), without which two runs could mix in {folder}"
    return OSError(error.errno, reason)
