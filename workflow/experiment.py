"""Experiment files: read one, and reject everything unknown or wrong in it in one message.

An experiment file is YAML with these keys (all but `datasets` and `losses` are optional):

    title, note      printed above the tables and figures
    smoke            true: results only show that everything works, and say so
    datasets         name: {source, options, partial, adjacency, fov, metrics, common, pretrain, finetune, losses}, for
                     each (source: folder below --data with the official files; options: of the dataset, and partial:
                     continue without missing files, see data_prep.prepare; losses: parameters that differ on this
                     dataset)
    losses           list of slugs, or {slug: {parameter: value, tune: {parameter: [values]}, seeds: [integers]}}:
                     see workflow.loss_entries
    choose_by        metric of the validation cases by which values are chosen, "cldice" if omitted; ties by Dice
    metrics          list of slugs; all if omitted (a dataset's own `metrics` comes first)
    fov              false: measure outside the fields of view, too, on datasets that have them (default true; a
                     dataset's own `fov` comes first; training always ignores what is outside)
    folds, seeds     lists of integers, [0] if omitted
    common           parameters of notebooks/train.ipynb for all runs
    pretrain         those of the Dice&CE runs from scratch from which the others start
    finetune         those of the runs of each loss
    quick            overrides of all the above, for `--quick`

A dataset's own common, pretrain and finetune override the experiment's.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from registry.nearest import unknown
from runs.history import VALIDATED
from runs.paths import is_folder_name
from workflow.loss_entries import LossEntry, different_integers, list_problems, loss_problems, read_entry

FOLDER = Path(__file__).parent / "experiments"
SECTIONS = ("common", "pretrain", "finetune")
# what the workflow itself passes to the train notebook
RESERVED = (
    "dataset", "loss", "loss_parameters", "fold", "seed", "experiment", "stage", "data", "results", "init_from",
    "smoke", "predicted",
)  # fmt: skip

_KEYS: dict[str, type] = {
    "title": str, "note": str, "smoke": bool, "datasets": dict, "losses": list, "metrics": list, "fov": bool,
    "folds": list, "seeds": list, "choose_by": str, "common": dict, "pretrain": dict, "finetune": dict, "quick": dict,
}  # fmt: skip
_DATASET_KEYS: dict[str, type] = {
    "source": str, "options": dict, "partial": bool, "adjacency": int, "fov": bool, "metrics": list, "common": dict,
    "pretrain": dict, "finetune": dict, "losses": dict,
}  # fmt: skip


class ExperimentError(ValueError):
    """An experiment file cannot be run; the message lists every problem."""


@dataclass(frozen=True)
class Experiment:
    """An experiment file that has been read, with `quick` and overrides applied; see the module for the keys."""

    name: str
    datasets: dict[str, dict[str, Any]]
    losses: list[LossEntry]
    title: str = ""
    note: str = ""
    smoke: bool = False
    metrics: list[str] = field(default_factory=list)
    fov: bool = True
    folds: list[int] = field(default_factory=lambda: [0])
    seeds: list[int] = field(default_factory=lambda: [0])
    choose_by: str = "cldice"
    common: dict[str, Any] = field(default_factory=dict)
    pretrain: dict[str, Any] = field(default_factory=dict)
    finetune: dict[str, Any] = field(default_factory=dict)

    def seeds_of(self, entry: LossEntry) -> list[int]:
        """Return the seeds of an entry of `losses`: its own ones, if it has any."""
        return self.seeds if entry.seeds is None else entry.seeds

    @property
    def all_seeds(self) -> list[int]:
        """Return the seeds of the experiment and those that some entry adds."""
        return list(dict.fromkeys([*self.seeds, *(seed for entry in self.losses for seed in self.seeds_of(entry))]))


def names() -> list[str]:
    """Return the experiments that come with the suite."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(
    experiment: str, quick: bool = False, overrides: tuple[str, ...] = (), prepared: str = "results/data"
) -> Experiment:
    """Read and check an experiment.

    Args:
        experiment: name of a file in workflow/experiments, or path of a .yaml file.
        quick: apply the file's `quick` section; the experiment is then called `<name>-quick`.
        overrides: changes such as "finetune.iterations=4", applied last.
        prepared: folder of prepared datasets; a user's own dataset there needs no entry in data_prep.

    Returns:
        The experiment.

    Raises:
        ExperimentError: one message with every problem: unknown keys, datasets, losses, loss parameters, metrics and
            training parameters, each with its nearest neighbour, and wrong types.
    """
    path = find(experiment)
    if set(path.stem) & set(",{}"):
        raise ExperimentError(f"{path}: its name becomes that of a folder, in which Snakemake allows none of , {{ }}")
    content = _read(path)
    if quick and "quick" not in content:
        raise ExperimentError(f"{path} has no `quick` section")
    if quick and isinstance(content["quick"], dict):
        content = merge(content, content["quick"])
    for override in overrides:
        content = merge(content, _override(override))
    problems = _problems(content, Path(prepared))
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise ExperimentError(f"{path} cannot be run:\n{lines}")
    content.pop("quick", None)
    content["losses"] = [read_entry(entry) for entry in content["losses"]]
    content["datasets"] = {name: settings or {} for name, settings in content["datasets"].items()}
    return Experiment(name=path.stem + ("-quick" if quick else ""), **content)


