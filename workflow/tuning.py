"""Tuning: trials on validation cases first, then the experiment with the values that they chose.

The trials come in rounds: the first tries the first values of every tuned loss, the second the second ones. Each starts
from the experiment's own pretraining, with its first seed, on all folds; none predicts a test case. A run that equals
the chosen trial takes over its training and only predicts.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runs import choices, repeat
from runs.choices import Choice, Choices, Trial
from runs.plan import ExperimentPlan, Job
from runs.record import read_record_or_none
from training.config import Config
from training.sources import of_training
from workflow import plan as plans
from workflow.experiment import Experiment, ExperimentError
from workflow.plan import Values


@dataclass(frozen=True)
class Rounds:
    """What is run of a tuned experiment before the experiment itself.

    Args:
        experiment: the experiment.
        start: the pretraining runs from which the trials start.
        trials: a plan for each round.
    """

    experiment: Experiment
    start: ExperimentPlan
    trials: list[ExperimentPlan]

    @property
    def plans(self) -> list[ExperimentPlan]:
        """Return all plans in the order in which they run."""
        return [self.start, *self.trials]

    @property
    def start_file(self) -> Path:
        """Return where the plan of the pretraining is written: plan.json is the experiment's own."""
        return choices.folder(self.start.folder) / "pretraining.json"

    @property
    def jobs(self) -> list[Job]:
        """Return all trials."""
        return [job for plan in self.trials for job in plan.jobs]


def make_rounds(
    experiment: Experiment,
    results: str,
    data: str,
    asked: Callable[[ExperimentPlan], ExperimentPlan] = lambda plan: plan,
) -> Rounds | None:
    """Plan the trials of an experiment and check the parameters of each.

    Args:
        experiment: what to run.
        results: folder that gets everything.
        data: folder that holds the official files of datasets that are not embedded.
        asked: what becomes of each plan by the command line's options.

    Returns:
        The rounds; None where nothing is tuned.

    Raises:
        ExperimentError: see `workflow.plan.make`.
    """
    tuned = [replace(entry, seeds=None) for entry in experiment.losses if entry.tune]
    if not tuned:
        return None
    reduced = replace(experiment, losses=tuned, seeds=experiment.seeds[:1])
    made = []
    for number in range(len(tuned[0].trials)):
        values = {
            (dataset, position): entry.trials[number]
            for dataset in experiment.datasets
            for position, entry in enumerate(tuned)
        }
        made.append(asked(_round(plans.make(reduced, results, data, values), number)))
    whole = plans.make(reduced, results, data)
    pretraining = [job for job in whole.jobs if not job.after]
    start = replace(whole, jobs=pretraining, measurements=[], only_trained=True, title=f"{whole.title}, pretraining")
    return Rounds(experiment, asked(start), made)


def describe(rounds: Rounds, plan: ExperimentPlan) -> Iterator[str]:
    """Say what is tried, by what is chosen, and what it costs in iterations.

    Args:
        rounds: the trials.
        plan: the experiment with any values.

    Yields:
        Lines for people.
    """
    entries = [entry for entry in rounds.experiment.losses if entry.tune]
    for entry in entries:
        tried = "; ".join(f"{name} {', '.join(map(str, values))}" for name, values in entry.tune.items())
        yield f"tuned: {entry.title}: {tried}"
    trials, runs = rounds.jobs, [job for job in plan.jobs if job.after]
    yield f"trials: {len(trials)}, {len(rounds.trials)} of each tuned loss on each dataset and fold: " + _budget(trials)
    yield f"chosen by {_rule(rounds.experiment)}"
    once = sum(bool(job.tuned) and job.train["seed"] == rounds.experiment.seeds[0] for job in runs)
    yield f"then: {len(runs)} runs: {_budget(runs)}, of which {once} runs take over the training of their trial"


def _budget(jobs: list[Job]) -> str:
    return f"{sum(job.train['iterations'] for job in jobs):,} iterations"


