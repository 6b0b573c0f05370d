"""From an experiment to its list of runs: everything that Snakemake and the tables need to know, in one JSON file.

`results/<experiment>/plan.json` (`runs.plan`) holds the notebooks' parameters of each run in full, so that the
Snakefile only has to look them up, and the tables know which runs are expected and what they must match.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from runs.paths import CHECKPOINT, experiment_folder
from runs.plan import ADJACENCY, DatasetPlan, ExperimentPlan, Job, MeasuringStep
from training.config import Config, loss_parameters
from training.finished import other_parameters
from workflow.experiment import Experiment, ExperimentError, merge

# of tuned entries: dataset and place in the list of losses to a value for each tuned parameter
Values = Mapping[tuple[str, int], dict[str, Any]]
SOURCES_BELONG = "give the folder that holds it with --data (make reproduce: DATA=...)"


def make(
    experiment: Experiment, results: str = "results", data: str = "", values: Values | None = None
) -> ExperimentPlan:
    """Expand an experiment into its plan and check the parameters of every run.

    Args:
        experiment: what to run.
        results: folder that gets `<experiment>/` and `data/`.
        data: folder that holds the official files of datasets that are not embedded.
        values: of each tuned entry on each dataset, those to take; the entry's first ones where there are none.

    Returns:
        The plan.

    Raises:
        ExperimentError: one message with the problems of all runs, each problem once.
    """
    skipped = _unavailable(experiment) | _undefined(experiment)
    problems: dict[str, list[str]] = {}
    jobs = []
    for parameters, entry, tuned in _jobs(experiment, results, skipped, values or {}):
        try:
            config = Config.from_parameters(**parameters | {"init_from": ""})
        except ValueError as error:
            for problem in str(error).splitlines():
                problems.setdefault(problem, []).append(f"{parameters['loss']} on {parameters['dataset']}")
            continue
        if tuned and not config.validate_every:
            why = "`tune` needs validations, by which it chooses: set `validate_every`"
            problems.setdefault(why, []).append(f"{parameters['loss']} on {parameters['dataset']}")
        job = _job(replace(config, init_from=parameters["init_from"]), experiment)
        jobs.append(replace(job, entry=entry, tuned=tuned))
    if problems:
        lines = [f"  - {problem} ({_some(where)})" for problem, where in problems.items()]
        raise ExperimentError("\n".join([f"{experiment.name} cannot be run:", *lines]))
    return ExperimentPlan(
        experiment=experiment.name,
        title=experiment.title or experiment.name,
        note=experiment.note,
        smoke=experiment.smoke,
        results=results,
        folder=str(experiment_folder(results, experiment.name)),
        data=f"{results}/data",
        datasets={name: _prepare(name, entry, results, data) for name, entry in experiment.datasets.items()},
        metrics=experiment.metrics,
        skipped=skipped,
        jobs=jobs,
        measurements=adjacency_steps(jobs),
    )


def adjacency_steps(jobs: Iterable[Job]) -> list[MeasuringStep]:
    """Return the step of each dataset that measures the first fold and seed of each loss with both adjacencies."""
    first: dict[str, dict[str, str]] = {}
    for job in jobs:
        dataset, row, _ = Path(job.folder).parts[-3:]
        first.setdefault(dataset, {}).setdefault(row, job.folder)
    return [MeasuringStep(ADJACENCY, list(folders.values())) for folders in first.values()]


def title_of(config: Config) -> str:
    """Return a run's name in messages."""
    changed = ",".join(f"{name}={value}" for name, value in config.loss_parameters.items())
    loss = "pretraining" if config.stage == "pretrain" else config.loss + (f" ({changed})" if changed else "")
    return f"{loss} on {config.dataset}, fold {config.fold}, seed {config.seed}"


def completed(job: Job, config: Config) -> Job:
    """Add to a job what is printed about it, and what its run must match.

    Args:
        job: the run with its notebooks' parameters.
        config: its parameters.

    Returns:
        The job with titles, all parameters of the loss, and the state of the code.
    """
    import losses
    from evaluation.evaluate import sources_of_numbers
    from training.sources import of_training

    return replace(
        job,
        title=title_of(config),
        loss_title=losses.entry(config.loss).title,
        loss_parameters=loss_parameters(config.loss, config.loss_parameters),
        sources=of_training(config),
        measuring_sources=sources_of_numbers(),
    )


def finished_otherwise(jobs: Iterable[Job]) -> list[str]:
    """Say which finished runs would be lost to runs with other parameters.

    Args:
        jobs: the planned runs.

    Returns:
        One text for each way in which parameters differ, with the runs that it concerns.
    """
    found: dict[str, list[str]] = {}
    for job in jobs:
        differing = other_parameters(Config(**job.train))
        if differing:
            found.setdefault("; ".join(differing), []).append(job.title)
    return [f"{text} ({_some(titles)})" for text, titles in found.items()]


