"""The scalars of history.csv as TensorBoard's event files, for a look from outside; nothing here reads them."""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from runs.history import COLUMNS, VALIDATION

FOLDER = "tensorboard"


class EventLog:
    """Event files of one training, in its run's folder.

    A training that is resumed writes everything from its first iteration on again, so that the files never hold more
    than history.csv.

    Args:
        folder: the run's folder.

    Raises:
        ImportError: tensorboard is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        path = Path(folder) / FOLDER
        shutil.rmtree(path, ignore_errors=True)
        self._writer = EventFileWriter(str(path))
        self._rows = self._validations = 0

    def update(self, rows: Sequence[Mapping[str, Any]], validations: Sequence[Mapping[str, Any]]) -> None:
        """Write what has come since the last time.

        Args:
            rows: all rows of the history, see `runs.history.write_history`.
            validations: all validations, see there; undefined values are left out.
        """
        for row in rows[self._rows :]:
            self._add(row, COLUMNS[1:])
        for row in validations[self._validations :]:
            self._add(row, VALIDATION)
        self._rows, self._validations = len(rows), len(validations)
        self._writer.flush()

    def _add(self, row: Mapping[str, Any], names: Sequence[str]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=row[name]) for name in names if row[name] is not None]
        self._writer.add_event(Event(wall_time=time.time(), step=int(row["iteration"]), summary=Summary(value=values)))

    def __enter__(self) -> "EventLog":
        """Return the log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._writer.close()
