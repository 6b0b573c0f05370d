"""The comparison table of one dataset: rows are losses with their parameters, columns metrics and costs."""

import math
from dataclasses import dataclass, replace

from runs.evaluation import MetricDefinition
from runs.results import DONE, MISSING, Results, RunResult
from tables import averages, statistics
from tables.averages import Average
from tables.experiment.once import once

STATES = {MISSING: "(no run)"}
BASELINE = "dice_ce"
_NAMED = 3  # runs that a note on what is not done names


@dataclass(frozen=True)
class MetricColumn:
    """A metric: slug, printed name, unit and direction, None if neither is better."""

    slug: str
    title: str
    unit: str
    higher_is_better: bool | None

    @property
    def heading(self) -> str:
        """Return the printed name with unit and arrow."""
        unit = f" ({self.unit})" if self.unit not in ("", "1") else ""
        arrow = {True: " ↑", False: " ↓", None: ""}[self.higher_is_better]
        return f"{self.title}{unit}{arrow}"

    @property
    def short(self) -> str:
        """Return printed name and arrow for a terminal; of the units only %."""
        return self.heading if self.unit in ("", "%") else self.heading.replace(f" ({self.unit})", "")

    @property
    def digits(self) -> int:
        """Return the number of decimals to print: three for shares of one, fewer for everything larger."""
        return {"": 3, "1": 3, "%": 1}.get(self.unit, 2)


@dataclass(frozen=True)
class ComparisonRow:
    """A loss with its parameters.

    Args:
        label: printed name.
        state: "" if there are numbers, otherwise what to print instead.
        cells: metric slug to cell.
        seconds: mean seconds per iteration, None where unknown.
        mebibytes: highest peak memory, None where unknown.
        counted: number of runs behind the numbers.
        reference: the pretraining, which is not part of the comparison.
        baseline: Dice&CE with its defaults, against which the others are tested.
    """

    label: str
    state: str
    cells: dict[str, Average]
    seconds: float | None
    mebibytes: float | None
    counted: str
    reference: bool
    baseline: bool = False

    @property
    def cases(self) -> int:
        """Return the number of cases."""
        return max((cell.cases for cell in self.cells.values()), default=0)


@dataclass(frozen=True)
class Comparison:
    """The comparison on one dataset, with or without post-processing."""

    dataset: str
    postprocessed: bool
    columns: list[MetricColumn]
    rows: list[ComparisonRow]
    notes: list[str]
    part: str = ""

    @property
    def title(self) -> str:
        """Return what it shows."""
        where = f"{self.dataset} ({self.part})" if self.part else self.dataset
        return f"{where}, {'with' if self.postprocessed else 'without'} post-processing"

    def is_best(self, row: ComparisonRow, column: MetricColumn) -> bool:
        """Return whether a cell, as printed, is the best of its column; the pretraining does not compete."""
        values = [
            round(other.cells[column.slug].mean, column.digits)
            for other in self.rows
            if not other.state and not other.reference and other.cells[column.slug].defined
        ]
        silent = row.state or row.reference or not row.cells[column.slug].defined
        if silent or column.higher_is_better is None or len(values) < 2:
            return False
        best = max(values) if column.higher_is_better else min(values)
        return round(row.cells[column.slug].mean, column.digits) == best


@once
def comparisons(results: Results) -> list[Comparison]:
    """Make all tables of an experiment: for each dataset or part of its test set, without and with post-processing.

    Args:
        results: the runs.

    Returns:
        The tables; the one with post-processing only if something was post-processed.
    """
    found = []
    for dataset in results.datasets:
        for part, runs in results.parts(dataset).items():
            flags = (False, True) if any_postprocessed(runs) else (False,)
            found += [comparison(runs, dataset, flag, part) for flag in flags]
    return found


def comparison(runs: list[RunResult], dataset: str, postprocessed: bool, part: str = "") -> Comparison:
    """Make one comparison table.

    Args:
        runs: the runs on the dataset.
        dataset: its name.
        postprocessed: with or without post-processing.
        part: printed name of the part of the test set, "" for the whole.

    Returns:
        The table.
    """
    columns = columns_of(runs)
    grouped: dict[tuple[str, str], list[RunResult]] = {}
    for result in runs:
        grouped.setdefault(result.row, []).append(result)
    rows = [_row(group, columns, postprocessed) for group in grouped.values()]
    rows = _with_tests(rows, list(grouped.values()), columns, postprocessed)
    notes = _where_measured(runs) + _not_done(runs)
    notes += [remark for result in runs for remark in result.remarks]
    notes += [_uneven(row, column) for row in rows for column in columns if row.cells[column.slug].is_uneven]
    return Comparison(dataset, postprocessed, columns, rows, notes, part)


