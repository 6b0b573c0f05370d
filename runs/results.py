"""Collect an experiment's runs from their files.

A run that failed, has not ended, is missing, or is not the planned one stays in the list with its state, which tables
show.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runs import belonging, paths, steps
from runs.banner import SMOKE
from runs.card import DataCard, read_card
from runs.evaluation import EvaluationRecord, MetricDefinition, evaluate_again, read_evaluation, read_metrics
from runs.failure import read_failure
from runs.numbers import Numbers
from runs.paths import Run
from runs.plan import ExperimentPlan, Job, read_plan
from runs.record import COMPLETED, RunRecord, read_record

if TYPE_CHECKING:
    import pandas as pd

DONE, FAILED, UNFINISHED, UNEVALUATED, MISSING = "done", "failed", "unfinished", "not evaluated", "no run"
UNREADABLE, OLDER, OTHER_SCALE = "unreadable", "older metrics", "another scale"
# test groups with fewer cases are combined: a mean over two images is meaningless
_SMALL_GROUP = 5


@dataclass(frozen=True)
class RunResult:
    """One run: what it is, its state, and its files' content.

    Args:
        folder: the run's folder.
        run: what distinguishes it.
        title: printed name of its loss.
        state: "done", "failed", "unfinished", "not evaluated", "no run", "unreadable", "older metrics", "another
            scale", or how it differs from the plan: see `runs.belonging`.
        reason: why it is not done; "" otherwise.
        record: run.json; `record.started` is false if there is none.
        evaluation: evaluation.json; empty if there is none.
        numbers: metrics.csv; empty if there is none.
        card: what its dataset's card says about the test set.
        remarks: what is wrong with single values.
        entry: printed name of the tuned entry of the list of losses that it belongs to; "" for one not tuned.
        tuned: the values that were chosen for it on validation cases, by parameter.
    """

    folder: Path
    run: Run
    title: str
    state: str
    reason: str = ""
    record: RunRecord = field(default_factory=RunRecord)
    evaluation: EvaluationRecord = field(default_factory=EvaluationRecord)
    numbers: Numbers = field(default_factory=Numbers)
    card: DataCard = field(default_factory=DataCard)
    remarks: list[str] = field(default_factory=list)
    entry: str = ""
    tuned: Mapping[str, Any] = field(default_factory=dict)

    @property
    def definitions(self) -> Mapping[str, MetricDefinition]:
        """Return the definition of each metric by slug: title, unit, direction and version."""
        return self.evaluation.metrics

    @property
    def options(self) -> Mapping[str, Any]:
        """Return how it was evaluated."""
        return self.evaluation.options

    @property
    def groups(self) -> Mapping[str, list[str]]:
        """Test cases that must not be averaged together."""
        return self.card.groups or {}

    @property
    def partial(self) -> bool:
        """Return whether the dataset lacks files of the official one."""
        return bool(self.card.partial)

    @property
    def metrics(self) -> "pd.DataFrame":
        """Return the rows of metrics.csv, empty where there is none."""
        return self.numbers.frame

    def without_numbers(self, state: str, reason: str) -> "RunResult":
        """Return the run in another state than "done"."""
        return replace(self, state=state, reason=reason)

    @property
    def row(self) -> tuple[str, str]:
        """Return what runs that differ only by fold and seed share: stage, and loss with its parameters."""
        return self.run.stage, paths.format_run(self.run).parts[3]

    @property
    def label(self) -> str:
        """Return the printed name with the parameters that differ or were tuned; pretraining is marked as such."""
        parts = [f"{name}={value}" for name, value in self.run.loss_parameters.items() if name not in self.tuned]
        parts += [f"tuned {name}={value}" for name, value in self.tuned.items()]
        name = f"{self.title} ({', '.join(parts)})" if parts else self.title
        return f"{name}, pretraining" if self.run.stage == "pretrain" else name


@dataclass(frozen=True)
class Results:
    """All runs of an experiment, and the headings of its tables."""

    folder: Path
    title: str
    note: str
    smoke: bool
    runs: list[RunResult]
    left_out: dict[str, str]

    @property
    def datasets(self) -> list[str]:
        """Return the datasets, in the order of the experiment file."""
        return list(dict.fromkeys(result.run.dataset for result in self.runs))

    def of(self, dataset: str) -> list[RunResult]:
        """Return the runs on one dataset."""
        return [result for result in self.runs if result.run.dataset == dataset]

    def parts(self, dataset: str) -> dict[str, list[RunResult]]:
        """Return the runs on a dataset by the parts of its test set that must not be averaged together.

        Args:
            dataset: its name.

        Returns:
            Printed name of each part to the runs with the metrics of its cases; {"": the runs} without such parts. The
            same object each time: nobody may change it.
        """
        if dataset not in self._divided:
            self._divided[dataset] = _divide(self.of(dataset))
        return self._divided[dataset]

    @cached_property
    def _divided(self) -> dict[str, dict[str, list[RunResult]]]:
        """Hold the parts of the datasets asked for: dividing a thousand runs anew for each table takes minutes."""
        return {}

    @property
    def banner(self) -> str:
        """Return what the reader must know before the first number; "" for nothing."""
        partial = sorted({result.run.dataset for result in self.runs if result.partial})
        lines = [SMOKE] if self.smoke else []
        lines += [f"Partial data, without some files of the official dataset: {', '.join(partial)}."] if partial else []
        return " ".join(lines + ([self.note] if self.note else []))


def collect(folder: str | Path) -> Results:
    """Read all runs of an experiment.

    Args:
        folder: the experiment's folder, such as results/smoke. Its plan.json, if there is one, says which runs are
            expected, and what they must match to count; runs that it does not name are left out.

    Returns:
        The runs, in the plan's order, otherwise sorted by folder.

    A run whose files are unreadable, that is not the planned one, whose metrics are of an older version, or whose scale
    differs from most, keeps its place with that state and a reason that names the file, the difference, or the command
    that repairs it.

    Raises:
        ValueError: there is nothing to collect, or the plan is unreadable.
    """
    folder = Path(folder)
    plan = read_plan(folder) or ExperimentPlan()
    found = paths.find_runs(folder.parent, folder.name)
    jobs = {job.below(folder.parent): job for job in plan.jobs}
    runs = [_named(_read_or_flag(path, jobs[path].loss_title), jobs[path]) for path in jobs]
    runs = runs or [_read_or_flag(path, "") for path in found]
    if not runs:
        raise ValueError(f"there are no runs in {folder}: python -m workflow {folder.name} makes them")
    runs = _flag_strangers(runs, jobs, plan, folder.parent)
    runs = _flag_other_scales(_flag_older_metrics(runs))
    smoke = plan.smoke if plan.jobs else any(result.record.is_smoke for result in runs)
    return Results(folder, plan.title or folder.name, plan.note, smoke, runs, plan.skipped)


def read_run(folder: str | Path, title: str = "") -> RunResult:
    """Read one run's files and determine its state.

    Args:
        folder: the run's folder.
        title: printed name of the loss, for a run without a record.

    Returns:
        The run.

    Raises:
        ValueError: a file is unreadable, or the record is of another run than the folder.
    """
    folder = Path(folder)
    run = paths.parse_run(folder.absolute())
    try:
        record = read_record(folder)
    except FileNotFoundError:
        record = RunRecord()
    title = record.loss_title or title or run.loss
    state, reason = _progress(folder, record)
    if state != DONE:
        card = read_card(record.data.folder) or DataCard()
        return RunResult(folder, run, title, state, reason, record, card=card)
    evaluation = read_evaluation(folder)
    if evaluation is None:
        card = read_card(record.data.folder) or DataCard()
        return RunResult(folder, run, title, UNEVALUATED, evaluate_again(folder), record, card=card)
    numbers, remarks = read_metrics(folder, evaluation)
    # for results from another machine, the dataset is not here, but the evaluation has the entry
    card = evaluation.data or read_card(record.data.folder) or DataCard()
    return RunResult(folder, run, title, DONE, "", record, evaluation, numbers, card, remarks)


def _progress(folder: Path, record: RunRecord) -> belonging.Verdict:
    """Return how far a training got; "done" when it has ended well."""
    failure = read_failure(folder)
    if failure or record.exit_cause.startswith(FAILED):
        return FAILED, failure.error if failure else record.exit_cause.removeprefix(f"{FAILED}: ")
    if not record.started:
        return MISSING, "the run was not started"
    if record.exit_cause != COMPLETED:
        return UNFINISHED, record.exit_cause
    return DONE, ""


def _read_or_flag(folder: Path, title: str) -> RunResult:
    """Read a run, or return a placeholder with the reason why it cannot be read."""
    try:
        return read_run(folder, title)
    except (ValueError, OSError) as error:
        run = paths.parse_run(folder.absolute())
        return RunResult(folder, run, title or run.loss, UNREADABLE, " ".join(str(error).split()))


def _named(result: RunResult, job: Job) -> RunResult:
    """Say of a run which entry of the list of losses it is, if that was tuned."""
    return replace(result, entry=job.entry, tuned=job.tuned)


def _flag_strangers(
    runs: list[RunResult], jobs: Mapping[Path, Job], plan: ExperimentPlan, root: Path
) -> list[RunResult]:
    """Mark runs that are not the planned ones."""
    data = _expected_data(runs, plan, root)
    compared: dict[Path, RunResult] = {}
    for result in runs:
        job = jobs.get(result.folder, Job(str(result.folder)))
        compared[result.folder] = check(result, job, data.get(result.run.dataset, ""), compared, root)
    return [compared[result.folder] for result in runs]


def check(result: RunResult, job: Job, checksum: str, others: dict[Path, RunResult], root: Path) -> RunResult:
    """Compare a run with its plan.

    Args:
        result: the run.
        job: what was planned.
        checksum: of the data that it should have seen; "" if unknown.
        others: runs that have already been compared, among them the pretraining; one of another experiment is added.
        root: the results folder.

    Returns:
        The run; without numbers if it differs.
    """
    if result.state not in (DONE, UNEVALUATED):
        return result
    record = result.record
    verdict = belonging.other_training(job, record) or belonging.other_data(record, checksum)
    start = job.start_below(root)
    pretraining = _look_up(start, others) if start else None
    if verdict is None and start and pretraining:
        if pretraining.state in _STRANGE:
            verdict = belonging.OTHER_WEIGHTS, f"its pretraining {start} has {pretraining.state}: {pretraining.reason}"
        else:
            verdict = belonging.other_weights(record, start, pretraining.record)
    if verdict is None and result.state == DONE:
        verdict = _check_numbers(result, job, pretraining)
    if verdict is None and start and pretraining is None:
        remark = f"{result.folder}: its pretraining {start} is not there, so its initial weights were not compared"
        return replace(result, remarks=[*result.remarks, remark])
    return result.without_numbers(*verdict) if verdict else result


_STRANGE = (belonging.OTHER_PARAMETERS, belonging.OTHER_DATA, belonging.OTHER_WEIGHTS, belonging.OTHER_CODE)


def _check_numbers(result: RunResult, job: Job, pretraining: RunResult | None) -> belonging.Verdict | None:
    """Compare a run's numbers with its predictions and with the plan."""
    compared = pretraining.record if pretraining else None
    if result.run.stage == "pretrain":
        compared = result.record
    stale = belonging.other_predictions(result.record, result.evaluation, compared)
    if stale:
        return UNEVALUATED, f"{stale}: {evaluate_again(result.folder)}"
    return belonging.other_measurement(job, result.evaluation, result.record.data.dims)


