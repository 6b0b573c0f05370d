"""The results of `python -m metrics score`, read back."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from runs.files import read_json
from runs.record import Git
from runs.schema import from_json

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
class Method:
    """Scored predictions: their name, the number of scored cases, and the names of those without a prediction."""

    name: str
    cases: int
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Preset:
    """A challenge's or paper's choice of metrics: where it comes from, and how it differs from this suite's metrics."""

    name: str
    title: str
    source: str
    differs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Origin:
    """With which packages, and at which commit, the values were measured."""

    packages: dict[str, str | None] = field(default_factory=dict)
    git: Git | None = None


@dataclass(frozen=True)
class ScoreRecord:
    """What score.json says about a measurement.

    Attributes:
        ground_truth: folder of the ground truth.
        methods: the predictions, in the order of the request.
        measures: the metrics, likewise.
        notes: what a reader has to know.
        spacing: of all images; None for the files'.
        preset: the chosen preset; None for none.
        provenance: code and packages.
    """

    ground_truth: str
    methods: list[Method]
    measures: list[Measure]
    notes: list[str] = field(default_factory=list)
    spacing: list[float] | None = None
    preset: Preset | None = None
    provenance: Origin = field(default_factory=Origin)


@dataclass(frozen=True)
class Scores:
    """Scored predictions.

    Attributes:
        folder: of the results.
        values: metrics.csv: method, case, class, metric, value, reason and how it was measured.
        record: score.json.
    """

    folder: Path
    values: pd.DataFrame
    record: ScoreRecord

    @property
    def methods(self) -> list[str]:
        """Return the names of the predictions; the others are compared with the first."""
        return [method.name for method in self.record.methods]

    @property
    def measures(self) -> list[Measure]:
        """Return the metrics, in the order of the request."""
        return self.record.measures

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
        notes = list(self.record.notes)
        if self.record.spacing:
            notes.append(f"Spacing {' x '.join(f'{side:g}' for side in self.record.spacing)}.")
        replaced = [
            f"{measure.title} {measure.undefined:g}" for measure in self.measures if measure.undefined is not None
        ]
        if replaced:
            notes.append(f"What counts where a value is undefined: {', '.join(replaced)}.")
        preset = self.record.preset
        if preset:
            notes += [f"Preset {preset.name}: {preset.title}. Source: {preset.source}.", *preset.differs]
        return notes

    @property
    def version(self) -> str:
        """Return the suite's version and commit."""
        found = self.record.provenance
        version = found.packages.get("topology-loss-benchmark") or "not installed"
        commit = found.git.commit if found.git else ""
        return f"topology-loss-benchmark {version}" + (f", commit {commit[:10]}" if commit else "")


def read(folder: str | Path) -> Scores:
    """Read scores.

    Args:
        folder: the output folder.

    Returns:
        Its content.

    Raises:
        ValueError: no scores there, or score.json is broken.
    """
    folder = Path(folder)
    path = folder / "metrics.csv"
    if not path.is_file() or not (folder / "score.json").is_file():
        raise ValueError(
            f"{folder}: no scores in it; run `python -m metrics score PREDICTIONS GROUND_TRUTH -o {folder}`"
        )
    record = from_json(ScoreRecord, read_json(folder / "score.json"), str(folder / "score.json"))
    text = dict.fromkeys(("method", "case", "class", "metric", "region", "reason"), str)
    values = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={"value": ["", "nan"]})
    return Scores(folder, values, record)
