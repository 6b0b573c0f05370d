"""The rows of a metrics.csv, read and checked once, looked up by metric; a data frame only on request."""

import csv
import hashlib
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

INTEGERS = ("version", "postprocessed", "adjacency")
NEEDED = ("case", "metric", "version", "postprocessed", "value")
_NONE = ("", "nan", "NaN")


@dataclass(frozen=True, eq=False)
class Numbers:
    """Values by case, metric and post-processing.

    Args:
        columns: name to the texts of all rows.
        sha256: of the file.
    """

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sha256: str = ""

    @classmethod
    def parse(cls, content: bytes) -> "Numbers":
        """Read a file's content.

        Args:
            content: its bytes.

        Returns:
            The numbers.

        Raises:
            ValueError: columns are missing, a row is cut off, or holds something that is no number.
        """
        rows = list(csv.reader(io.StringIO(content.decode("utf-8"))))
        head = rows[0] if rows else []
        missing = [name for name in NEEDED if name not in head]
        if missing:
            raise ValueError(f"the columns {', '.join(missing)} are missing")
        cut = next((number for number, row in enumerate(rows, 1) if len(row) != len(head)), None)
        if cut is not None:
            raise CutError(f"row {cut} has {len(rows[cut - 1])} of {len(head)} columns")
        found = cls(dict(zip(head, map(list, zip(*rows[1:], strict=True)), strict=False)), _sha256(content))
        found._check()
        return found

    def _check(self) -> None:
        if not self or any("" in self.columns[name] for name in NEEDED[:-1]):
            raise CutError("it has no rows, or rows without case, metric or version")
        counts: dict[str, int] = {}
        for case in self.columns["case"]:
            counts[case] = counts.get(case, 0) + 1
        if len(set(counts.values())) > 1:
            raise CutError("it has more rows of one case than of another")
        _ = self.values  # every value is a number

    def __len__(self) -> int:
        return len(self.columns.get("case", ()))

    @cached_property
    def values(self) -> "np.ndarray":
        """Return all values, NaN where undefined."""
        texts = self.columns.get("value", ())
        return np.array([float(text) if text not in _NONE else np.nan for text in texts], float)

    @cached_property
    def cases(self) -> list[str]:
        """Return the cases, each once, in the file's order."""
        return list(dict.fromkeys(self.columns.get("case", ())))

    @cached_property
    def _places(self) -> dict[tuple[str, int], list[int]]:
        """Return the rows of each metric without (0) and with (1) post-processing."""
        found: dict[tuple[str, int], list[int]] = {}
        keys = zip(self.columns.get("metric", ()), self.columns.get("postprocessed", ()), strict=True)
        for row, (metric, flag) in enumerate(keys):
            found.setdefault((metric, int(flag)), []).append(row)
        return found

    @property
    def is_postprocessed(self) -> bool:
        """Return whether there are values after post-processing."""
        return any(flag for _, flag in self._places)

    def of(self, metric: str, postprocessed: bool) -> "tuple[list[str], np.ndarray]":
        """Return a metric's cases and values, without or with post-processing."""
        rows = self._places.get((metric, int(postprocessed)), [])
        cases = self.columns.get("case", ())
        return [cases[row] for row in rows], self.values[rows]

    def without_reason(self) -> dict[str, int]:
        """Count the undefined values that have no reason, by metric."""
        reasons = self.columns.get("reason") or [""] * len(self)
        found: dict[str, int] = {}
        for row in np.flatnonzero(np.isnan(self.values)).tolist():
            if not reasons[row]:
                found[self.columns["metric"][row]] = found.get(self.columns["metric"][row], 0) + 1
        return found

    def restricted(self, cases: Collection[str]) -> "Numbers":
        """Return the rows of some cases."""
        kept = [row for row, case in enumerate(self.columns.get("case", ())) if case in cases]
        return Numbers({name: [texts[row] for row in kept] for name, texts in self.columns.items()}, self.sha256)

    @cached_property
    def frame(self) -> "pd.DataFrame":
        """Return the rows as a data frame."""
        import pandas as pd

        columns: dict[str, object] = {}
        for name, texts in self.columns.items():
            whole = name in INTEGERS and all(texts)
            columns[name] = [int(text) for text in texts] if whole else [text or None for text in texts]
        return pd.DataFrame(columns | ({"value": self.values} if columns else {}))


class CutError(ValueError):
    """Rows or parts of rows are missing."""


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