def _look_up(folder: Path, others: dict[Path, RunResult]) -> RunResult | None:
    """Return a pretraining; None if there is none."""
    if folder not in others:
        others[folder] = _read_or_flag(folder, "")
    found = others[folder]
    return found if found.record.started else None


def _expected_data(runs: list[RunResult], plan: ExperimentPlan, root: Path) -> dict[str, str]:
    """Return the checksum of each dataset: as it was prepared, else the one that most runs have seen."""
    seen: dict[str, Counter[str]] = {}
    for result in runs:
        if result.record.data.checksum:
            seen.setdefault(result.run.dataset, Counter())[result.record.data.checksum] += 1
    folder = plan.data_below(root)
    return {
        dataset: steps.read_prepared(folder, dataset) or counts.most_common(1)[0][0] for dataset, counts in seen.items()
    }


def _divide(runs: list[RunResult]) -> dict[str, list[RunResult]]:
    """Return the runs on a dataset by the parts of its test set, see `Results.parts`."""
    groups = _parts(runs)
    if len(groups) < 2:
        return {"": runs}
    return {name: [_restrict(result, members) for result in runs] for name, members in groups.items()}


def _parts(runs: list[RunResult]) -> dict[str, set[str]]:
    """Return the parts of the test set by name; small groups form one part together, named after them."""
    if not any(result.groups for result in runs):
        return {}
    cases = {case for result in runs if result.state == DONE for case in result.numbers.cases}
    groups = {name: cases & set(members) for result in runs for name, members in result.groups.items()}
    groups = {name: members for name, members in groups.items() if members}
    large = {name: members for name, members in groups.items() if len(members) >= _SMALL_GROUP}
    small = {name: members for name, members in groups.items() if name not in large}
    if small:
        large[" + ".join(small)] = set().union(*small.values())
    return large


