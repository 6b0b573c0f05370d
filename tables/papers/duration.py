"""Estimated duration of trainings: from the seconds per iteration of existing runs, else from a stated rate."""

import math
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runs.paths import find_all_runs
from runs.record import RunRecord, read_record_or_none

# seconds for a million pixels or voxels of a batch, forward and backward, on one core of a desktop processor
FALLBACK = {"unet": 1.0, "segresnet": 4.0, "basicunet": 10.0, "dynunet": 18.0}
OTHER = 10.0
HOW = "forward and backward passes one after the other, without predicting and evaluating"

Key = tuple[str, int, str]


class Rates:
    """Seconds for a million pixels of a batch, by network, dimensions and loss.

    Args:
        results: folder whose experiments' run.json contain the times; unreadable ones are skipped.
        device: "cpu" or "cuda": of the runs that count; "" for both.
    """

    def __init__(self, results: str | Path, device: str = "") -> None:
        found: dict[Key, list[float]] = {}
        for folder in find_all_runs(results):
            record = read_record_or_none(folder)
            if record and device in ("", record.device) and (told := _rate(record)):
                found.setdefault(told[0], []).append(told[1])
        self.measured = {key: statistics.median(rates) for key, rates in found.items()}

    def seconds(self, parameters: Mapping[str, Any], dims: int) -> tuple[float, bool]:
        """Estimate the time of a training.

        Args:
            parameters: of notebooks/train.ipynb.
            dims: 2 or 3.

        Returns:
            Seconds, and whether they come from runs: of the same network, dimensions and loss or, if there is none, of
            the same network and dimensions with any loss.
        """
        key = (parameters["network"], dims, parameters["loss"])
        alike = [rate for (network, size, _), rate in self.measured.items() if (network, size) == key[:2]]
        rate = self.measured.get(key) or (statistics.median(alike) if alike else None)
        known = rate is not None
        rate = rate if rate is not None else FALLBACK.get(parameters["network"], OTHER)
        return rate * _megapixels(parameters["patch_size"], parameters["batch_size"]) * parameters["iterations"], known


def spoken(seconds: float) -> str:
    """Return a duration in words: "40 s", "12 min", "3.5 h", "26 days"."""
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.{1 if unit == 'h' else 0}f} {unit}"
    return f"{seconds / 86400:.0f} days"


def _megapixels(sides: Iterable[int], batch: int) -> float:
    return math.prod(sides) * batch / 1e6


def _rate(record: RunRecord) -> tuple[Key, float] | None:
    """Return what a run says about the duration of similar runs; None if it says nothing."""
    network, loss = record.parameters.get("network"), record.parameters.get("loss")
    pixels = _megapixels(record.patch_size, record.parameters.get("batch_size", 0))
    if record.seconds_per_iteration is None or not pixels or not isinstance(network, str) or not isinstance(loss, str):
        return None
    return (network, len(record.patch_size), loss), record.seconds_per_iteration / pixels
