"""The parameters of the notebooks that show tables, all checked before they do anything."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from registry.nearest import unknown
from workflow.form_checks import refuse, wrong_types

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tables.audits.findings import Finding
    from tables.claims.scorecard import Answer
    from tables.experiment.summary import Summary
    from tables.papers.report import PaperReport
    from tables.reference_faults import Fault


@dataclass(frozen=True)
class ExperimentTables:
    """The parameters of notebooks/tables.ipynb, by the same names.

    Args:
        experiment: folder of the experiment, such as results/smoke; "": a small example, made on the spot.
    """

    experiment: str = ""

    def __post_init__(self) -> None:
        from workflow import example

        problems = wrong_types(self)
        if not problems and not self.experiment:
            object.__setattr__(self, "experiment", str(example.make()))
        if not problems and not (Path(self.experiment) / "runs").is_dir():
            problems.append(f"`experiment` must be the folder of an experiment, got {self.experiment!r}, without runs/")
        refuse(problems)

    @property
    def folder(self) -> Path:
        """Return the experiment's folder."""
        return Path(self.experiment)

    def update_gallery(self) -> Path:
        """Write the page of cases as every loss predicts them.

        Returns:
            Path of the page.
        """
        from runs.results import collect
        from tables.experiment import gallery

        return gallery.write(collect(self.folder))

    def update_index(self) -> Path:
        """Write the page of everything that has been run in the folder that holds the experiment.

        Returns:
            Path of the page.
        """
        from tables.index import page

        return page.write(self.folder.parent)


@dataclass(frozen=True)
class Index:
    """The parameters of notebooks/index.ipynb, by the same names.

    Args:
        results: folder that holds the experiments; it may be missing.
        folder: that of the notebook, from which its links lead.
    """

    results: str = "results"
    folder: str = "notebooks"

    def __post_init__(self) -> None:
        refuse(wrong_types(self))

    def as_html(self) -> str:
        """Read the folder, and write its page if the folder exists.

        Returns:
            The index as a piece of HTML.
        """
        from tables.index import entries, page

        if Path(self.results).is_dir():
            page.write(self.results)
        return page.as_html(entries.experiments(self.results), self.folder)


@dataclass(frozen=True)
class AllExperiments:
    """The parameters of notebooks/scorecard.ipynb and notebooks/summary.ipynb, by the same names.

    Args:
        experiments: experiments' folders, or results folders that hold experiments; empty: all of results/, or a small
            example where nothing has been run.
        folder: gets pages and figures.
    """

    experiments: list[str] = field(default_factory=list)
    folder: str = "results/summary"

    def __post_init__(self) -> None:
        problems = wrong_types(self)
        if self.experiments == []:
            object.__setattr__(self, "experiments", [_all_or_example()])
        if isinstance(self.experiments, list):
            missing = [name for name in self.experiments if not Path(str(name)).is_dir()]
            problems += [f"`experiments`: there is no folder {name!r}" for name in missing]
        refuse(problems)

    def collect(self) -> "Summary":
        """Collect the experiments.

        Returns:
            All their runs together.
        """
        from tables.experiment.summary import Summary

        return Summary(self.experiments)

    def save(self, figure: "Figure", name: str) -> Path:
        """Save a figure in the folder.

        Args:
            figure: the figure.
            name: of the file, without its extension.

        Returns:
            Path of the PNG file.
        """
        from pictures.style import save

        return save(figure, Path(self.folder) / f"{name}.png")

    def answer(self) -> "list[Answer]":
        """Answer the papers' claims and write the scorecard.

        Returns:
            The answers.
        """
        from runs.files import write_atomic
        from tables.claims import exchange, page, scorecard

        answers = scorecard.make(self.experiments)
        write_atomic(Path(self.folder) / "scorecard.md", page.markdown(answers))
        write_atomic(Path(self.folder) / "scorecard.json", exchange.as_json(answers))
        return answers


def _all_or_example() -> str:
    from runs.paths import find_all_runs
    from workflow import example

    return example.RESULTS if find_all_runs(example.RESULTS) else str(example.make())


@dataclass(frozen=True)
class Audit:
    """The parameters of notebooks/audit.ipynb, by the same names.

    Args:
        files: CSV files of numbers; empty: the papers' tables.
        folder: gets audit.md, audit.json and the figures.
    """

    files: list[str] = field(default_factory=list)
    folder: str = "results/audit"

    def __post_init__(self) -> None:
        problems = wrong_types(self)
        if isinstance(self.files, list):
            problems += [f"`files`: {name!r} does not exist" for name in self.files if not Path(str(name)).is_file()]
        refuse(problems)

    def run(self) -> "tuple[list[Finding], list[str]]":
        """Audit the numbers and write the findings.

        Returns:
            Findings, the most certain first, and the problems of files that cannot be read.
        """
        from runs.files import write_atomic
        from tables.audits import audit

        found, problems = audit.audit(self.files)
        write_atomic(Path(self.folder) / "audit.md", audit.markdown(found, problems))
        write_atomic(Path(self.folder) / "audit.json", audit.as_json(found, problems))
        return found, problems

    def draw(self, faults: "list[Fault]") -> Path:
        """Save a figure of the faults of the published codes.

        Args:
            faults: from `tables.reference_faults`.

        Returns:
            Path of the PNG file.
        """
        from pictures.style import save
        from tables.reference_faults import figure

        return save(figure(faults), Path(self.folder) / "faults.png")


@dataclass(frozen=True)
class PaperTables:
    """The parameters of notebooks/paper.ipynb, and of tables_<paper>.ipynb, by the same names.

    Args:
        paper: name of the paper, as in tables/<paper>.yaml.
        results: folder that holds the experiments; it may be empty.
        scale: of the runs, in (0, 1]; 0.0: the largest for which runs exist.
        benchmark: JSON file of the training-step benchmark; "" for none.
        counts: JSON file of the networks' parameter counts; "" for none.
        folder: gets tables and figures; "": `<results>/<experiment>/paper`.
    """

    paper: str
    results: str = "results"
    scale: float = 0.0
    benchmark: str = ""
    counts: str = ""
    folder: str = ""

    def __post_init__(self) -> None:
        from tables.papers import spec

        problems = wrong_types(self)
        if isinstance(self.paper, str) and self.paper not in spec.papers():
            problems.append(unknown("paper", self.paper, spec.papers()))
        if isinstance(self.scale, float) and not 0 <= self.scale <= 1:
            problems.append(f"`scale` must lie in (0, 1], or be 0.0 for the largest that exists, got {self.scale}")
        for name in ("benchmark", "counts"):
            path = getattr(self, name)
            if isinstance(path, str) and path and not Path(path).is_file():
                problems.append(f"`{name}` must be a JSON file, got {path!r}, which does not exist; empty for none")
        refuse(problems)

    def collect(self) -> "PaperReport":
        """Collect the paper's published numbers and the existing runs.

        Returns:
            The tables.
        """
        from tables.papers import report

        return report.collect(self.paper, self.results, self.scale, self.benchmark, self.counts, self.folder)