def find(experiment: str) -> Path:
    """Return the file of an experiment given by name or path.

    Args:
        experiment: name of a file in workflow/experiments, or path of a .yaml file.

    Returns:
        The path.

    Raises:
        ExperimentError: there is none; with the nearest name.
    """
    for path in (FOLDER / f"{experiment}.yaml", Path(experiment)):
        if path.is_file() and path.suffix in (".yaml", ".yml"):
            return path
    raise ExperimentError(unknown("experiment", experiment, names()))


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge one mapping into another, nested mappings key by key; lists and values are replaced.

    Args:
        below: the defaults.
        above: what overrides them.

    Returns:
        A new mapping.
    """
    result = copy.deepcopy(dict(below))
    for key, value in above.items():
        inner = result.get(key)
        both = isinstance(inner, dict) and isinstance(value, Mapping)
        result[key] = merge(inner, value) if both else copy.deepcopy(value)
    return result


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a duplicate key is an error: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        merged = "tag:yaml.org,2002:merge"  # `<<` merges in the keys of another mapping
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != merged]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key {', '.join(twice)} occurs twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except (yaml.YAMLError, TypeError) as error:  # a list as a key raises a TypeError
        raise ExperimentError(f"{path} is not readable as YAML: {' '.join(str(error).split())}") from error
    except UnicodeDecodeError as error:
        raise ExperimentError(f"{path} is not readable as UTF-8 text: {error}") from error
    except RecursionError as error:
        raise ExperimentError(f"{path} is nested too deeply") from error
    if not isinstance(content, dict):
        raise ExperimentError(f"{path} must hold a mapping of keys, got {type(content).__name__}")
    return content


def _override(text: str) -> dict[str, Any]:
    """Read "a.b=value" as {"a": {"b": value}}."""
    keys, equals, value = text.partition("=")
    if not equals or not all(keys.split(".")):
        raise ExperimentError(f"--set wants KEY.KEY=VALUE such as finetune.iterations=4, got {text!r}")
    result = yaml.safe_load(value)
    for key in reversed(keys.split(".")):
        result = {key: result}
    return dict(result)


def _problems(content: dict[str, Any], prepared: Path) -> list[str]:
    problems = _wrong_names(content, "")
    if problems:
        return problems
    problems = _typed(content, _KEYS, "")
    problems += [f"`{key}` is missing or empty" for key in ("datasets", "losses") if not content.get(key)]
    if problems:
        return problems
    problems += _sections(content, "")
    problems += _metrics(content.get("metrics", []))
    problems += list_problems(content["losses"])
    problems += _datasets(content["datasets"], prepared)
    problems += [] if problems else _choice(content)
    for key in ("folds", "seeds"):
        problems += different_integers(f"`{key}`", content.get(key, [0]))
    return problems


def _wrong_names(content: Any, where: str) -> list[str]:
    """Return a problem for each key that is not text: YAML reads 2018 as a number and `on` as true."""
    if isinstance(content, list):
        return [problem for entry in content for problem in _wrong_names(entry, where)]
    if not isinstance(content, dict):
        return []
    problems = [f"the key {where}{key!r} must be text: put it in quotes" for key in content if not isinstance(key, str)]
    return problems + [problem for key, value in content.items() for problem in _wrong_names(value, f"{where}{key}.")]


def _typed(content: Mapping[str, Any], keys: Mapping[str, type], where: str) -> list[str]:
    """Check names and types of the keys of one mapping."""
    problems = [
        unknown("key", f"{where}{key}", [f"{where}{known}" for known in keys]) for key in content if key not in keys
    ]
    return problems + [
        f"`{where}{key}` must be a {keys[key].__name__}, got {content[key]!r}"
        for key in content
        if key in keys and type(content[key]) is not keys[key]
    ]


def _sections(content: Mapping[str, Any], where: str) -> list[str]:
    """Check the names of training parameters; their values are checked run by run (workflow.plan)."""
    from training.config import Config

    known = [entry.name for entry in fields(Config) if entry.name not in RESERVED]
    given = [(section, name) for section in SECTIONS for name in content.get(section, {})]
    problems = [
        f"`{where}{section}.{name}` is set by the workflow itself and cannot be in an experiment file"
        for section, name in given
        if name in RESERVED
    ]
    return problems + [
        f"{where}{section}: {unknown('training parameter', name, known)}"
        for section, name in given
        if name not in known and name not in RESERVED
    ]


def _metrics(given: list[Any]) -> list[str]:
    import metrics

    known = metrics.names()
    return [unknown("metric", name, known) for name in given if name not in known]


def _choice(content: Mapping[str, Any]) -> list[str]:
    """Check by what values are chosen, and that no dataset fixes what is tuned."""
    given = content.get("choose_by", VALIDATED[0])
    problems = [] if given in VALIDATED else [f"`choose_by` must be one of {', '.join(VALIDATED)}, got {given!r}"]
    if problems:
        return problems
    tuned = {(entry.slug, name) for each in content["losses"] for entry in [read_entry(each)] for name in entry.tune}
    return [
        f"datasets.{dataset}.losses.{slug}: {name!r} is tuned"
        for dataset, settings in content["datasets"].items()
        for slug, parameters in ((settings or {}).get("losses") or {}).items()
        for name in parameters or {}
        if (slug, name) in tuned
    ]


def _datasets(datasets: Mapping[str, Any], prepared: Path) -> list[str]:
    import data_prep

    problems = [f"dataset {name!r} cannot be a folder's name" for name in datasets if not is_folder_name(name)]
    for name, settings in datasets.items():
        if name not in data_prep.names() and not (prepared / name / "dataset.json").is_file():
            problems.append(unknown("dataset", name, data_prep.names()))
        if settings is not None and not isinstance(settings, dict):
            problems.append(f"`datasets.{name}` must be a mapping, got {settings!r}")
            continue
        typed = _typed(settings or {}, _DATASET_KEYS, f"datasets.{name}.")
        problems += typed
        if not typed and settings:
            problems += _sections(settings, f"datasets.{name}.")
            problems += [f"datasets.{name}: {text}" for text in _metrics(settings.get("metrics", []))]
            for slug, parameters in settings.get("losses", {}).items():
                problems += [f"datasets.{name}.losses: {text}" for text in loss_problems(slug, parameters or {})]
    return problems
