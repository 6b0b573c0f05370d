"""The results of metrics on the classes and patches of one case: values, reasons, means."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Value:
    """A metric of one class on one patch.

    Attributes:
        name: of the metric.
        label: the class.
        value: NaN where it is undefined.
        reason: why it is undefined; "" where it is defined.
    """

    name: str
    label: int
    value: float
    reason: str = ""


@dataclass(frozen=True)
class Measured:
    """All values of one case.

    Attributes:
        names: of the metrics, as requested.
        labels: the classes, ascending.
        values: one for each metric, class and patch.
    """

    names: tuple[str, ...]
    labels: tuple[int, ...]
    values: tuple[Value, ...]

    def mean(self, name: str, label: int | None = None) -> float:
        """Return the mean over the classes (or of one class) and patches where the metric is defined, else NaN."""
        defined = [found.value for found in self._of(name, label) if not np.isnan(found.value)]
        return float(np.mean(defined)) if defined else float("nan")

    def reason(self, name: str, label: int | None = None) -> str:
        """Return why there is no mean: each reason once; "" if there is a mean."""
        if not np.isnan(self.mean(name, label)):
            return ""
        return "; ".join(sorted({found.reason for found in self._of(name, label) if found.reason}))

    def _of(self, name: str, label: int | None) -> Iterable[Value]:
        return (found for found in self.values if found.name == name and label in (None, found.label))
