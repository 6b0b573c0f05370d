"""The parameters of notebooks/score.ipynb, all checked before it does anything."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.form_checks import refuse, wrong_types

if TYPE_CHECKING:
    from tables.scores.results import Scores


@dataclass(frozen=True)
class Scoring:
    """The parameters of notebooks/score.ipynb, by the same names; those of `python -m metrics score`.

    Args:
        predictions: folder of masks; "": those of a small example, made on the spot, with their ground truth.
        ground_truth: folder of masks, or of an nnU-Net dataset.
        compare: further folders of predictions.
        output: folder that gets the results.
        preset: metric set of a challenge or paper; "" for `metrics`.
        metrics: slugs with parameters; empty for the core set, ["all"] for all.
        adjacency: of the foreground; 0 for the dataset's or the preset's.
        spacing: of all images; empty for the files'.
        ignore: value of pixels of the ground truth that do not count; -1 for dataset.json's.
        binary: every value above 0 is foreground.
        partial: score the existing predictions if some are missing.
        ignore_geometry: compare pixel by pixel even if affines differ.
        workers: processes; 0 for one per core.
    """

    predictions: str = ""
    ground_truth: str = ""
    compare: list[str] = field(default_factory=list)
    output: str = "results/scores"
    preset: str = ""
    metrics: list[str] = field(default_factory=list)
    adjacency: int = 0
    spacing: list[float] = field(default_factory=list)
    ignore: int = -1
    binary: bool = False
    partial: bool = False
    ignore_geometry: bool = False
    workers: int = 0

    def __post_init__(self) -> None:
        problems = wrong_types(self)
        if not problems and not self.predictions and not self.ground_truth:
            self._take_example()
        if not problems:
            folders = {"predictions": [self.predictions], "ground_truth": [self.ground_truth], "compare": self.compare}
            problems += [
                f"`{name}`: {folder!r} is no folder; give the one that holds the masks"
                for name, given in folders.items()
                for folder in given
                if not Path(str(folder)).is_dir()
            ]
        refuse(problems)

    def _take_example(self) -> None:
        from runs.predictions import FOLDER
        from runs.record import read_record
        from workflow import example

        example.make()
        folder = example.run_folder()
        object.__setattr__(self, "predictions", str(folder / FOLDER))
        object.__setattr__(self, "ground_truth", read_record(folder).data.folder)

    def run(self) -> "Scores":
        """Score, and write tables and figure.

        Returns:
            The scores.

        Raises:
            ValueError: files or options are wrong.
        """
        from evaluation.scoring.score import Request
        from tables.scores import command, results

        request = Request(
            predictions=Path(self.predictions),
            ground_truth=Path(self.ground_truth),
            output=Path(self.output),
            compare=tuple(map(Path, self.compare)),
            preset=self.preset,
            metrics=tuple(self.metrics),
            adjacency=self.adjacency or None,
            spacing=tuple(map(float, self.spacing)) or None,
            ignore=None if self.ignore < 0 else self.ignore,
            binary=self.binary,
            partial=self.partial,
            ignore_geometry=self.ignore_geometry,
            workers=self.workers,
        )
        command.report(request)
        return results.read(request.output)
