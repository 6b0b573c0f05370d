"""A paper's tables, published beside measured: from the results folder to files, for notebooks and the command line."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from pictures.style import save
from runs.paths import has_runs
from runs.plan import ExperimentPlan, read_plan
from runs.results import Results, RunResult
from tables.experiment import provenance
from tables.papers import cells, measurement, planning
from tables.papers import figures as drawing
from tables.papers import render as rendering
from tables.papers import scale as scales
from tables.papers import spec as specs
from tables.papers.planning import PaperPlan
from tables.papers.spec_parts import PaperTable

_STATES = (
    measurement.MEASURED, measurement.PARTIAL, measurement.BROKEN, measurement.ABSENT, measurement.CLOSED,
)  # fmt: skip
_NAMED = 8  # number of reasons listed below a table; the others are only counted


@dataclass(frozen=True)
class PaperReport:
    """A paper's tables.

    Args:
        plan: the runs.
        cells: all cells, from `tables.papers.cells.cells`.
        folder: gets the files.
    """

    plan: PaperPlan
    cells: pd.DataFrame
    folder: Path

    @property
    def tables(self) -> list[PaperTable]:
        """Return the tables, in the paper's order."""
        return list(self.plan.spec.tables.values())

    def of(self, table: PaperTable) -> pd.DataFrame:
        """Return the cells of one table."""
        return self.cells[self.cells["table"] == table.name].reset_index(drop=True)

    def title(self, table: PaperTable) -> str:
        """Return a table's title."""
        return f"{self.plan.spec.title}, table {table.name}: {table.title}"

    def notes(self, table: PaperTable) -> list[str]:
        """Return the notes below a table: scale, state, substitutions."""
        found = self.of(table)
        counts = found["status"].value_counts()
        state = f"{len(found)} cells: {', '.join(f'{count} {status}' for status, count in counts.items())}."
        lines = [scales.describe(self.plan.scale), state, *table.notes, *self.plan.spec.notes]
        return [line for line in lines if line]


def default_folder(results: str | Path, paper: str, scale: float = 1.0) -> Path:
    """Return the folder of a paper's tables: `<results>/<paper>[-scale<s>]/paper`."""
    return Path(results) / f"{paper}{scales.suffix(scale)}" / "paper"


def notebook_command(paper: str, results: str | Path, scale: float = 1.0) -> list[str]:
    """Return the arguments with which `workflow.run_notebook` makes a paper's tables.

    Args:
        paper: its name.
        results: folder that holds the experiments.
        scale: of the runs.

    Returns:
        The notebook, the executed notebook in the paper's folder, and the parameters.
    """
    output = default_folder(results, paper, scale) / f"tables_{paper}.ipynb"
    parameters = {"paper": paper, "results": results, "scale": scale}
    given = [word for name, value in parameters.items() for word in ("-p", name, str(value))]
    return ["notebooks/paper.ipynb", str(output), *given]


def largest_scale(results: str | Path, paper: str) -> float:
    """Find the largest scale for which there are runs of a paper.

    Args:
        results: folder that holds the experiments.
        paper: its name.

    Returns:
        The scale; 1 if there are no runs.
    """
    found = []
    for path in Path(results).glob(f"{paper}*"):
        if not has_runs(path):
            continue
        _, _, size = path.name.partition("-scale")
        try:
            found.append(scales.check(float(size)) if size else 1.0)
        except ValueError:
            continue
    return max(found, default=1.0)


def collect(
    paper: str,
    results: str | Path = "results",
    scale: float = 0.0,
    benchmark: str | Path = "",
    counts: str | Path = "",
    folder: str | Path = "",
) -> PaperReport:
    """Collect a paper's published numbers and the existing runs.

    Args:
        paper: one of `tables.papers.spec.papers()`.
        results: folder that holds the experiments.
        scale: in (0, 1]; 0: the largest for which there are runs.
        benchmark: JSON file of the training-step benchmark, see `tables.papers.cells`; "" for none.
        counts: JSON file of the networks' parameters; "" for none.
        folder: gets the files; "": `default_folder`.

    Returns:
        The tables; without any run they hold the published numbers.

    Raises:
        ValueError: no such paper, a wrong scale, an unreadable JSON file.
    """
    size = scale or largest_scale(results, specs.load(paper).paper)
    plan = planning.plan(paper, results, size)
    target = Path(folder) if str(folder) else default_folder(results, paper, size)
    return PaperReport(plan, cells.all_cells(plan, benchmark, counts), target)


def render(paper: PaperReport) -> list[Path]:
    """Write every table as CSV, Markdown, LaTeX and HTML.

    Args:
        paper: from `collect`.

    Returns:
        Paths of the files.
    """
    written = []
    for table in paper.tables:
        notes = paper.notes(table) + made_by(paper, table)
        written += rendering.render(paper.of(table), paper.title(table), notes, paper.folder / _file(table))
    return written


