"""Have finished runs made again, or their training taken over: a run's weights decide whether it is finished."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from runs import record
from runs.files import atomic
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


def take_weights(source: str | Path, folder: str | Path) -> None:
    """Give a run that is to be made the checkpoint of a finished one with the same training, from which it goes on.

    Its training is then over at once. What the run's folder says about an earlier state of it is deleted.

    Args:
        source: folder of the finished run.
        folder: of the run that is to be made.
    """
    place = Path(folder)
    with alone(place), atomic(place / CHECKPOINT) as temporary:
        shutil.copyfile(Path(source) / CHECKPOINT, temporary)
        (place / record.NAME).unlink(missing_ok=True)