def _where_measured(runs: list[RunResult]) -> list[str]:
    """Return a note on fields of view, of a dataset that has them: papers differ in whether they honour them."""
    known = {result.options["fov"] for result in runs if result.state == DONE and "fov" in result.options}
    said = {True: "Measured inside the field of view", False: "Measured on whole images, outside the field of view too"}
    return [said[fov] for fov in sorted(known)]


def _not_done(runs: list[RunResult]) -> list[str]:
    """Return a note for each reason why runs are not done, with the first of these runs."""
    found: dict[tuple[str, str], list[str]] = {}
    for result in runs:
        if result.state != DONE:
            found.setdefault((result.state, result.reason), []).append(f"{result.label}, {result.folder.name}")
    return [
        f"{'; '.join(named[:_NAMED])}{f'; and {len(named) - _NAMED} more' * (len(named) > _NAMED)}: {state}: {reason}"
        for (state, reason), named in found.items()
    ]


def _uneven(row: ComparisonRow, column: MetricColumn) -> str:
    """Return a note that runs differ in where a metric is defined."""
    cell = row.cells[column.slug]
    what = f"{column.title} is undefined in {cell.undefined} of {cell.values} values of its {row.counted} runs"
    return f"{row.label}: {what}; the others alone are averaged"


def _with_tests(
    rows: list[ComparisonRow], groups: list[list[RunResult]], columns: list[MetricColumn], postprocessed: bool
) -> list[ComparisonRow]:
    """Test every loss against the baseline on `averages.differences`, with Holm's correction over the table."""
    places = [place for place, row in enumerate(rows) if row.baseline and not row.state]
    if not places:
        return rows
    against = {c.slug: averages.by_run(groups[places[0]], c.slug, postprocessed) for c in columns}
    tested = [
        (place, column.slug)
        for place, row in enumerate(rows)
        for column in columns
        if not (row.state or row.reference or row.baseline)
    ]
    p_values = []
    for place, slug in tested:
        difference = averages.differences(averages.by_run(groups[place], slug, postprocessed), against[slug])
        p_values.append(statistics.paired_permutation(difference) if difference.notna().sum() > 1 else math.nan)
    cells = [dict(row.cells) for row in rows]
    for (place, slug), p in zip(tested, statistics.holm(p_values), strict=True):
        cells[place][slug] = replace(cells[place][slug], p=p)
    return [replace(row, cells=found) for row, found in zip(rows, cells, strict=True)]


def columns_of(runs: list[RunResult]) -> list[MetricColumn]:
    """Return the metrics of some runs, in the order in which they were evaluated."""
    definitions: dict[str, MetricDefinition] = {}
    for result in runs:
        definitions |= result.definitions
    return [
        MetricColumn(slug, entry.title, entry.unit or "", entry.higher_is_better) for slug, entry in definitions.items()
    ]


def _row(group: list[RunResult], columns: list[MetricColumn], postprocessed: bool) -> ComparisonRow:
    done = [result for result in group if result.state == DONE]
    state = "" if done else STATES.get(group[0].state, f"({group[0].state})")
    cells = {column.slug: averages.average(done, column.slug, postprocessed) for column in columns}
    seconds = [value for result in done if (value := result.record.seconds_per_iteration) is not None]
    memory = [value for result in done if (value := result.record.peak_bytes) is not None]
    return ComparisonRow(
        label=group[0].label,
        state=state,
        cells=cells,
        seconds=sum(seconds) / len(seconds) if seconds else None,
        mebibytes=max(memory) / 2**20 if memory else None,
        counted=f"{len(done)}/{len(group)}" if len(done) < len(group) else str(len(done)),
        reference=group[0].run.stage == "pretrain",
        baseline=group[0].run.stage == "finetune" and group[0].row[1] == BASELINE,
    )


def any_postprocessed(runs: list[RunResult]) -> bool:
    """Return whether a run has values with post-processing, which needs a pretraining to compare with."""
    return any(result.state == DONE and result.numbers.is_postprocessed for result in runs)
