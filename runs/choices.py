"""tuning/choices.json: which values of a loss were tried on validation cases, what came out, and which were chosen.

The trials of an experiment lie in its folder `tuning/`, each number with a results folder of its own, so that no table
of test results takes them for runs. What is chosen follows from their files alone: it is written for readers, and made
again at every start.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runs import files, history
from runs.record import read_record
from runs.schema import from_json

FOLDER, NAME = "tuning", "choices.json"
TIES = "dice"  # decides between equal values
_DIGITS = 9  # to which values are equal


@dataclass(frozen=True)
class Trial:
    """One combination of values on one dataset.

    Args:
        values: by parameter.
        scores: mean of each metric over the validation cases, over the folds; None where it is undefined.
        runs: folders of its runs, one a fold.
    """

    values: dict[str, Any]
    scores: dict[str, float | None] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Choice:
    """The trials of one entry of the list of losses on one dataset.

    Args:
        dataset: its name.
        entry: printed name of the entry.
        loss: slug.
        trials: in the order of the experiment file.
        chosen: number of the trial whose values were chosen, from 0.
    """

    dataset: str
    entry: str
    loss: str
    trials: list[Trial]
    chosen: int

    @property
    def values(self) -> dict[str, Any]:
        """Return the chosen values, by parameter."""
        return self.trials[self.chosen].values


@dataclass(frozen=True)
class Choices:
    """The content of choices.json.

    Args:
        metric: slug of the metric by which values were chosen.
        rule: the same in words, with the seed and the budget.
        choices: one for each tuned entry and dataset.
    """

    metric: str = ""
    rule: str = ""
    choices: list[Choice] = field(default_factory=list)


def folder(experiment: str | Path) -> Path:
    """Return the folder of an experiment's trials."""
    return Path(experiment) / FOLDER


def results_of(experiment: str | Path, number: int) -> Path:
    """Return the results folder of the trials with a number, from 0, whether it exists or not."""
    return folder(experiment) / f"trial{number + 1}"


def validation(run: str | Path) -> dict[str, float | None]:
    """Return what a finished run's weights reached on its validation cases.

    Args:
        run: its folder.

    Returns:
        Mean over the cases of each metric of a validation; None where it is undefined.

    Raises:
        ValueError: the run has no validation of the weights that it keeps.
    """
    kept = read_record(run).validation.get("checkpoint_iteration")
    found = history.read_history(run)
    columns = {name: f"validation_{name}" for name in history.VALIDATED}
    if kept is None or found is None or not set(columns.values()) <= set(found.columns):
        raise ValueError(f"{run} has no validations")
    rows = found[found["iteration"] == kept]
    if len(rows) != 1 or rows["validation_seconds"].isna().any():
        raise ValueError(f"{run} was not validated at iteration {kept}, of which it has kept the weights")
    values = {name: float(rows[column].iloc[0]) for name, column in columns.items()}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def mean(scores: list[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Return the mean of each metric over folds: over those where it is defined; None where there is none."""
    means: dict[str, float | None] = {}
    for name in scores[0]:
        defined = [value for each in scores if (value := each[name]) is not None]
        means[name] = sum(defined) / len(defined) if defined else None
    return means


def best(scores: list[Mapping[str, float | None]], metric: str, higher_is_better: bool) -> int:
    """Choose a trial: the best by the metric, of equal ones the one with the higher Dice, of those the first.

    Args:
        scores: of each trial, by metric.
        metric: the one that decides; a trial where it is undefined is worse than all others.
        higher_is_better: its direction.

    Returns:
        The number of the trial, from 0.
    """

    def rank(number: int) -> tuple[float, float, int]:
        value, dice = scores[number][metric], scores[number][TIES]
        signed = -math.inf if value is None else round(value if higher_is_better else -value, _DIGITS)
        return signed, -math.inf if dice is None else round(dice, _DIGITS), -number

    return max(range(len(scores)), key=rank)


def write_choices(experiment: str | Path, choices: Choices) -> Path:
    """Write an experiment's choices."""
    return files.write_json(folder(experiment) / NAME, asdict(choices))


def join_choices(found: Sequence[Choices]) -> Choices:
    """Join the choices of an experiment that several machines have tuned, each on datasets of its own.

    Raises:
        ValueError: they were chosen by different rules, or differ for one entry on one dataset.
    """
    rules = sorted({f"{each.metric}: {each.rule}" for each in found})
    if len(rules) > 1:
        raise ValueError("; ".join(["values were chosen by different rules", *rules]))
    joined: dict[tuple[str, str], Choice] = {}
    for choice in (choice for each in found for choice in each.choices):
        first = joined.setdefault((choice.dataset, choice.entry), choice)
        if (first.trials, first.chosen) != (choice.trials, choice.chosen):
            raise ValueError(f"{choice.entry} on {choice.dataset} was tuned twice, with different trials")
    return Choices(found[0].metric, found[0].rule, list(joined.values()))


def read_choices(experiment: str | Path) -> Choices | None:
    """Read an experiment's choices; None where nothing was tuned.

    Raises:
        ValueError: the file is unreadable.
    """
    path = folder(experiment) / NAME
    return from_json(Choices, files.read_json(path), str(path)) if path.is_file() else None
