"""Which steps of a plan are done: decided from the existing files, compared with the plan and with checksums.

Snakemake looks at flags only. Before it starts, the flags of unfinished steps are deleted, and flags are set for
results that came from elsewhere. All flags of finished steps get fixed old times, in the order of the steps, so that
only what a step of this start has made counts as newer.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runs import evaluation, files, history, measured, paths, predictions, record, steps
from runs.belonging import other_data, other_training, other_weights
from runs.plan import ENSEMBLE, DatasetPlan, ExperimentPlan, Job, MeasuringStep
from runs.record import COMPLETED, RunRecord
from runs.results import DONE, RunResult, check, read_run

_EPOCH = 1_000_000_000  # seconds since 1970, long ago
TABLES = "tables"
_MADE_OF = "tables.json"


@dataclass
class Progress:
    """The progress of a plan.

    Args:
        missing: steps that are not done, with the reason: "train X" to "its predictions are missing".
        again: those of them that had been done before.
    """

    missing: dict[str, str] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)


def refresh(plan: ExperimentPlan) -> Progress:
    """Determine what is done, and update the flags.

    Args:
        plan: the experiment's plan.

    Returns:
        What is not done.
    """
    progress = Progress()
    checksums = {}
    for name, entry in plan.datasets.items():
        checksums[name], reason = prepared(plan, entry)
        _put(steps.prepared_flag(_data(plan), name), 1, f"prepare {name}", reason, progress, checksums[name])
    seen: dict[Path, RunResult] = {}
    for job in plan.jobs:
        _refresh_job(plan, job, checksums.get(job.train.get("dataset", ""), ""), seen, progress)
    if plan.only_trained:
        return progress
    for number, step in enumerate(plan.measurements):
        reason = _unmeasured(step, seen)
        title = f"measure {step.kind} of {len(step.runs)} runs, the first {step.runs[0]}"
        _put(_flag(plan, f"measure-{number}"), 5, title, reason, progress)
    reason = (
        ""
        if not progress.missing and _noted(plan) == _note(plan)
        else "what they show has changed, or files of them are missing"
    )
    _put(_flag(plan, TABLES), 6, TABLES, reason, progress)
    return progress


def has_tables(plan: ExperimentPlan) -> bool:
    """Return whether an experiment's tables have been made: in this start, or before and nothing has changed since."""
    return not plan.only_trained and _flag(plan, TABLES).exists()


def note_tables(plan: ExperimentPlan) -> None:
    """Record from what the tables have just been made.

    Args:
        plan: the experiment's plan.
    """
    steps.write_flag(_flag(plan, _MADE_OF), _note(plan))


def prepared(plan: ExperimentPlan, entry: DatasetPlan) -> tuple[str, str]:
    """Compare a prepared dataset with its plan and with its own checksums.

    Args:
        plan: the experiment's plan.
        entry: the dataset.

    Returns:
        Its checksum, and why it must be prepared (again); "" if it is complete.
    """
    import data_prep
    from data_prep.prepared.read import Prepared

    folder = _data(plan) / entry.dataset
    if not folder.is_dir():
        return "", "it has not been prepared"
    try:
        data = Prepared(folder)
        checksum = data.checksum
    except ValueError as error:
        return "", str(error).splitlines()[0]
    if entry.dataset in data_prep.names():
        wanted = {**data_prep.entry(entry.dataset).parameters, **entry.options}
        if data.card_content.get("options", wanted) != wanted:
            return checksum, f"it has the options {dict(data.card.options)} instead of {wanted}"
        if data.card.partial and not entry.partial:
            return checksum, "it lacks files of the official dataset"
    return checksum, ""


def untrained(job: Job, checksum: str, pretraining: RunRecord | None) -> str:
    """Return why a run must be trained (again); "" if it is the planned one, finished and complete.

    Args:
        job: the planned run.
        checksum: of its dataset as it is now.
        pretraining: record of the run from which it starts; None if there is none.

    Returns:
        The reason.
    """
    try:
        found = record.read_record(job.folder)
    except FileNotFoundError:
        return "it has not been trained"
    except ValueError as error:
        return str(error)
    if found.exit_cause != COMPLETED:
        return found.exit_cause or "not finished"
    verdict = other_training(job, found) or other_data(found, checksum)
    if verdict is None and pretraining is not None:
        verdict = other_weights(found, Path(job.after), pretraining)
    return verdict[1] if verdict else _incomplete(Path(job.folder), found)


