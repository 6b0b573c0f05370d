"""From an experiment to its list of runs: everything that Snakemake and the tables need to know, in one JSON file.

`results/<experiment>/plan.json` holds the notebooks' parameters of each run in full, so that the Snakefile only has to
look them up, and the tables know which runs ought to be there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runs import files
from training.config import Config
from workflow.experiment import Experiment, ExperimentError, merge

NAME = "plan.json"
SOURCES_BELONG = "give the folder that holds it with --data (make reproduce: DATA=...)"


@dataclass(frozen=True)
class Job:
    """One run and what is done with it.

    Args:
        folder: the run's folder.
        after: folder of the pretraining run that it starts from; "" for a pretraining run itself.
        title: what to call it in messages.
        loss_title: printed name of its loss.
        train: parameters of notebooks/train.ipynb.
        evaluate: parameters of notebooks/evaluate.ipynb.
    """

    folder: str
    after: str
    title: str
    loss_title: str
    train: dict[str, Any]
    evaluate: dict[str, Any]


def make(experiment: Experiment, results: str = "results", data: str = "") -> dict[str, Any]:
    """Expand an experiment into its plan and check the parameters of every run.

    Args:
        experiment: what to run.
        results: folder that gets `<experiment>/` and `data/`.
        data: folder that holds the official files of datasets that are not embedded.

    Returns:
        The plan, as plan.json holds it.

    Raises:
        ExperimentError: one message with the problems of all runs, each problem once.
    """
    skipped = _unavailable(experiment) | _undefined(experiment)
    problems: dict[str, list[str]] = {}
    jobs = []
    for job in _jobs(experiment, results, skipped):
        try:
            config = Config.from_parameters(**job | {"init_from": ""})
        except ValueError as error:
            for problem in str(error).splitlines():
                problems.setdefault(problem, []).append(f"{job['loss']} on {job['dataset']}")
            continue
        jobs.append(_job(config.as_dict() | {"init_from": job["init_from"]}, config, experiment))
    if problems:
        lines = [f"  - {problem} ({_some(where)})" for problem, where in problems.items()]
        raise ExperimentError("\n".join([f"{experiment.name} cannot be run:", *lines]))
    return {
        "experiment": experiment.name,
        "title": experiment.title or experiment.name,
        "note": experiment.note,
        "smoke": experiment.smoke,
        "results": results,
        "folder": str(Path(jobs[0].folder).parents[3]),
        "datasets": {name: _prepare(name, entry, results, data) for name, entry in experiment.datasets.items()},
        "losses": [{"loss": slug, "parameters": parameters} for slug, parameters in experiment.losses],
        "metrics": experiment.metrics,
        "skipped": skipped,
        "jobs": [vars(job) for job in jobs],
    }


def write(plan: dict[str, Any]) -> Path:
    """Write plan.json into the experiment's folder.

    Args:
        plan: from `make`.

    Returns:
        Path of the file.
    """
    return files.write_json(Path(plan["folder"]) / NAME, plan)


def _jobs(experiment: Experiment, results: str, skipped: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Give the train notebook's parameters of each run, a pretraining run before those that start from it."""
    for dataset, settings in experiment.datasets.items():
        losses = [loss for loss in experiment.losses if not {loss[0], _on(loss[0], dataset)} & skipped.keys()]
        for fold in experiment.folds:
            for seed in experiment.seeds:
                fixed = {"dataset": dataset, "fold": fold, "seed": seed, "experiment": experiment.name}
                fixed |= {"results": results, "data": f"{results}/data", "smoke": experiment.smoke}
                pretrain = _parameters(experiment, settings, "pretrain") | fixed
                pretrain |= {"stage": "pretrain", "loss": "dice_ce", "loss_parameters": {}, "init_from": ""}
                yield pretrain
                start = Config(**pretrain).run_folder / "checkpoint.pt"
                for slug, parameters in losses:
                    here = merge(parameters, settings.get("losses", {}).get(slug) or {})
                    finetune = _parameters(experiment, settings, "finetune") | fixed
                    finetune |= {"stage": "finetune", "loss": slug, "loss_parameters": here, "init_from": str(start)}
                    yield finetune


def _parameters(experiment: Experiment, settings: dict[str, Any], stage: str) -> dict[str, Any]:
    """Lay a dataset's common and stage parameters over the experiment's."""
    result = merge(experiment.common, getattr(experiment, stage))
    return merge(merge(result, settings.get("common", {})), settings.get(stage, {}))


def _job(train: dict[str, Any], config: Config, experiment: Experiment) -> Job:
    import losses

    after = str(Path(train["init_from"]).parent) if train["init_from"] else ""
    changed = ",".join(f"{name}={value}" for name, value in config.loss_parameters.items())
    loss = "pretraining" if config.stage == "pretrain" else config.loss + (f" ({changed})" if changed else "")
    evaluate = {
        "run": str(config.run_folder),
        "pretrain": after or str(config.run_folder),
        "metrics": experiment.metrics,
        "adjacency": experiment.datasets[config.dataset].get("adjacency", 0),
    }
    title = f"{loss} on {config.dataset}, fold {config.fold}, seed {config.seed}"
    return Job(str(config.run_folder), after, title, losses.entry(config.loss).title, train, evaluate)


def _prepare(name: str, settings: dict[str, Any], results: str, data: str) -> dict[str, Any]:
    """Give the prepare notebook's parameters for a dataset."""
    import data_prep

    needs_source = name in data_prep.names() and not data_prep.entry(name).embedded
    source = str(Path(data) / settings.get("source", "")) if needs_source and data else ""
    if needs_source and not (source and Path(source).is_dir()) and not (Path(results) / "data" / name).is_dir():
        missing = f"{source} is no folder" if source else "no folder was given"
        raise ExperimentError(f"{name} needs its official files and {missing}: {SOURCES_BELONG}")
    prepared = {"dataset": name, "source": source, "data": f"{results}/data"}
    return prepared | {"options": settings.get("options", {}), "partial": settings.get("partial", False)}


def _unavailable(experiment: Experiment) -> dict[str, str]:
    """Return the losses that cannot run here, each with its reason."""
    import losses

    states = {slug: losses.entry(slug).available() for slug, _ in experiment.losses}
    return {slug: reason for slug, (available, reason) in states.items() if not available}


def _undefined(experiment: Experiment) -> dict[str, str]:
    """Return which losses are not defined for a registered dataset's dimensions, each with its reason."""
    import data_prep
    import losses

    known = [name for name in experiment.datasets if name in data_prep.names()]
    return {
        _on(slug, dataset): f"not defined in {data_prep.entry(dataset).dims}D"
        for dataset in known
        for slug, _ in experiment.losses
        if data_prep.entry(dataset).dims not in losses.entry(slug).dims
    }


def _on(slug: str, dataset: str) -> str:
    return f"{slug} on {dataset}"


def _some(where: list[str]) -> str:
    return where[0] if len(where) == 1 else f"{where[0]} and {len(where) - 1} more"
