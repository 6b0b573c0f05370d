"""What was measured for one cell of a paper's table, and its state."""

import math
from dataclasses import dataclass, field

import pandas as pd

MEASURED, PARTIAL, ABSENT, BROKEN = "measured", "partial", "missing", "failed"
# permanently: the paper quotes it, or code or data are unavailable
QUOTED, CLOSED = "published only", "cannot be measured"


@dataclass(frozen=True)
class Measurement:
    """What was measured for one cell, in the unit of the published number.

    Args:
        status: "measured", one of the words above.
        note: the reason, or what the reader must know.
        values: by case, folds and seeds averaged; empty if there are no cases.
        mean: of the cell.
        std: over runs or over cases, as in the paper.
        timed: setting, patch and device of the timed training step; "" for results of runs.
    """

    status: str
    note: str = ""
    values: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    mean: float = math.nan
    std: float = math.nan
    timed: str = ""