def _restrict(result: RunResult, cases: set[str]) -> RunResult:
    if result.state != DONE:
        return result
    return replace(result, numbers=result.numbers.restricted(cases))


def _flag_older_metrics(runs: list[RunResult]) -> list[RunResult]:
    """Mark runs that were measured with an older version of a metric than others."""
    newest: dict[str, int] = {}
    for result in runs:
        for slug, definition in result.definitions.items():
            newest[slug] = max(newest.get(slug, 0), definition.version)
    flagged = []
    for result in runs:
        older = sorted(s for s, definition in result.definitions.items() if definition.version < newest[s])
        reason = f"{', '.join(older)} of an older version than in other runs: {evaluate_again(result.folder)}"
        flagged.append(result.without_numbers(OLDER, reason) if older and result.state == DONE else result)
    return flagged


def _flag_other_scales(runs: list[RunResult]) -> list[RunResult]:
    """Mark runs whose scale differs from that of most."""
    scales = [result.record.scale for result in runs if result.state == DONE]
    if len(set(scales)) < 2:
        return runs
    usual = max(sorted(set(scales), reverse=True), key=scales.count)
    return [
        result.without_numbers(OTHER_SCALE, f"{result.folder}: scale {result.record.scale:g}, others {usual:g}")
        if result.state == DONE and result.record.scale != usual
        else result
        for result in runs
    ]