def _jobs(
    experiment: Experiment, results: str, skipped: Mapping[str, str], values: Values
) -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Yield the train notebook's parameters of each run, a pretraining run before those that start from it.

    With them the name of the tuned entry that the run belongs to and its values; both are empty for all others.
    """
    import losses as register

    for dataset, settings in experiment.datasets.items():
        losses = [
            (position, entry)
            for position, entry in enumerate(experiment.losses)
            if not {entry.slug, _on(entry.slug, dataset)} & skipped.keys()
        ]
        for fold in experiment.folds:
            for seed in experiment.all_seeds:
                fixed = {"dataset": dataset, "fold": fold, "seed": seed, "experiment": experiment.name}
                fixed |= {"results": results, "data": f"{results}/data", "smoke": experiment.smoke}
                pretrain = _parameters(experiment, settings, "pretrain") | fixed
                pretrain |= {"stage": "pretrain", "loss": "dice_ce", "loss_parameters": {}, "init_from": ""}
                yield pretrain, "", {}
                start = Config(**pretrain).run_folder / CHECKPOINT
                for position, entry in losses:
                    if seed not in experiment.seeds_of(entry):
                        continue
                    tuned = values.get((dataset, position), entry.trials[0] if entry.tune else {})
                    own = {name: value for name, value in tuned.items() if name in register.parameters(entry.slug)}
                    here = merge(entry.parameters, settings.get("losses", {}).get(entry.slug) or {}) | own
                    finetune = _parameters(experiment, settings, "finetune")
                    finetune |= {name: value for name, value in tuned.items() if name not in own} | fixed
                    finetune |= {"stage": "finetune", "loss": entry.slug, "loss_parameters": here}
                    yield finetune | {"init_from": str(start)}, entry.title, tuned


def _parameters(experiment: Experiment, settings: dict[str, Any], stage: str) -> dict[str, Any]:
    """Merge a dataset's common and stage parameters into the experiment's."""
    result = merge(experiment.common, getattr(experiment, stage))
    return merge(merge(result, settings.get("common", {})), settings.get(stage, {}))


def _job(config: Config, experiment: Experiment) -> Job:
    folder = str(config.run_folder)
    after = str(Path(config.init_from).parent) if config.init_from else ""
    settings = experiment.datasets[config.dataset]
    evaluate = {
        "run": folder,
        "pretrain": after or folder,
        "metrics": settings.get("metrics", experiment.metrics),
        "adjacency": settings.get("adjacency", 0),
        "fov": settings.get("fov", experiment.fov),
    }
    return completed(Job(folder, after=after, train=config.as_dict(), evaluate=evaluate), config)


def _prepare(name: str, settings: dict[str, Any], results: str, data: str) -> DatasetPlan:
    """Return the prepare notebook's parameters for a dataset."""
    import data_prep

    needs_source = name in data_prep.names() and not data_prep.entry(name).embedded
    source = str(Path(data) / settings.get("source", "")) if needs_source and data else ""
    if needs_source and not (source and Path(source).is_dir()) and not (Path(results) / "data" / name).is_dir():
        missing = f"{source} is no folder" if source else "no folder was given"
        raise ExperimentError(f"{name} needs its official files and {missing}: {SOURCES_BELONG}")
    options, partial = settings.get("options", {}), settings.get("partial", False)
    return DatasetPlan(name, source, f"{results}/data", options, partial)


def _unavailable(experiment: Experiment) -> dict[str, str]:
    """Return the losses that cannot run here, each with its reason."""
    import losses

    states = {entry.slug: losses.entry(entry.slug).available() for entry in experiment.losses}
    return {slug: reason for slug, (available, reason) in states.items() if not available}


def _undefined(experiment: Experiment) -> dict[str, str]:
    """Return which losses are not defined for a registered dataset's dimensions, each with its reason."""
    import data_prep
    import losses

    known = [name for name in experiment.datasets if name in data_prep.names()]
    return {
        _on(slug, dataset): f"not defined in {data_prep.entry(dataset).dims}D"
        for dataset in known
        for slug in [entry.slug for entry in experiment.losses]
        if data_prep.entry(dataset).dims not in losses.entry(slug).dims
    }


def _on(slug: str, dataset: str) -> str:
    return f"{slug} on {dataset}"


def _some(where: list[str]) -> str:
    return where[0] if len(where) == 1 else f"{where[0]} and {len(where) - 1} more"
