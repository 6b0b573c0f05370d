"""What the studies share: the metrics that they measure, values by case, and the files that they write."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from runs.files import atomic, write_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = ("dice", "cldice", "betti0_error", "e0_gt", "ags")


def values_by_case(path: Path, postprocessed: int = 0) -> pd.DataFrame:
    """Return the metrics of a metrics.csv: a row for each case, a column for each metric."""
    rows = pd.read_csv(path, dtype={"case": str})
    rows = rows[rows["postprocessed"] == postprocessed]
    return rows.groupby(["case", "metric"])["value"].mean().unstack("metric")


def write_study(folder: Path, name: str, rows: pd.DataFrame, text: str, figure: "Figure") -> None:
    """Write a study's rows, page, figure and provenance, and print where the page is."""
    from pictures import style
    from runs import provenance

    with atomic(folder / f"{name}.csv") as path:
        rows.to_csv(path, index=False)
    with atomic(folder / f"{name}.md") as path:
        path.write_text(text)
    style.save(figure, folder / f"{name}.png")
    write_json(folder / f"{name}.provenance.json", asdict(provenance.collect()))
    print(folder / f"{name}.md")
