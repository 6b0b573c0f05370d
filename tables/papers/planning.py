"""The runs that a paper's tables need: which are there, which are missing, how long those take.

`tables.plan` is this module's `plan`.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from runs import paths
from runs.paths import Run
from runs.plan import Job
from runs.results import DONE, FAILED, RunResult, check, read_run
from tables.papers import duration
from tables.papers import scale as scales
from tables.papers import spec as specs
from tables.papers.required_runs import Need, all_needs
from tables.papers.spec import MAIN, Group, Spec, SpecError
from training.config import Config

Place = tuple[str, str, str]  # table, row, column


@dataclass(frozen=True)
class PlannedRun:
    """One run that a table needs.

    Args:
        run: what distinguishes it.
        after: the pretraining that it starts from; None: from scratch.
        group: its protocol.
        entry: its dataset in the spec.
        parameters: of notebooks/train.ipynb; `init_from` is left to who runs it.
        metrics: slugs that tables want of it.
        elsewhere: those measured on patches, as `evaluation.evaluate` takes them.
        tables: names of the tables that need it.
    """

    run: Run
    after: Run | None
    group: str
    entry: str
    parameters: dict[str, Any]
    metrics: list[str]
    elsewhere: dict[str, dict[str, Any]]
    tables: list[str]


@dataclass(frozen=True)
class Plan:
    """The runs of a paper at a scale, and what has become of them.

    Args:
        spec: the paper.
        scale: in (0, 1].
        results: folder that gets the experiments.
        runs: every run once, a pretraining before those that start from it.
        found: by run folder, what is there.
        of_need: by (table, row, column), the folders of the runs that answer it.
    """

    spec: Spec
    scale: float
    results: Path
    runs: list[PlannedRun]
    found: dict[Path, RunResult] = field(default_factory=dict)
    of_need: dict[Place, list[Path]] = field(default_factory=dict)

    def folder(self, planned: PlannedRun) -> Path:
        """Return a run's folder, whether it exists or not."""
        return paths.run_folder(self.results, planned.run)

    def start(self, planned: PlannedRun) -> Path:
        """Return the folder of the pretraining that a run starts from."""
        assert planned.after is not None
        return paths.run_folder(self.results, planned.after)

    def state(self, planned: PlannedRun) -> str:
        """Return how far a run got: "done", "failed", "no run", ..."""
        return self.found[self.folder(planned)].state

    @property
    def existing(self) -> list[PlannedRun]:
        """The runs that are done."""
        return [planned for planned in self.runs if self.state(planned) == DONE]

    @property
    def missing(self) -> list[PlannedRun]:
        """All others."""
        return [planned for planned in self.runs if self.state(planned) != DONE]

    def seconds(self, runs: list[PlannedRun] | None = None) -> tuple[float, int]:
        """Estimate how long trainings take, one after the other.

        Args:
            runs: which; None for those that are missing.

        Returns:
            Seconds, and for how many of the runs they come from runs that are there.
        """
        rates = duration.Rates(self.results)
        wanted = self.missing if runs is None else runs
        found = [rates.seconds(each.parameters, self.spec.datasets[each.entry].dims) for each in wanted]
        return sum(seconds for seconds, _ in found), sum(known for _, known in found)


def plan(paper: str | Spec, results: str | Path = "results", scale: float = 1.0) -> Plan:
    """List the runs that a paper's tables need, which are there, which are missing.

    Args:
        paper: name of the paper, or its spec.
        results: folder that holds the experiments.
        scale: in (0, 1], see `tables.papers.scale`.

    Returns:
        The plan.

    Raises:
        SpecError: a run's parameters are refused, or two different runs would lie in one folder.
        ValueError: the scale is none.
    """
    spec = specs.load(paper) if isinstance(paper, str) else paper
    size, folder = scales.check(scale), Path(results)
    runs, of_need = _runs(spec, size, folder)
    found: dict[Path, RunResult] = {}
    for each in runs:
        where = paths.run_folder(folder, each.run)
        found[where] = _look(where, each, folder, found)
    return Plan(spec, size, folder, runs, found, of_need)