def _rule(experiment: Experiment) -> str:
    import metrics

    title = metrics.entry(experiment.choose_by).title
    ties = "" if experiment.choose_by == choices.TIES else ", ties by Dice"
    return f"{title} on the validation cases{ties}, with seed {experiment.seeds[0]}, for each dataset, over its folds"


def choose(rounds: Rounds) -> Choices:
    """Choose the values of each tuned loss on each dataset, and write down what was tried.

    Args:
        rounds: the trials, all finished.

    Returns:
        The choices.

    Raises:
        ExperimentError: a trial has no validation, or was made with other parameters.
    """
    import metrics

    experiment = rounds.experiment
    grouped: dict[tuple[str, str], list[list[Job]]] = {}
    for number, plan in enumerate(rounds.trials):
        for job in plan.jobs:
            tried = grouped.setdefault((job.train["dataset"], job.entry), [[] for _ in rounds.trials])
            tried[number].append(job)
    better = metrics.entry(experiment.choose_by).higher_is_better
    made = []
    for (dataset, entry), tried in grouped.items():
        trials = [_trial(jobs) for jobs in tried]
        chosen = choices.best([trial.scores for trial in trials], experiment.choose_by, better)
        made.append(Choice(dataset, entry, tried[0][0].train["loss"], trials, chosen))
    iterations = sorted({job.train["iterations"] for job in rounds.jobs})
    rule = f"{_rule(experiment)}; {' or '.join(map(str, iterations))} iterations a trial"
    found = Choices(experiment.choose_by, rule, made)
    choices.write_choices(rounds.start.folder, found)
    return found


def values_of(experiment: Experiment, made: Choices) -> Values:
    """Return the chosen values by dataset and place in the experiment's list of losses."""
    places = {entry.title: place for place, entry in enumerate(experiment.losses) if entry.tune}
    return {(choice.dataset, places[choice.entry]): choice.values for choice in made.choices}


def take_over(rounds: Rounds, plan: ExperimentPlan, undone: Mapping[str, Any]) -> int:
    """Let runs that equal a trial start from its end.

    Args:
        rounds: the trials, all finished.
        plan: the experiment with the chosen values.
        undone: titles of the steps that are not done, of `workflow.done`.

    Returns:
        How many trainings need not be repeated.
    """
    made = {_training(job): job for job in rounds.jobs}
    taken = 0
    for job in plan.jobs:
        trial = made.get(_training(job)) if job.tuned and f"train {job.title}" in undone else None
        record = read_record_or_none(trial.folder) if trial else None
        # whatever state of the code is let count, a run must not claim the present one for another's training
        if trial and record and record.sources == of_training(Config(**job.train)):
            repeat.take_weights(trial.folder, job.folder)
            taken += 1
    return taken


def _training(job: Job) -> str:
    """Return what determines a run's weights, as one text."""
    return repr(sorted(Config(**job.train).training_parameters().items()))


def _round(plan: ExperimentPlan, number: int) -> ExperimentPlan:
    """Return the plan of the trials of one round, each below a results folder of its own."""
    place = choices.results_of(plan.folder, number)
    jobs = []
    for job in plan.jobs:
        if not job.after:
            continue
        config = Config(**job.train | {"results": str(place), "predicted": "validation", "pictures": False})
        tried = ", ".join(f"{name}={value}" for name, value in job.tuned.items())
        # without a colon, which ends the title in what a step prints (workflow/jobs/follow.py)
        title = f"trial {number + 1} ({tried}), {job.title}"
        jobs.append(replace(job, folder=str(config.run_folder), train=config.as_dict(), evaluate={}, title=title))
    return replace(
        plan,
        jobs=jobs,
        folder=str(place / Path(plan.folder).name),
        title=f"{plan.title}, trial {number + 1} of each tuned loss",
        measurements=[],
        only_trained=True,
    )


def _trial(jobs: list[Job]) -> Trial:
    try:
        scores = choices.mean([choices.validation(job.folder) for job in jobs])
    except (OSError, ValueError) as error:
        raise ExperimentError(f"nothing can be chosen: {error}") from error
    return Trial(jobs[0].tuned, scores, [job.folder for job in jobs])
