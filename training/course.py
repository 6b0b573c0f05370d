"""The validations of a training: their values, the best one, and when to stop."""

import copy
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Course:
    """The validations so far.

    Args:
        cases: the validation cases.
        metric: slug of the metric that decides.
        higher_is_better: its direction.
        keeps_best: keep the best weights.
        patience: validations without a better value after which training stops; 0: never.
        rows: one for each validation, with the columns `runs.history.VALIDATION` and "iteration".
        best: iteration, value and, where they are kept, weights; None while there is no value.
    """

    cases: list[str]
    metric: str
    higher_is_better: bool
    keeps_best: bool
    patience: int
    rows: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None

    def add(self, row: dict[str, Any], weights: dict[str, Any]) -> None:
        """Add a validation; an undefined value (None) is never the best.

        Args:
            row: its values.
            weights: state of the network.
        """
        self.rows.append(row)
        value = row[f"validation_{self.metric}"]
        if value is None or not self._is_better(value):
            return
        kept = copy.deepcopy({name: each.cpu() for name, each in weights.items()}) if self.keeps_best else {}
        self.best = {"iteration": row["iteration"], "value": value, "model": kept}

    @property
    def stopped(self) -> bool:
        """Return whether the last `patience` validations have brought no improvement."""
        since = [row for row in self.rows if self.best is None or row["iteration"] > self.best["iteration"]]
        return 0 < self.patience <= len(since)

    @property
    def seconds(self) -> float:
        """Return the time of all validations."""
        return sum(row["validation_seconds"] for row in self.rows)

    def state(self) -> dict[str, Any]:
        """Return the state that a checkpoint stores."""
        return {"rows": self.rows, "best": self.best}

    def load(self, state: dict[str, Any]) -> None:
        """Continue from a checkpoint."""
        self.rows, self.best = state["rows"], state["best"]

    def _is_better(self, value: float) -> bool:
        if self.best is None:
            return True
        return value > self.best["value"] if self.higher_is_better else value < self.best["value"]
