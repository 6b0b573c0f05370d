"""The list of losses of an experiment file: slugs, parameters, values to try on validation cases, seeds.

    - dice_ce: {tune: {learning_rate: [0.0003, 0.001, 0.003]}}
    - closs: {normalize: mask, tune: {gamma: [0.05, 0.1, 0.2]}}
    - scnp: {seeds: [0, 1, 2, 3, 4]}
    - cbdice

`seeds` takes the place of the experiment's own: more runs of what the experiment is about, fewer of the rest. What
`tune` lists is tried in all combinations, with the experiment's first seed; all tuned entries have the same number of
trials. It may list parameters of the loss, and those of the training that leave the number of iterations and patches as
it is.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.nearest import unknown
from runs import paths

TUNE, SEEDS = "tune", "seeds"
# of notebooks/train.ipynb; any other would give one loss more to learn from than another
TRAINING = ("learning_rate", "weight_decay", "optimizer", "foreground_share")


@dataclass(frozen=True)
class LossEntry:
    """An entry of the list of losses.

    Args:
        slug: name of the loss.
        parameters: fixed ones, by name.
        tune: values to try, by the name of a parameter of the loss or of the training.
        seeds: its own ones; None for those of the experiment.
    """

    slug: str
    parameters: dict[str, Any] = field(default_factory=dict)
    tune: dict[str, list[Any]] = field(default_factory=dict)
    seeds: list[int] | None = None

    @property
    def trials(self) -> list[dict[str, Any]]:
        """Return the values of each trial by parameter; none for an entry that is not tuned."""
        combinations = itertools.product(*self.tune.values()) if self.tune else ()
        return [dict(zip(self.tune, values, strict=True)) for values in combinations]

    @property
    def title(self) -> str:
        """Return the printed name of a tuned entry, the same whatever is chosen; "" for one that is not tuned."""
        import losses

        if not self.tune:
            return ""
        fixed = [f"{name}={value}" for name, value in self.parameters.items()]
        what = [*fixed, *(f"{name} tuned" for name in self.tune)]
        return f"{losses.entry(self.slug).title} ({', '.join(what)})"


def read_entry(given: Any) -> LossEntry:
    """Read `slug` or `{slug: {parameter: value, tune: {parameter: values}, seeds: [integers]}}`.

    Args:
        given: an element of the list, as YAML gives it.

    Returns:
        The entry; its names and values are not checked.

    Raises:
        ValueError: it has another form.
    """
    if isinstance(given, str):
        return LossEntry(given)
    if isinstance(given, dict) and len(given) == 1:
        slug, parameters = next(iter(given.items()))
        if isinstance(slug, str) and isinstance(parameters or {}, dict):
            fixed = dict(parameters or {})
            return LossEntry(slug, tune=fixed.pop(TUNE, None) or {}, seeds=fixed.pop(SEEDS, None), parameters=fixed)
    raise ValueError(f"an entry of `losses` must be a slug or {{slug: {{parameter: value}}}}, got {given!r}")


def list_problems(given: Iterable[Any]) -> list[str]:
    """Check a list of losses.

    Args:
        given: the list, as YAML gives it.

    Returns:
        The problems; none if all is well.
    """
    problems, entries = [], []
    for each in given:
        try:
            entry = read_entry(each)
        except ValueError as error:
            problems.append(str(error))
            continue
        problems += loss_problems(entry.slug, entry.parameters) or _tune_problems(entry)
        problems += [] if entry.seeds is None else different_integers(f"`seeds` of {entry.slug}", entry.seeds)
        entries.append(entry)
    return problems or [*_repeated(entries), *_uneven(entries), *_ambiguous(entries)]


def loss_problems(slug: str, parameters: Mapping[str, Any]) -> list[str]:
    """Check a loss's name and the names of its parameters.

    Args:
        slug: name of the loss.
        parameters: by name.

    Returns:
        The problems; none if all is well.
    """
    import losses

    if slug not in losses.names():
        return [unknown("loss", slug, losses.names())]
    known = losses.parameters(slug)
    return [unknown(f"parameter of {slug}", name, known) for name in parameters if name not in known]


def different_integers(where: str, given: Any) -> list[str]:
    """Check folds or seeds.

    Args:
        where: what is checked, for messages.
        given: the value, as YAML gives it.

    Returns:
        The problem; none if it is a list of different integers from 0.
    """
    whole = isinstance(given, list) and given and all(type(value) is int and value >= 0 for value in given)
    if whole and len(set(given)) == len(given):
        return []
    return [f"{where} must be a list of different integers from 0, got {given}"]


def _tune_problems(entry: LossEntry) -> list[str]:
    """Check what an entry of a known loss lists under `tune`."""
    import losses

    where = f"`tune` of {entry.slug}"
    if not isinstance(entry.tune, dict) or not all(isinstance(values, list) for values in entry.tune.values()):
        return [f"{where} must map parameters to lists of values, got {entry.tune!r}"]
    own = losses.parameters(entry.slug)
    problems = [
        f"{where}: {unknown('parameter', name, [*own, *TRAINING])}"
        for name in entry.tune
        if name not in own and name not in TRAINING
    ]
    for name, values in entry.tune.items():
        if name in entry.parameters:
            problems.append(f"{where}: {name!r} is also given as {entry.parameters[name]!r}")
        if not values or any(value in values[:place] for place, value in enumerate(values)):
            problems.append(f"{where}: {name!r} must list different values, got {values}")
    return problems


def _repeated(entries: list[LossEntry]) -> list[str]:
    """Refuse two entries that are, or by their tuning may become, one and the same."""
    import losses

    problems: list[str] = []
    seen: list[tuple[str, dict[str, Any]]] = []
    for entry in entries:
        own = losses.parameters(entry.slug)
        mine = []
        for trial in entry.trials or [{}]:
            values = entry.parameters | {name: value for name, value in trial.items() if name in own}
            mine.append((entry.slug, paths.differing(values, own)))
        problems += [f"loss {slug} occurs twice with the same parameters {given}" for slug, given in mine
                     if (slug, given) in seen and entry.slug == slug]  # fmt: skip
        seen += mine
    return list(dict.fromkeys(problems))


def _uneven(entries: Iterable[LossEntry]) -> list[str]:
    """Refuse one loss more trials than another."""
    counts = {entry.title: len(entry.trials) for entry in entries if entry.tune}
    if len(set(counts.values())) < 2:
        return []
    told = ", ".join(f"{title}: {count}" for title, count in counts.items())
    advice = "a loss without parameters of its own can have its learning_rate tuned"
    return [f"every tuned loss must have the same number of trials, got {told}; {advice}"]


def _ambiguous(entries: list[LossEntry]) -> list[str]:
    """Refuse a second entry of a loss whose training is tuned: a run's folder names only loss and loss parameters."""
    slugs = [entry.slug for entry in entries]
    return [
        f"`tune` of {entry.slug}: {name!r} can only be tuned where the list has no other entry of this loss"
        for entry in entries
        for name in entry.tune
        if name in TRAINING and slugs.count(entry.slug) > 1
    ]
