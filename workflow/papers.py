"""From a paper's tables to plans for Snakemake: one experiment for each training protocol, on the available data.

    python -m workflow contextloss --scale 0.01 --data ../shared/data

A dataset that is not available is left out and listed, as are folds that it lacks; everything else runs. An experiment
whose datasets have options prepares them in a separate folder, `data-<experiment>`, since another one may need the same
dataset with other options.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runs.paths import CHECKPOINT
from runs.plan import CLOSING, ENSEMBLE, DatasetPlan, ExperimentPlan, Job, MeasuringStep
from tables.papers import engines, planned_runs, planning, report, scale
from tables.papers import spec as specs
from tables.papers.planning import PlannedRun
from tables.papers.required_runs import requirements
from tables.papers.spec import Dataset, Spec
from training.config import Config
from workflow.plan import SOURCES_BELONG, adjacency_steps, completed


def names() -> list[str]:
    """Return the papers that can be run."""
    return specs.papers()


@dataclass(frozen=True)
class Source:
    """What is available of a dataset: options of its preparation, number of folds, and remarks on it."""

    options: dict[str, Any] = field(default_factory=dict)
    folds: int = 0
    problem: str = ""
    remark: str = ""


def make(paper: str, results: str, data: str, size: float) -> tuple[list[ExperimentPlan], dict[str, str]]:
    """Make the plans of a paper.

    Args:
        paper: one of `names()`.
        results: folder that gets the experiments.
        data: folder that holds the official files; "" for none.
        size: the scale, in (0, 1], see `tables.papers.scale`.

    Returns:
        The plans, those before others that start from their runs; and the datasets, folds and losses left out, each
        with its reason.

    Raises:
        ValueError: no such paper, a wrong scale, or a spec that cannot be used.
    """
    plan = planning.plan(paper, results, size)
    entries = dict.fromkeys(each.entry for each in plan.runs)
    sources = {entry: find_source(plan.spec.datasets[entry], data, size) for entry in entries}
    left_out = {entry: source.problem for entry, source in sources.items() if source.problem}
    grouped: dict[str, list[PlannedRun]] = {}
    for each in plan.runs:
        what, reason = _unavailable(each, plan.spec.datasets[each.entry].dims, sources[each.entry])
        if reason:
            left_out[what] = reason
        else:
            grouped.setdefault(each.group, []).append(each)
    order = [name for name in plan.spec.groups if name in grouped]
    return [_plan(plan, name, grouped[name], data, sources, left_out) for name in order], left_out


def home(paper: str, results: str, size: float) -> Path:
    """Return the folder that gets what Snakemake says of a paper's experiments: that of its tables."""
    return report.default_folder(results, paper, size).parent


def data_folder(spec: Spec, group: str, results: str) -> str:
    """Return the folder in which a group's datasets are prepared.

    Args:
        spec: the paper.
        group: the training protocol.
        results: folder that gets the experiments.

    Returns:
        `<results>/data`, or a separate folder for the group if a dataset of its tables has options; that of the group
        whose pretraining it uses. The same at every scale and with any available data.
    """
    owner = spec.groups[group].pretrain_of or group
    groups = {owner, *(each.name for each in spec.groups.values() if each.pretrain_of == owner)}
    needs = [need for need in requirements(spec) if need.has_runs and need.group in groups]
    own = any(spec.datasets[need.dataset].options for need in needs)
    return f"{results}/data-{planning.experiment(spec, owner, 1.0)}" if own else f"{results}/data"


def find_source(dataset: Dataset, data: str, size: float) -> Source:
    """Determine whether a dataset can be prepared here.

    Below scale 1, if the paper's selection of images leaves nothing of a sample, the dataset's own split is used.

    Args:
        dataset: as in the spec.
        data: folder that holds the official files; "" for none.
        size: the scale; below 1, files may be missing.

    Returns:
        What is available; a `problem` if there is nothing to prepare.
    """
    import data_prep

    if dataset.dataset not in data_prep.names():
        return Source(problem=f"this suite does not prepare {dataset.dataset!r}")
    if not data_prep.entry(dataset.dataset).embedded and not Path(data or "/nowhere").is_dir():
        return Source(problem=f"no folder of official files: {SOURCES_BELONG}")
    found = _open(dataset.dataset, dataset.options, data, size)
    if not found.problem or size == 1 or not dataset.options:
        return found
    plain = _open(dataset.dataset, {}, data, size)
    remark = f"{dataset.dataset}: its own split, as the paper's selection cannot be made ({found.problem})"
    return found if plain.problem else replace(plain, remark=remark)


def _open(name: str, options: dict[str, Any], data: str, size: float) -> Source:
    import data_prep
    from data_prep import open_plan

    try:
        data_prep.entry(name).check_options(options)
        with open_plan(data_prep.entry(name), data, Path(data), options, progress=False) as found:
            problems = list(found.problems) + ([] if size < 1 else list(found.missing))
            folds = len(found.folds)
            if not folds or not all(fold["train"] for fold in found.folds):
                problems.append(f"{data} holds no training image of {name}")
    except (ValueError, OSError) as error:
        problems, folds = str(error).splitlines(), 0
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Source(options, folds, f"{problems[0]}{more}" if problems else "")


