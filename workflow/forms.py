"""The parameters of the notebooks prepare, evaluate and critical_pixels, all checked before they do anything.

Those of notebooks/train.ipynb are `training.config.Config`, those of the notebooks that show tables
`workflow.table_forms`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.nearest import unknown
from workflow.form_checks import refuse, wrong_types

if TYPE_CHECKING:
    from training.flaws import FlawedPrediction


@dataclass(frozen=True)
class Preparation:
    """The parameters of notebooks/prepare.ipynb, by the same names.

    Args:
        dataset: slug of a dataset, or name of a user's own folder below `data`.
        source: folder with its official files; "" for embedded data and for datasets that are already prepared.
        data: folder that gets `<dataset>/`.
        options: of the dataset, see `python -m data_prep list`.
        partial: continue if files of the official dataset are missing.
        shown: number of cases in tables and pictures, from 1.
    """

    dataset: str
    source: str = ""
    data: str = "results/data"
    options: dict[str, Any] = field(default_factory=dict)
    partial: bool = False
    shown: int = 4

    def __post_init__(self) -> None:
        import data_prep

        problems = wrong_types(self)
        folder = Path(str(self.data)) / str(self.dataset)
        known = self.dataset in data_prep.names()
        if not known and not (folder / "dataset.json").is_file():
            problems.append(f"{unknown('dataset', self.dataset, data_prep.names())}, and {folder} holds none either")
        if known and not self.source and not data_prep.entry(self.dataset).embedded and not folder.is_dir():
            problems.append(f"`source` is needed for {self.dataset}: {data_prep.entry(self.dataset).where}")
        if isinstance(self.shown, int) and self.shown < 1:
            problems.append(f"`shown` must be an integer from 1, got {self.shown}")
        refuse(problems)

    def prepare(self) -> Path:
        """Prepare the dataset, unless it is the user's own or exists already and no source is given.

        Returns:
            Its folder.
        """
        import data_prep

        folder = Path(self.data) / self.dataset
        if self.dataset not in data_prep.names():
            return folder
        embedded = data_prep.entry(self.dataset).embedded
        if not embedded and not self.source:
            return folder
        source = None if embedded else self.source
        return data_prep.prepare(self.dataset, source, self.data, partial=self.partial, workers=0, **self.options)


@dataclass(frozen=True)
class Evaluation:
    """The parameters of notebooks/evaluate.ipynb, by the same names.

    Args:
        run: folder of the run; "": that of a small example, which is made on the spot.
        pretrain: folder of the run whose components the post-processing keeps; "": the one that the run started from.
        metrics: slugs; empty: all.
        adjacency: of the foreground, 4 or 8 in 2D, 6 or 26 in 3D; 0: as in the dataset's card.
        region: where to measure: "whole" images, "sliding" patches that cover them, or "random" ones.
        patch: side of the patches along each axis; empty for whole images.
        stride: of sliding patches along each axis; empty for no overlap.
        number: of random patches.
        seed: of random patches.
        elsewhere: metrics measured in other regions: slug to its own region, patch, stride, number and seed.
        fov: measure only inside the field of view, if the dataset has one.
    """

    run: str = ""
    pretrain: str = ""
    metrics: list[str] = field(default_factory=list)
    adjacency: int = 0
    region: str = "whole"
    patch: list[int] = field(default_factory=list)
    stride: list[int] = field(default_factory=list)
    number: int = 10
    seed: int = 0
    elsewhere: dict[str, Any] = field(default_factory=dict)
    fov: bool = True

    def __post_init__(self) -> None:
        import metrics
        from runs.record import exists

        problems = wrong_types(self)
        if self.run and not exists(str(self.run)):
            problems.append(f"`run` must be the folder of a run, got {self.run!r}, which holds no run.json")
        if self.pretrain and not exists(str(self.pretrain)):
            problems.append(f"`pretrain` must be the folder of a run, got {self.pretrain!r}, which holds no run.json")
        if isinstance(self.metrics, list):
            problems += [
                unknown("metric", name, metrics.names()) for name in self.metrics if name not in metrics.names()
            ]
        if isinstance(self.elsewhere, dict):
            problems += [
                unknown("metric", name, metrics.names()) for name in self.elsewhere if name not in metrics.names()
            ]
        if self.adjacency not in (0, 4, 6, 8, 26):
            problems.append(f"`adjacency` must be 4 or 8 in 2D, 6 or 26 in 3D, or 0, got {self.adjacency!r}")
        refuse(problems)
        metrics.describe_region(**self._where)
        for place in self.elsewhere.values():
            metrics.describe_region(**place)

    @property
    def run_folder(self) -> Path:
        """Return the run's folder."""
        from workflow import example

        return Path(self.run) if self.run else example.run_folder()

    def evaluate(self) -> Path:
        """Evaluate the run.

        Returns:
            Path of its metrics.csv.
        """
        from evaluation.evaluate import evaluate_run
        from workflow import example

        if not self.run:
            example.make()
        names, adjacency = self.metrics or None, self.adjacency or None
        start, where = self._started_from(), self._where
        return evaluate_run(self.run_folder, start, names, adjacency, elsewhere=self.elsewhere, fov=self.fov, **where)

    @property
    def _where(self) -> dict[str, Any]:
        """Return the options of the region, in the form of `metrics.evaluate`."""
        if self.region == "whole" and not self.patch:
            return {}
        patches = {"patch": self.patch or None, "stride": self.stride or None}
        return {"region": self.region, **patches, "number": self.number, "seed": self.seed}

    def _started_from(self) -> str | None:
        """Return the folder of the pretraining; None if there is none."""
        from runs.record import exists, read_record

        start = Path(read_record(self.run_folder).parameters.get("init_from", "")).parent
        return self.pretrain or (str(start) if exists(start) else None)


@dataclass(frozen=True)
class Pixels:
    """The parameters of notebooks/critical_pixels.ipynb, by the same names.

    Args:
        dataset: slug of a dataset that is prepared below `data`; embedded ones are prepared when needed.
        data: folder that holds `<dataset>/`.
        case: test case; "" for the first one.
        size: side of the square shown, in pixels, from 32.
        seed: of the flaws.
        figures: folder that gets the figures.
    """

    dataset: str
    data: str = "results/data"
    case: str = ""
    size: int = 128
    seed: int = 0
    figures: str = "results/critical_pixels"

    def __post_init__(self) -> None:
        import data_prep

        problems = wrong_types(self)
        folder = Path(str(self.data)) / str(self.dataset)
        embedded = self.dataset in data_prep.names() and data_prep.entry(self.dataset).embedded
        if not embedded and not (folder / "dataset.json").is_file():
            problems.append(f"{folder} holds no prepared dataset; see `python -m data_prep list`")
        if isinstance(self.size, int) and self.size < 32:
            problems.append(f"`size` must be an integer from 32, got {self.size}")
        refuse(problems)

    def flawed_prediction(self) -> "FlawedPrediction":
        """Return a flawed prediction of the case.

        Returns:
            A square of the case, its ground truth and the prediction.

        Raises:
            ValueError: no such test case.
        """
        import data_prep
        from data_prep import Prepared
        from training.flaws import flaw, square_of

        folder = Path(self.data) / self.dataset
        if not (folder / "dataset.json").is_file():
            data_prep.prepare(self.dataset, None, self.data)
        prepared = Prepared(folder)
        cases = prepared.cases("test") or prepared.cases("train")
        if self.case and self.case not in cases:
            raise ValueError(unknown("case", self.case, cases))
        case = self.case or cases[0]
        return flaw(*square_of(prepared.image(case), prepared.label(case) == 1, self.size), seed=self.seed)
