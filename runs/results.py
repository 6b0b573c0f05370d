"""Collect an experiment's runs from their files.

A run that failed, has not ended or is missing stays in the list with its state: tables show it as such.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from runs import paths
from runs.banner import SMOKE
from runs.paths import Run
from runs.record import read_record

DONE, FAILED, UNFINISHED, UNEVALUATED, MISSING = "done", "failed", "unfinished", "not evaluated", "no run"
UNREADABLE, OLDER, OTHER_SCALE = "unreadable", "older metrics", "another scale"
# test groups with fewer cases are put together: a mean over two images says nothing
_SMALL_GROUP = 5


@dataclass(frozen=True)
class RunResult:
    """One run: what it is, how far it got, and its files' content.

    Args:
        folder: the run's folder.
        run: what distinguishes it.
        title: printed name of its loss.
        state: "done", "failed", "unfinished", "not evaluated", "no run", "unreadable", "older metrics" or "another
            scale".
        reason: why it is not done, "" otherwise.
        record: run.json, {} where there is none.
        metrics: metrics.csv, empty where there is none.
        definitions: metric slug to title, unit, direction and version, from evaluation.json.
        options: how it was evaluated.
        groups: test cases that must not be averaged together, from the dataset's card.
        remarks: what is wrong with single values.
        partial: the dataset lacks files of the official one.
    """

    folder: Path
    run: Run
    title: str
    state: str
    reason: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    metrics: pd.DataFrame = field(default_factory=pd.DataFrame)
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    partial: bool = False

    @property
    def row(self) -> tuple[str, str]:
        """What runs that differ only by fold and seed share: stage, and loss with its parameters."""
        return self.run.stage, paths.format_run(self.run).parts[3]

    @property
    def label(self) -> str:
        """Printed name with the differing parameters; pretraining says what it is."""
        changed = ", ".join(f"{name}={value}" for name, value in self.run.loss_parameters.items())
        name = f"{self.title} ({changed})" if changed else self.title
        return f"{name}, pretraining" if self.run.stage == "pretrain" else name


@dataclass(frozen=True)
class Results:
    """All runs of an experiment, and what its tables say above themselves."""

    folder: Path
    title: str
    note: str
    smoke: bool
    runs: list[RunResult]
    left_out: dict[str, str]

    @property
    def datasets(self) -> list[str]:
        """The datasets, in the order of the experiment file."""
        return list(dict.fromkeys(result.run.dataset for result in self.runs))

    def of(self, dataset: str) -> list[RunResult]:
        """Return the runs on one dataset."""
        return [result for result in self.runs if result.run.dataset == dataset]

    def parts(self, dataset: str) -> dict[str, list[RunResult]]:
        """Return the runs on a dataset by the parts of its test set that must not be averaged together.

        Args:
            dataset: its name.

        Returns:
            Printed name of each part to the runs with the metrics of its cases; {"": the runs} without such parts.
        """
        runs = self.of(dataset)
        groups = _parts(runs)
        if len(groups) < 2:
            return {"": runs}
        return {name: [_restrict(result, members) for result in runs] for name, members in groups.items()}

    @property
    def banner(self) -> str:
        """What the reader has to know before the first number; "" for nothing."""
        partial = sorted({result.run.dataset for result in self.runs if result.partial or _is_partial(result.record)})
        lines = [SMOKE] if self.smoke else []
        lines += [f"Partial data: {', '.join(partial)} lacks files of the official dataset."] if partial else []
        return " ".join(lines + ([self.note] if self.note else []))


def collect(folder: str | Path) -> Results:
    """Read all runs of an experiment.

    Args:
        folder: the experiment's folder, such as results/smoke. Its plan.json, where there is one, says which runs
            ought to be there; runs that it does not name are left out.

    Returns:
        The runs, in the plan's order, otherwise sorted by folder.

    A run whose files are unreadable, whose metrics are of an older version, or that is of another scale than most,
    keeps its place with that state and a reason that names the file or the command that mends it.

    Raises:
        ValueError: when there is nothing to collect, or the plan is unreadable.
    """
    folder = Path(folder)
    plan = _json(folder / "plan.json")
    found = paths.find_runs(folder.parent, folder.name)
    planned = {folder.parent / paths.format_run(run): title for run, title in _planned(plan)}
    runs = [_read_or_flag(path, planned.get(path, "")) for path in planned or found]
    if not runs:
        raise ValueError(f"there are no runs in {folder}: python -m workflow {folder.name} makes them")
    runs = _flag_other_scales(_flag_older_metrics(runs))
    smoke = bool(plan.get("smoke", any(result.record.get("parameters", {}).get("smoke") for result in runs)))
    title = plan.get("title", folder.name)
    return Results(folder, title, plan.get("note", ""), smoke, runs, plan.get("skipped", {}))


def _is_partial(record: dict[str, Any]) -> bool:
    """Tell whether a run's dataset lacks files of the official one; its card says so."""
    return bool(_json(Path(record.get("data", {}).get("folder", "")) / "card.json").get("partial"))


def _planned(plan: dict[str, Any]) -> list[tuple[Run, str]]:
    return [(paths.parse_run(job["folder"]), job["loss_title"]) for job in plan.get("jobs", [])]