def _unavailable(planned: PlannedRun, dims: int, source: Source) -> tuple[str, str]:
    """Return what of a run cannot be had here, and why; the second is "" where it can."""
    import losses

    if engines.trains(planned.parameters):
        return f"{planned.run.loss} on {planned.entry}", "nnU-Net trains it: python -m tables plan prints the commands"
    if source.problem:
        return planned.entry, source.problem
    if planned.run.fold >= source.folds:
        return f"fold {planned.run.fold} of {planned.entry}", f"the available data have {source.folds}"
    entry = losses.entry(planned.run.loss)
    what, (available, reason) = f"{planned.run.loss} on {planned.entry}", entry.available()
    if not available:
        return what, reason
    return what, "" if dims in entry.dims else f"not defined in {dims}D"


def _plan(
    plan: planning.PaperPlan,
    group: str,
    runs: list[PlannedRun],
    data: str,
    sources: dict[str, Source],
    left_out: dict[str, str],
) -> ExperimentPlan:
    """Return one experiment's plan."""
    spec, results = plan.spec, str(plan.results)
    entries = sorted({each.entry for each in runs})
    prepared = data_folder(spec, group, results)
    experiment = planning.experiment(spec, group, plan.scale)
    remarks = [sources[entry].remark for entry in entries if sources[entry].remark]
    title = spec.title if group == specs.MAIN else f"{spec.title}, {group.replace('_', ' ')}"
    datasets = [_preparation(plan, spec.datasets[entry].dataset, sources[entry], data, prepared) for entry in entries]
    jobs = [_job(plan, each, prepared) for each in runs]
    return ExperimentPlan(
        experiment=experiment,
        paper=spec.paper,
        scale=plan.scale,
        title=title,
        note=" ".join([scale.describe(plan.scale), *remarks]).strip(),
        remarks=remarks,
        results=results,
        folder=str(plan.results / experiment),
        data=prepared,
        datasets={each.dataset: each for each in datasets},
        metrics=sorted({name for each in runs for name in each.metrics}),
        skipped=left_out,
        jobs=jobs,
        measurements=[*_ensembles(plan, group, runs), *_closings(plan, group, runs), *adjacency_steps(jobs)],
    )


def _preparation(plan: planning.PaperPlan, name: str, source: Source, data: str, prepared: str) -> DatasetPlan:
    """Return the prepare notebook's parameters of a dataset."""
    import data_prep

    embedded = data_prep.entry(name).embedded
    return DatasetPlan(name, "" if embedded else data, prepared, source.options, plan.scale < 1)


def _job(plan: planning.PaperPlan, planned: PlannedRun, prepared: str) -> Job:
    """Return one run with all parameters of its notebooks."""
    job = planned_runs.job(planned, plan.results)
    start = f"{job.after}/{CHECKPOINT}" if job.after else ""
    train = planned.parameters | {"results": str(plan.results), "data": prepared, "init_from": start}
    made = completed(replace(job, train=train), Config(**train))
    # the same loss on the same data may be trained by several protocols
    return made if planned.group == specs.MAIN else replace(made, title=f"{made.title}, {planned.group}")


def _ensembles(plan: planning.PaperPlan, group: str, runs: list[PlannedRun]) -> list[MeasuringStep]:
    """Return the votes of the folds' networks, if the paper has ensembles."""
    if not plan.spec.groups[group].ensemble:
        return []
    together: dict[tuple[Path, int], list[PlannedRun]] = {}
    for each in runs:
        together.setdefault((plan.folder(each).parent, each.run.seed), []).append(each)
    return [
        MeasuringStep(
            ENSEMBLE,
            [str(plan.folder(each)) for each in folds],
            [start for each in folds if (start := _compared_with(plan, each))],
            elsewhere=folds[0].elsewhere,
        )
        for folds in together.values()
        if len(folds) > 1
    ]


def _compared_with(plan: planning.PaperPlan, planned: PlannedRun) -> str:
    """Return the folder of the pretraining whose components post-processing keeps; of a pretraining itself."""
    if planned.after:
        return str(plan.start(planned))
    return str(plan.folder(planned)) if planned.run.stage == "pretrain" else ""


def _closings(plan: planning.PaperPlan, group: str, runs: list[PlannedRun]) -> list[MeasuringStep]:
    """Return the runs that a table needs after binary closings."""
    own = {plan.folder(each) for each in runs}
    metrics: dict[Path, dict[str, None]] = {}
    for need in requirements(plan.spec):
        if need.has_runs and need.closing and need.group == group:
            for folder in plan.answering[(need.table, need.row, need.column)]:
                if folder in own:
                    metrics.setdefault(folder, {})[need.metric] = None
    return [MeasuringStep(CLOSING, [str(folder)], metrics=list(names)) for folder, names in metrics.items()]
