"""From the requirements of a paper's numbers to its runs: each once, with all its parameters."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runs import paths
from runs.paths import Run
from runs.plan import Job
from tables.papers import engines
from tables.papers import scale as scales
from tables.papers.published import SpecError
from tables.papers.required_runs import Requirement, requirements
from tables.papers.spec_parts import MAIN, Group, Spec
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
        parameters: of notebooks/train.ipynb; `init_from` is set when it is run.
        metrics: slugs that tables need from it.
        elsewhere: those measured on patches, in the form of `evaluation.evaluate`.
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


def experiment(spec: Spec, group: str, size: float) -> str:
    """Return the name of a group's experiment at a scale, such as "scnp-folds-scale0.1"."""
    return spec.paper + ("" if group == MAIN else f"-{group}") + scales.suffix(size)


def planned_runs(spec: Spec, size: float, results: Path) -> tuple[list[PlannedRun], dict[Place, list[Path]]]:
    """Return the runs that a paper requires, each once, and the folders that answer each cell.

    Raises:
        SpecError: one message with all problems.
    """
    planned: dict[Path, PlannedRun] = {}
    answering: dict[Place, list[Path]] = {}
    problems: dict[str, None] = {}
    for requirement, stage, each in _expanded(spec, size, problems):
        folder = paths.run_folder(results, each.run)
        before = planned.setdefault(folder, each)
        if before.parameters != each.parameters or before.entry != each.entry:
            problems[f"{folder} would hold two different runs: give one of them a group of its own"] = None
        before.tables.extend({requirement.table} - set(before.tables))
        if stage == requirement.stage:
            answering.setdefault((requirement.table, requirement.row, requirement.column), []).append(folder)
    if problems:
        raise SpecError("\n".join([f"{spec.path} cannot be planned:", *(f"  - {line}" for line in problems)]))
    return list(planned.values()), answering


def _expanded(spec: Spec, size: float, problems: dict[str, None]) -> Iterator[tuple[Requirement, str, PlannedRun]]:
    """Yield the runs of each requirement with their stage; what is wrong with their parameters goes into `problems`."""
    checked: dict[str, Config | str] = {}
    metrics = _metrics(spec)
    for requirement in (each for each in requirements(spec) if each.has_runs):
        for stage in dict.fromkeys(("pretrain", requirement.stage)):
            group = _group(spec, requirement, stage)
            if group is None:
                continue
            given = _parameters(spec, group, requirement, stage, size)
            if repr(given) not in checked:
                checked[repr(given)] = _checked(given)
            config = checked[repr(given)]
            if isinstance(config, str):
                problems |= dict.fromkeys(
                    f"{requirement.loss} on {requirement.dataset}: {line}" for line in config.splitlines()
                )
                continue
            yield from (
                (requirement, stage, each) for each in _repeated(spec, group, requirement, config, size, metrics)
            )


def _group(spec: Spec, requirement: Requirement, stage: str) -> Group | None:
    """Return the group whose run a requirement has at a stage: pretraining may be that of another group, or None."""
    group = spec.groups[requirement.group]
    if stage == "finetune":
        return group
    group = spec.groups[group.pretrain_of or group.name]
    return group if group.pretrain else None


def _parameters(spec: Spec, group: Group, requirement: Requirement, stage: str, size: float) -> dict[str, Any]:
    """Merge the dataset's parameters into the group's, and scale them."""
    dataset = spec.datasets[requirement.dataset]
    pretrain = stage == "pretrain"
    given = {**group.common, **(group.pretrain if pretrain else group.finetune), **dataset.training}
    images = (dataset.images[0], dataset.images[1])
    given = scales.parameters(given, size, dataset.dims, images, group.small)
    loss = {"loss": "dice_ce", "loss_parameters": {}}
    loss = loss if pretrain else {"loss": requirement.loss, "loss_parameters": requirement.parameters}
    fixed = {"dataset": dataset.dataset, "experiment": experiment(spec, group.name, size), "stage": stage}
    return {**given, **fixed, **loss}


def _checked(given: Mapping[str, Any]) -> Config | str:
    try:
        return Config.from_parameters(**given)
    except ValueError as error:
        return str(error)


def _repeated(
    spec: Spec,
    group: Group,
    requirement: Requirement,
    config: Config,
    size: float,
    metrics: dict[tuple[str, str], list[str]],
) -> Iterator[PlannedRun]:
    """Yield a run for each fold and seed."""
    dataset = spec.datasets[requirement.dataset]
    start = _group(spec, requirement, "pretrain")
    wanted = metrics.get((requirement.group, requirement.dataset), [])
    elsewhere = {name: dataset.patches for name in wanted if name in dataset.on_patches}
    folds = min(group.folds, dataset.folds or group.folds)
    for fold in scales.repeats(folds, size):
        for seed in scales.repeats(group.seeds, size):
            each = dataclasses.replace(config, fold=fold, seed=seed)
            after = None
            if config.stage == "finetune" and start is not None:
                name = experiment(spec, start.name, size)
                after = Run(name, each.dataset, "dice_ce", {}, fold, seed, "pretrain")
            given = engines.parameters(each.as_dict()) if group.engine == engines.NNUNET else each.as_dict()
            yield PlannedRun(each.run, after, group.name, requirement.dataset, given, wanted, elsewhere, [])


def _metrics(spec: Spec) -> dict[tuple[str, str], list[str]]:
    """Return the metrics that tables need from each group on each dataset; of a group's pretraining, all of them."""
    wanted: dict[tuple[str, str], dict[str, None]] = {}
    for requirement in requirements(spec):
        if requirement.has_runs and requirement.metric:
            wanted.setdefault((requirement.group, requirement.dataset), {})[requirement.metric] = None
    return {key: list(names) for key, names in wanted.items()}


def job(planned: PlannedRun, results: str | Path) -> Job:
    """Return a planned run in the form of plan.json, as far as the tables know it.

    Args:
        planned: the run.
        results: folder that holds the experiments.

    Returns:
        The job, without what only the workflow knows: the location of the data, and the state of the code.
    """
    folder = str(paths.run_folder(results, planned.run))
    after = str(paths.run_folder(results, planned.after)) if planned.after else ""
    pretrained = after or (folder if planned.run.stage == "pretrain" else "")
    evaluate = {"run": folder, "pretrain": pretrained, "metrics": planned.metrics, "elsewhere": planned.elsewhere}
    return Job(folder, after=after, train=planned.parameters, evaluate=evaluate)