def _incomplete(folder: Path, found: RunRecord) -> str:
    for name in (paths.CHECKPOINT, history.NAME):
        if not (folder / name).is_file():
            return f"{folder / name} is missing"
    problems = predictions.damages(folder, found.predictions)
    if not problems and not any(predictions.predicted_cases(folder)):
        problems = [f"{folder / predictions.FOLDER} is empty"]
    return problems[0] if problems else ""


def _refresh_job(
    plan: ExperimentPlan, job: Job, checksum: str, seen: dict[Path, RunResult], progress: Progress
) -> None:
    pretraining = record.read_record_or_none(job.after) if job.after else None
    reason = untrained(job, checksum, pretraining)
    level = 3 if job.after else 2
    _put(_flag(plan, f"{steps.key(job.folder)}.trained"), level, f"train {job.title}", reason, progress)
    if plan.only_trained:
        return
    if not reason:
        reason = _unevaluated(job, checksum, seen, Path(plan.results))
    _put(_flag(plan, f"{steps.key(job.folder)}.evaluated"), 4, f"evaluate {job.title}", reason, progress)


def _unevaluated(job: Job, checksum: str, seen: dict[Path, RunResult], root: Path) -> str:
    folder = Path(job.folder)
    if not (folder / evaluation.METRICS).is_file():
        return "it has not been evaluated"
    try:
        found = check(read_run(folder), job, checksum, seen, root)
    except (OSError, ValueError) as error:
        return str(error)
    seen[folder] = found
    return "" if found.state == DONE else found.reason or found.state


def _unmeasured(step: MeasuringStep, seen: dict[Path, RunResult]) -> str:
    runs = [seen[Path(folder)] for folder in step.runs if Path(folder) in seen]
    runs = [run for run in runs if run.state == DONE]
    if len(runs) < len(step.runs):
        return "not all of its runs are evaluated"
    try:
        return "" if all(_is_measured(step, run, runs) for run in runs) else "it has not been measured"
    except ValueError as error:
        return str(error)


def _is_measured(step: MeasuringStep, run: RunResult, runs: list[RunResult]) -> bool:
    if step.kind == ENSEMBLE:
        mark = measured.ensemble_mark(runs, [Path(start) for start in step.starts], step.elsewhere)
        return measured.read_measured(measured.ensemble_folder(runs), mark) is not None
    found = measured.read_measured(run.folder / step.kind, measured.run_mark(run.record, run.options))
    return found is not None and set(step.metrics) <= set(found["metric"])


def _put(path: Path, level: int, title: str, reason: str, progress: Progress, content: str = "") -> None:
    """Set or delete a flag."""
    if reason:
        progress.missing[title] = reason
        if path.exists():
            progress.again[title] = reason
            path.unlink()
        return
    if not path.exists() or (content and path.read_text(encoding="utf-8") != content):
        steps.write_flag(path, content)
    os.utime(path, (_EPOCH + level, _EPOCH + level))


def _note(plan: ExperimentPlan) -> str:
    """Return one hash of everything that the tables show, and of their files."""
    results = [_states(Path(job.folder)) for job in plan.jobs]
    made = sorted(path for name in ("tables", "figures") for path in (Path(plan.folder) / name).glob("*.*"))
    return record.fingerprint([plan.as_dict(), results, [[path.name, files.sha256(path)] for path in made]])


def _states(folder: Path) -> list[str]:
    return [_content(folder / name) for name in (record.NAME, evaluation.NAME)]


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _noted(plan: ExperimentPlan) -> str:
    return _content(_flag(plan, _MADE_OF))


def _flag(plan: ExperimentPlan, name: str) -> Path:
    return Path(plan.folder) / steps.FOLDER / name


def _data(plan: ExperimentPlan) -> Path:
    return Path(plan.data or f"{plan.results}/data")


def lines(steps_with_reasons: dict[str, str], most: int = 10) -> Iterator[str]:
    """Yield one line for each step, and the number of further ones."""
    for number, (title, reason) in enumerate(steps_with_reasons.items()):
        if number == most:
            yield f"and {len(steps_with_reasons) - most} more"
            return
        yield f"{title}: {reason}"
