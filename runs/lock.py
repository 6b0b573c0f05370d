"""One process at a time in a folder: whoever writes a run's files holds the folder's lock."""

import errno
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUN, NOTEBOOK = ".lock", ".notebook.lock"
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
            if error.errno in _NO_LOCKS:
                reason = f"this file system has no locks (flock), without which two runs could mix in {folder}"
                raise OSError(error.errno, reason) from error
            raise
        yield waited
