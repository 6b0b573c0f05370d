"""How long trainings will take here: from the seconds per iteration of runs that are there, else from a stated rate."""

import json
import math
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# seconds for a million pixels or voxels of a batch, forward and backward, on one core of a desktop processor
FALLBACK = {"unet": 1.0, "segresnet": 4.0, "basicunet": 10.0, "dynunet": 18.0}
OTHER = 10.0
HOW = "forward and backward passes one after the other, without predicting and evaluating"

Key = tuple[str, int, str]


class Rates:
    """Seconds for a million pixels of a batch, by network, dimensions and loss.

    Args:
        results: folder whose experiments' run.json tell the time; an unreadable one is passed over.
    """

    def __init__(self, results: str | Path) -> None:
        found: dict[Key, list[float]] = {}
        for path in sorted(Path(results).glob("*/runs/*/*/*/run.json")):
            key, rate = _read(path) or (("", 0, ""), None)
            if rate is not None:
                found.setdefault(key, []).append(rate)
        self.measured = {key: statistics.median(rates) for key, rates in found.items()}

    def seconds(self, parameters: Mapping[str, Any], dims: int) -> tuple[float, bool]:
        """Estimate the time of a training.

        Args:
            parameters: of notebooks/train.ipynb.
            dims: 2 or 3.

        Returns:
            Seconds, and whether they come from runs: of the same network, dimensions and loss, or where there is none
            of the same network and dimensions with any loss.
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


def _read(path: Path) -> tuple[Key, float] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        used, seconds = record["parameters"], float(record["seconds_per_iteration"])
        sides = record["patch_size"]
        return (used["network"], len(sides), used["loss"]), seconds / _megapixels(sides, used["batch_size"])
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None
