"""Have finished runs made again: without its weights a run is not finished, and everything that follows is repeated."""

from collections.abc import Iterable
from pathlib import Path

from runs.lock import alone
from runs.paths import CHECKPOINT


def forget_weights(folders: Iterable[str | Path]) -> int:
    """Delete the weights of runs; what else they have left stays until they are made again.

    Args:
        folders: of runs; those that do not exist are passed over.

    Returns:
        How many had weights.
    """
    found = [path for folder in folders if (path := Path(folder) / CHECKPOINT).is_file()]
    for path in found:
        with alone(path.parent):
            path.unlink(missing_ok=True)
    return len(found)