def read_run(folder: str | Path, title: str = "") -> RunResult:
    """Read one run's files and find out how far it got.

    Args:
        folder: the run's folder.
        title: printed name of the loss, for a run that has no record to say it.

    Returns:
        The run.

    Raises:
        ValueError: when a file is unreadable, or the record is of another run than the folder.
    """
    folder = Path(folder)
    run = paths.parse_run(folder.absolute())
    record = read_record(folder) if (folder / "run.json").is_file() else {}
    title = record.get("loss_title") or title or run.loss
    state, reason = _state(folder, record)
    if state != DONE:
        return RunResult(folder, run, title, state, reason, record)
    evaluation = _json(folder / "evaluation.json")
    metrics, remarks = _read_metrics(folder / "metrics.csv")
    options = evaluation.get("options", {})
    # of results from another machine the dataset is not here: then the evaluation knows
    card = _json(Path(record.get("data", {}).get("folder", "")) / "card.json") or evaluation.get("data", {})
    definitions = evaluation.get("metrics", {})
    groups = card.get("groups") or {}
    partial = bool(card.get("partial"))
    return RunResult(folder, run, title, DONE, "", record, metrics, definitions, options, groups, remarks, partial)


def _read_or_flag(folder: Path, title: str) -> RunResult:
    """Read a run, or keep its place with the reason why it cannot be read."""
    try:
        return read_run(folder, title)
    except (ValueError, OSError) as error:
        run = paths.parse_run(folder.absolute())
        return RunResult(folder, run, title or run.loss, UNREADABLE, " ".join(str(error).split()))


def _read_metrics(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read metrics.csv whole, and say which values are missing without a reason."""
    try:
        metrics = pd.read_csv(path, dtype={"case": str, "reason": str}, keep_default_na=True)
        named = metrics[["case", "metric", "version", "postprocessed", "value"]]
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path} cannot be read ({error}): {_evaluate_again(path.parent)}") from error
    per_case = metrics.groupby("case").size()
    if metrics.empty or named.drop(columns="value").isna().any(axis=None) or per_case.nunique() > 1:
        raise ValueError(f"{path} is truncated: {_evaluate_again(path.parent)}")
    bare = metrics[metrics["value"].isna() & metrics["reason"].isna()]
    slugs = ", ".join(sorted(set(bare["metric"])))
    return metrics, [f"{path}: {len(bare)} values are missing without a reason ({slugs})"] if len(bare) else []


def _parts(runs: list[RunResult]) -> dict[str, set[str]]:
    """Name the parts of the test set; small groups make one part together, named after them."""
    cases = {case for result in runs if result.state == DONE for case in result.metrics["case"]}
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
    return replace(result, metrics=result.metrics[result.metrics["case"].isin(cases)])


def _state(folder: Path, record: dict[str, Any]) -> tuple[str, str]:
    failure = _json(folder / "failure.json")
    cause = str(record.get("exit_cause", ""))
    if failure or cause.startswith("failed"):
        return FAILED, str(failure.get("error", cause))
    if not record:
        return MISSING, "the run was not started"
    if cause != "completed":
        return UNFINISHED, cause
    evaluation = _json(folder / "evaluation.json")
    if not evaluation or not (folder / "metrics.csv").is_file():
        return UNEVALUATED, _evaluate_again(folder)
    if evaluation.get("run_hash") != record.get("hash"):
        return UNEVALUATED, f"trained again since it was evaluated: {_evaluate_again(folder)}"
    return DONE, ""


def _evaluate_again(folder: Path) -> str:
    return f"papermill notebooks/evaluate.ipynb {folder}/evaluate.ipynb -p run {folder}"


def _flag_older_metrics(runs: list[RunResult]) -> list[RunResult]:
    """Take out runs that were measured with an older version of a metric than others."""
    newest: dict[str, int] = {}
    for result in runs:
        for slug, definition in result.definitions.items():
            newest[slug] = max(newest.get(slug, 0), int(definition["version"]))
    flagged = []
    for result in runs:
        older = sorted(s for s, definition in result.definitions.items() if int(definition["version"]) < newest[s])
        reason = f"{', '.join(older)} of an older version than in other runs: {_evaluate_again(result.folder)}"
        flagged.append(replace(result, state=OLDER, reason=reason) if older and result.state == DONE else result)
    return flagged


def _flag_other_scales(runs: list[RunResult]) -> list[RunResult]:
    """Take out runs that were shrunk by another scale than most."""
    scales = [scale_of(result) for result in runs if result.state == DONE]
    if len(set(scales)) < 2:
        return runs
    usual = max(sorted(set(scales), reverse=True), key=scales.count)
    return [
        replace(result, state=OTHER_SCALE, reason=f"{result.folder}: scale {scale_of(result):g}, others {usual:g}")
        if result.state == DONE and scale_of(result) != usual
        else result
        for result in runs
    ]


def scale_of(result: RunResult) -> float:
    """Return by what a paper's protocol was shrunk for a run; 1 for not at all."""
    return float(result.record.get("parameters", {}).get("scale", 1.0))


def _json(path: Path) -> dict[str, Any]:
    """Read a JSON file, {} when there is none."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{path} is not readable as JSON ({error})") from error
