"""The results of `python -m metrics score`, read back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from runs.files import read_json

MEAN = "mean"


@dataclass(frozen=True)
class Measure:
    """A metric as it was measured.

    Attributes:
        label: its name in metrics.csv.
        title: printed name.
        unit: of the value.
        higher_is_better: direction; None where the best value lies inside the range.
        version: of the definition.
        adjacency: of the foreground.
        region: where it was measured.
        undefined: value that replaces undefined ones; None for none.
    """

    label: str
    title: str
    unit: str
    higher_is_better: bool | None
    version: int
    adjacency: int
    region: str
    undefined: float | None = None

    @property
    def heading(self) -> str:
        """Printed name with unit and arrow."""
        unit = f" ({self.unit})" if self.unit not in ("", "1") else ""
        return f"{self.title}{unit}{ {True: ' ↑', False: ' ↓', None: ''}[self.higher_is_better] }"

    @property
    def digits(self) -> int:
        """Decimals to print: shares of one get four, everything larger fewer."""
        return {"": 4, "1": 4, "%": 2}.get(self.unit, 3)


@dataclass(frozen=True)
class Scores:
    """Scored predictions.

    Attributes:
        folder: of the results.
        values: metrics.csv: method, case, class, metric, value, reason and how it was measured.
        methods: names of the predictions; the others are compared with the first.
        measures: in the order of the request.
        record: score.json.
    """

    folder: Path
    values: pd.DataFrame
    methods: list[str]
    measures: list[Measure]
    record: dict[str, Any]

    def of(self, method: str, label: str, name: str = MEAN) -> pd.Series:
        """Return the values by case: of a method, a metric and a class (or their mean); NaN where undefined."""
        table = self.values
        chosen = table[(table["method"] == method) & (table["metric"] == label) & (table["class"] == name)]
        return chosen.set_index("case")["value"]

    @property
    def classes(self) -> list[str]:
        """Return the names of the classes that were measured separately, in the order of the files."""
        return [name for name in self.values["class"].unique() if name != MEAN]

    @property
    def notes(self) -> list[str]:
        """What a reader of a table has to know: partial scores, classes, ignored pixels, the preset."""
        notes = list(self.record["notes"])
        spacing = self.record["spacing"]
        if spacing:
            notes.append(f"Spacing {' x '.join(f'{side:g}' for side in spacing)}.")
        replaced = [
            f"{measure.title} {measure.undefined:g}" for measure in self.measures if measure.undefined is not None
        ]
        if replaced:
            notes.append(f"What counts where a value is undefined: {', '.join(replaced)}.")
        preset = self.record["preset"]
        if preset:
            notes += [f"Preset {preset['name']}: {preset['title']}. Source: {preset['source']}.", *preset["differs"]]
        return notes

    @property
    def version(self) -> str:
        """Return the suite's version and commit."""
        found = self.record["provenance"]
        version = found["packages"].get("topology-loss-benchmark") or "not installed"
        commit = (found.get("git") or {}).get("commit")
        return f"topology-loss-benchmark {version}" + (f", commit {commit[:10]}" if commit else "")


def read(folder: str | Path) -> Scores:
    """Read scores.

    Args:
        folder: the output folder.

    Returns:
        Its content.

    Raises:
        ValueError: no scores there.
    """
    folder = Path(folder)
    path = folder / "metrics.csv"
    if not path.is_file() or not (folder / "score.json").is_file():
        raise ValueError(
            f"{folder}: no scores in it; run `python -m metrics score PREDICTIONS GROUND_TRUTH -o {folder}`"
        )
    record = read_json(folder / "score.json")
    text = dict.fromkeys(("method", "case", "class", "metric", "region", "reason"), str)
    values = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={"value": ["", "nan"]})
    names = Measure.__dataclass_fields__
    measures = [Measure(**{key: facts[key] for key in names}) for facts in record["measures"]]
    return Scores(folder, values, [method["name"] for method in record["methods"]], measures, record)
