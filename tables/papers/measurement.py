"""What was measured for one cell of a paper's table, and how far that got."""

import math
from dataclasses import dataclass, field

import pandas as pd

MEASURED, PARTIAL, ABSENT, BROKEN = "measured", "partial", "missing", "failed"
# for ever: the paper has it from elsewhere, or neither code nor data can be had
QUOTED, CLOSED = "published only", "cannot be measured"


@dataclass(frozen=True)
class Measurement:
    """What was measured for one cell, in the unit of the published number.

    Args:
        status: "measured", one of the words above.
        note: why, or what the reader has to know.
        values: by case, folds and seeds averaged; empty where there are no cases.
        mean: of the cell.
        std: as the paper has it, over runs or over cases.
        timed: setting, patch and device of the training step that was timed; "" for what runs answer.
    """

    status: str
    note: str = ""
    values: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    mean: float = math.nan
    std: float = math.nan
    timed: str = ""