def as_html(paper: PaperReport) -> str:
    """Return all tables as a piece of HTML, as notebooks show it."""
    parts = [
        rendering.as_html(paper.of(table), paper.title(table), paper.notes(table) + made_by(paper, table))
        for table in paper.tables
    ]
    return "\n".join(parts)


def made_by(paper: PaperReport, table: PaperTable) -> list[str]:
    """Return what a table lacks and why, and the code, machine and data of its runs.

    Args:
        paper: from `collect`.
        table: one of its tables.

    Returns:
        Lines to print below the table.
    """
    plan = paper.plan
    needed = [each for each in plan.runs if table.name in each.tables]
    runs = [run for each in needed if (run := plan.found[plan.folder(each)]).record.started]
    plans = [_plan_of(plan.results / name) for name in dict.fromkeys(each.run.experiment for each in needed)]
    entries = {each.entry for each in needed}
    skipped = {what: why for content in plans for what, why in content.skipped.items()}
    # "DATASET", "LOSS on DATASET" or "fold K of DATASET"
    left_out = {what: why for what, why in skipped.items() if what.rpartition(" ")[2] in entries}
    remarks = dict.fromkeys(line for content in plans for line in content.remarks)
    results = Results(plan.results, paper.title(table), "", False, runs, left_out)
    lines = [
        *_steps(paper.of(table)),
        *_absences(paper.of(table)),
        *filter(None, [results.banner]),
        *remarks,
        *provenance.lines(results),
    ]
    return [*lines, *_regions(runs)]


def _regions(runs: list[RunResult]) -> list[str]:
    """Return which metrics were measured on patches."""
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        if "region" in run.metrics:
            for metric, region in run.metrics[["metric", "region"]].drop_duplicates().itertuples(index=False):
                found.setdefault(str(region), {})[run.definitions[metric].title] = None
    return [f"{_place(region)}: {', '.join(names)}" for region, names in found.items() if region != "whole"]


def _place(region: str) -> str:
    return f"On {region.replace('whole', 'whole images')}" if region.startswith("whole") else f"On patches, {region}"


def _steps(found: pd.DataFrame) -> list[str]:
    """Return where and on which patch training steps were timed."""
    return [f"Training steps: {timed}" for timed in found["timed"].unique() if timed]


def _absences(found: pd.DataFrame) -> list[str]:
    """Return what is missing, with the number of cells."""
    absent = found[found["status"].isin([measurement.ABSENT, measurement.BROKEN, measurement.CLOSED])]
    counts = Counter(absent["status"] + ": " + absent["note"])
    lines = [f"{reason} ({count} cells)" for reason, count in counts.items()]
    more = [f"and {len(lines) - _NAMED} more reasons, see the CSV"] if len(lines) > _NAMED else []
    return lines[:_NAMED] + more


def _plan_of(folder: Path) -> ExperimentPlan:
    """Read an experiment's plan.json; an empty plan if there is none, or a broken one."""
    try:
        return read_plan(folder) or ExperimentPlan()
    except (OSError, ValueError):
        return ExperimentPlan()


def figures(paper: PaperReport) -> list[Path]:
    """Save a figure of each table: published and measured values side by side.

    Args:
        paper: from `collect`.

    Returns:
        Paths of the PNG files.
    """
    return [save(figure(paper, table), paper.folder / f"{_file(table)}.png") for table in paper.tables]


def figure(paper: PaperReport, table: PaperTable) -> Figure:
    """Draw one table."""
    banner = (
        "" if paper.plan.scale == 1 else f"Scale {paper.plan.scale:g}: not to be compared with the published numbers."
    )
    return drawing.dots(paper.of(table), paper.title(table), banner)


def overview(paper: PaperReport) -> pd.DataFrame:
    """Count the cells of each table by state.

    Args:
        paper: from `collect`.

    Returns:
        A row for each table: title, cells by status, and what is missing most.
    """
    rows = []
    for table in paper.tables:
        found = paper.of(table)
        counts = found["status"].value_counts()
        absent = found.loc[~found["status"].isin([measurement.MEASURED, measurement.QUOTED]), "note"]
        rows.append(
            {"table": table.name, "title": table.title, "cells": len(found)}
            | {status: int(counts.get(status, 0)) for status in _STATES}
            | {"most often": absent.mode().iloc[0] if len(absent) else ""}
        )
    return pd.DataFrame(rows).set_index("table")


def _file(table: PaperTable) -> str:
    return f"table-{table.name.replace('.', '-')}"