def summary(plan: Plan) -> pd.DataFrame:
    """Count a plan's runs.

    Args:
        plan: from `plan`.

    Returns:
        A row for each experiment and dataset: the tables that need it, its runs, how many of them are done, and how
        long the others take.
    """
    grouped: dict[tuple[str, str], list[PlannedRun]] = {}
    for each in plan.runs:
        grouped.setdefault((each.run.experiment, each.entry), []).append(each)
    rows = []
    for (name, entry), runs in grouped.items():
        missing = [each for each in runs if plan.state(each) != DONE]
        tables = ", ".join(sorted({table for each in runs for table in each.tables}))
        time = duration.spoken(plan.seconds(missing)[0]) if missing else ""
        row = {"experiment": name, "dataset": entry, "tables": tables, "runs": len(runs)}
        rows.append(row | {"done": len(runs) - len(missing), "time of the missing": time})
    return pd.DataFrame(rows)


def experiment(spec: Spec, group: str, size: float) -> str:
    """Return the name of the experiment that a group is at a scale: such as "scnp-folds-scale0.1"."""
    return spec.paper + ("" if group == MAIN else f"-{group}") + scales.suffix(size)


def _runs(spec: Spec, size: float, results: Path) -> tuple[list[PlannedRun], dict[Place, list[Path]]]:
    """Expand the needs into runs, each once, and say which answer which need; all problems in one message."""
    planned: dict[Path, PlannedRun] = {}
    of_need: dict[Place, list[Path]] = {}
    problems: dict[str, None] = {}
    for need, stage, each in _expanded(spec, size, problems):
        folder = paths.run_folder(results, each.run)
        before = planned.setdefault(folder, each)
        if before.parameters != each.parameters or before.entry != each.entry:
            problems[f"{folder} would hold two different runs: give one of them a group of its own"] = None
        before.tables.extend({need.table} - set(before.tables))
        if stage == need.stage:
            of_need.setdefault((need.table, need.row, need.column), []).append(folder)
    if problems:
        raise SpecError("\n".join([f"{spec.path} cannot be planned:", *(f"  - {line}" for line in problems)]))
    return list(planned.values()), of_need


def _expanded(spec: Spec, size: float, problems: dict[str, None]) -> Iterator[tuple[Need, str, PlannedRun]]:
    """Give the runs of each need with their stage; what is wrong with their parameters goes into `problems`."""
    checked: dict[str, Config | str] = {}
    metrics = _metrics(spec)
    for need in (each for each in all_needs(spec) if each.has_runs):
        for stage in dict.fromkeys(("pretrain", need.stage)):
            group = _group(spec, need, stage)
            if group is None:
                continue
            given = _parameters(spec, group, need, stage, size)
            if repr(given) not in checked:
                checked[repr(given)] = _checked(given)
            config = checked[repr(given)]
            if isinstance(config, str):
                problems |= dict.fromkeys(f"{need.loss} on {need.dataset}: {line}" for line in config.splitlines())
                continue
            yield from ((need, stage, each) for each in _repeated(spec, group, need, config, size, metrics))


def _group(spec: Spec, need: Need, stage: str) -> Group | None:
    """Return the group whose run a need has at a stage: the pretraining may be another one's, or there is none."""
    group = spec.groups[need.group]
    if stage == "finetune":
        return group
    group = spec.groups[group.pretrain_of or group.name]
    return group if group.pretrain else None


def _parameters(spec: Spec, group: Group, need: Need, stage: str, size: float) -> dict[str, Any]:
    """Lay the dataset's parameters over the group's, and shrink them."""
    dataset = spec.datasets[need.dataset]
    pretrain = stage == "pretrain"
    given = {**group.common, **(group.pretrain if pretrain else group.finetune), **dataset.training}
    images = (dataset.images[0], dataset.images[1])
    given = scales.parameters(given, size, dataset.dims, images, group.small)
    loss = {"loss": "dice_ce", "loss_parameters": {}}
    loss = loss if pretrain else {"loss": need.loss, "loss_parameters": need.parameters}
    fixed = {"dataset": dataset.dataset, "experiment": experiment(spec, group.name, size), "stage": stage}
    return {**given, **fixed, **loss}


def _checked(given: Mapping[str, Any]) -> Config | str:
    try:
        return Config.from_parameters(**given)
    except ValueError as error:
        return str(error)


def _repeated(
    spec: Spec, group: Group, need: Need, config: Config, size: float, metrics: dict[tuple[str, str], list[str]]
) -> Iterator[PlannedRun]:
    """Give a run for each fold and seed."""
    dataset = spec.datasets[need.dataset]
    start = _group(spec, need, "pretrain")
    wanted = metrics.get((need.group, need.dataset), [])
    elsewhere = {name: dataset.patches for name in wanted if name in dataset.on_patches}
    folds = min(group.folds, dataset.folds or group.folds)
    for fold in scales.repeats(folds, size):
        for seed in scales.repeats(group.seeds, size):
            each = dataclasses.replace(config, fold=fold, seed=seed)
            after = None
            if config.stage == "finetune" and start is not None:
                name = experiment(spec, start.name, size)
                after = Run(name, each.dataset, "dice_ce", {}, fold, seed, "pretrain")
            yield PlannedRun(each.run, after, group.name, need.dataset, each.as_dict(), wanted, elsewhere, [])


def _metrics(spec: Spec) -> dict[tuple[str, str], list[str]]:
    """Return the metrics that tables want of each group on each dataset; of a group's pretraining all."""
    wanted: dict[tuple[str, str], dict[str, None]] = {}
    for need in all_needs(spec):
        if need.has_runs and need.metric:
            wanted.setdefault((need.group, need.dataset), {})[need.metric] = None
    return {key: list(names) for key, names in wanted.items()}


def job(planned: PlannedRun, results: str | Path) -> Job:
    """Return a planned run as plan.json holds it, as far as the tables know it.

    Args:
        planned: the run.
        results: folder that holds the experiments.

    Returns:
        The job, without what only the workflow knows: where the data lie, and the state of the code.
    """
    folder = str(paths.run_folder(results, planned.run))
    after = str(paths.run_folder(results, planned.after)) if planned.after else ""
    pretrained = after or (folder if planned.run.stage == "pretrain" else "")
    evaluate = {"run": folder, "pretrain": pretrained, "metrics": planned.metrics, "elsewhere": planned.elsewhere}
    return Job(folder, after=after, train=planned.parameters, evaluate=evaluate)


def _look(folder: Path, planned: PlannedRun, results: Path, others: dict[Path, RunResult]) -> RunResult:
    """Read a run; a broken or a different one counts as failed, with the reason."""
    try:
        found = read_run(folder)
    except (ValueError, KeyError, OSError) as error:
        return RunResult(folder, planned.run, planned.run.loss, FAILED, f"{folder}: {error}")
    if found.state == DONE and (problem := _broken(found.metrics)):
        reason = f"{folder / 'metrics.csv'} {problem}: evaluate the run again"
        return dataclasses.replace(found, state=FAILED, reason=reason)
    return check(found, job(planned, results), "", others, results)


def _broken(metrics: pd.DataFrame) -> str:
    """Say what a metrics.csv lacks that was cut off or edited; "" where it is whole."""
    keys = ["case", "metric", "postprocessed"]
    missing = [name for name in (*keys, "value") if name not in metrics.columns]
    if missing:
        return f"lacks the columns {', '.join(missing)}"
    if metrics.empty or metrics[keys].isna().any(axis=None) or not pd.api.types.is_numeric_dtype(metrics["value"]):
        return "is cut off, or holds something that is no number"
    counts = metrics.groupby(["metric", "postprocessed"])["case"].nunique()
    return "" if counts.nunique() == 1 else "has more cases of one metric than of another"
