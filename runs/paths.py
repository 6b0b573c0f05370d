"""The location of a run: one run is dataset x loss (with its parameters) x fold x seed, and its folder says which.

The folder name is reversible, so two runs never share one: `parse_run(format_run(run)) == run`. Only parameters
that differ from the loss's defaults are in the name; `run.json` holds all of them (`runs.record` compares).

    <experiment>/runs/<dataset>/<slug>[,name=value...][,stage=pretrain]/fold<k>-seed<s>

A value is written so that it is read back with its type: floats by repr (`0.2`, `1e-05`), integers, `true`, `false`,
`none`, plain words unchanged (`base=cldice`), any other text after an `@` and percent-encoded (`base=@0.5`), lists
with a `~` after each element (`dims=0~1~`, `dims=~` for an empty one), mappings as one dotted name for each entry
(`base_parameters.gamma=0.3`, `base_parameters=.` for an empty one).
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

STAGES = ("finetune", "pretrain")

RUNS = "runs"  # holds the runs of an experiment
CHECKPOINT = "checkpoint.pt"  # the weights of a run
DEPTH = 5  # names from the experiment to the run: <experiment>/runs/<dataset>/<loss>/fold<k>-seed<s>

_CONSTANTS = {"true": True, "false": False, "none": None}
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_INTEGER = re.compile(r"-?[0-9]+")
_FOLD_SEED = re.compile(r"fold(0|[1-9][0-9]*)-seed(0|[1-9][0-9]*)")
_LONGEST_NAME = 255  # bytes that common file systems allow for one name


@dataclass(frozen=True)
class Run:
    """What distinguishes one run from the others of a results folder.

    Args:
        experiment: name of the experiment.
        dataset: name of the prepared dataset.
        loss: slug of the loss.
        loss_parameters: those of its parameters that differ from its defaults (`differing` finds them); None, booleans,
            integers, finite floats, strings, flat lists of these, mappings of names to these. Tuples become lists.
        fold: number of the fold, from 0.
        seed: the seed, from 0.
        stage: "finetune", or "pretrain" for the run that others start from.

    Raises:
        ValueError: a value that the folder name cannot hold.
    """

    experiment: str
    dataset: str
    loss: str
    loss_parameters: Mapping[str, Any] = field(default_factory=dict)
    fold: int = 0
    seed: int = 0
    stage: str = "finetune"

    def __post_init__(self) -> None:
        parameters = plain(self.loss_parameters)
        object.__setattr__(self, "loss_parameters", parameters)
        for name in ("experiment", "dataset"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise ValueError(f"`{name}` must be a name, got {getattr(self, name)!r}")
        for name in ("fold", "seed"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"`{name}` must be an integer from 0, got {value!r}")
        if self.stage not in STAGES:
            raise ValueError(f"`stage` must be one of {', '.join(STAGES)}, got {self.stage!r}")
        if not isinstance(self.loss, str) or not _IDENTIFIER.fullmatch(self.loss):
            raise ValueError(f"`loss` must be a slug such as 'thin_closs', got {self.loss!r}")
        for name in parameters:
            if name == "stage":
                raise ValueError("a loss parameter cannot be named 'stage': the run's folder uses that name")


def plain(value: Any) -> Any:
    """Return a parameter value as JSON would return it: tuples become lists.

    Args:
        value: None, bool, int, finite float, str, a flat list or tuple of these, or a mapping of names to these.

    Returns:
        The same value, a new list for lists and tuples, a new dict sorted by name for mappings.

    Raises:
        ValueError: any other type, nested lists, names that are not identifiers, NaN and infinities.
    """
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
                raise ValueError(f"a loss parameter's name must be letters, digits and underscores, got {name!r}")
        return {name: plain(value[name]) for name in sorted(value)}
    if isinstance(value, (list, tuple)):
        if any(isinstance(element, (list, tuple, Mapping)) for element in value):
            raise ValueError(f"a loss parameter may be a flat list, got the nested {value!r}")
        return [plain(element) for element in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"a loss parameter must be finite, got {value!r}")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"a loss parameter must be None, a bool, number, text or flat list, got {value!r}")


def differing(loss_parameters: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that differ from the loss's defaults, in the form of `Run`.

    An integer given for a parameter whose default is a float counts as that float (1 and 1.0 are one run), and tuples
    count as lists.

    Args:
        loss_parameters: parameters as a user gives them.
        defaults: all parameters of the loss with their defaults, from `losses.parameters(slug)`.

    Returns:
        The differing ones, sorted by name.

    Raises:
        ValueError: parameters that the loss does not have.
    """
    unknown = sorted(set(loss_parameters) - set(defaults))
    if unknown:
        raise ValueError(
            f"unknown loss parameters {', '.join(unknown)}; it has {', '.join(sorted(defaults)) or 'none'}"
        )
    given = {name: _like(plain(loss_parameters[name]), defaults[name]) for name in sorted(loss_parameters)}
    return {name: value for name, value in given.items() if not _same(value, plain(defaults[name]))}


def format_run(run: Run) -> Path:
    """Return the run's folder, relative to the results root.

    Args:
        run: the run.

    Returns:
        `<experiment>/runs/<dataset>/<slug>[,name=value...][,stage=pretrain]/fold<k>-seed<s>`

    Raises:
        ValueError: a name is longer than file systems allow.
    """
    loss = format_loss(run.loss, run.loss_parameters)
    if run.stage != "finetune":
        loss += f",stage={run.stage}"
    names = (_escape(run.experiment), RUNS, _escape(run.dataset), loss, f"fold{run.fold}-seed{run.seed}")
    for name in names:
        if len(name) > _LONGEST_NAME:
            raise ValueError(f"folder name of {len(name)} characters, {_LONGEST_NAME} are allowed: {name[:60]}...")
    return Path(*names)


def format_loss(slug: str, parameters: Mapping[str, Any]) -> str:
    """Return a loss and its parameters as one name, `<slug>[,name=value...]`, in the order of `parameters`."""
    return ",".join([slug, *(f"{name}={_encode(value)}" for name, value in _flat(parameters))])


def parse_loss(text: str) -> tuple[str, dict[str, Any]]:
    """Return the slug and the parameters that a name holds; the inverse of `format_loss`.

    Args:
        text: `<slug>[,name=value...]`.

    Returns:
        The slug and its parameters.

    Raises:
        ValueError: the text is not of that form.
    """
    slug, *parts = text.split(",")
    try:
        return slug, _nested({name: _decode(value) for name, value in dict(part.split("=") for part in parts).items()})
    except ValueError as error:
        raise ValueError(f"{text!r} is not <loss>[,name=value...] ({error})") from error


def parse_run(path: str | Path) -> Run:
    """Return the run that a folder holds; the inverse of `format_run`.

    Args:
        path: the run's folder, relative or absolute; anything before the experiment is ignored.

    Returns:
        The run.

    Raises:
        ValueError: the path is not that of a run.
    """
    names = Path(path).parts[-DEPTH:]
    match = _FOLD_SEED.fullmatch(names[-1]) if len(names) == DEPTH and names[1] == RUNS else None
    if match is None:
        raise ValueError(f"{path} is no run's folder: want <experiment>/runs/<dataset>/<loss>[,...]/fold<k>-seed<s>")
    try:
        slug, parameters = parse_loss(names[3])
    except ValueError as error:
        raise ValueError(f"{path} is no run's folder: {error}") from error
    stage = parameters.pop("stage", "finetune")
    fold, seed = (int(digits) for digits in match.groups())
    return Run(unquote(names[0]), unquote(names[2]), slug, parameters, fold, seed, stage)


def run_folder(results_root: str | Path, run: Run) -> Path:
    """Return the folder of `run` below the results root, whether it exists or not."""
    return Path(results_root) / format_run(run)


def find_runs(results_root: str | Path, experiment: str) -> list[Path]:
    """Return the folders of an experiment that hold a `run.json`, sorted.

    Args:
        results_root: the folder that holds the experiments.
        experiment: name of one.

    Returns:
        The run folders; none if the experiment has not been run.
    """
    return _runs_in(experiment_folder(results_root, experiment) / RUNS)


def experiment_folder(results_root: str | Path, experiment: str) -> Path:
    """Return the folder of an experiment below the results root, whether it exists or not."""
    return Path(results_root) / _escape(experiment)


def has_runs(folder: str | Path) -> bool:
    """Return whether a folder is an experiment's: whether it holds runs."""
    return (Path(folder) / RUNS).is_dir()


def find_experiments(folder: str | Path) -> list[Path]:
    """Return the experiments in a folder, or the folder itself if it is one, sorted.

    Args:
        folder: an experiment's folder, or a results folder.

    Returns:
        Their folders.

    Raises:
        ValueError: there is none.
    """
    place = Path(folder)
    if has_runs(place):
        return [place]
    found = sorted(path.parent for path in place.glob(f"*/{RUNS}") if path.is_dir())
    if not found:
        raise ValueError(f"{place}: no experiment in it; give folders such as results/smoke or results/")
    return found


def find_all_runs(results_root: str | Path) -> list[Path]:
    """Return the folders of all experiments that hold a `run.json`, sorted."""
    return [run for path in sorted(Path(results_root).glob(f"*/{RUNS}")) for run in _runs_in(path)]


def _runs_in(folder: Path) -> list[Path]:
    return sorted(file.parent for file in folder.glob("*/*/*/run.json") if _FOLD_SEED.fullmatch(file.parent.name))


def is_folder_name(name: str) -> bool:
    """Return whether a name can be that of a folder: not empty, no path, not longer than file systems allow."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return 0 < size <= _LONGEST_NAME and name not in (".", "..") and not {"/", "\\", "\0"} & set(name)


def _like(value: Any, default: Any) -> Any:
    """Convert integers to floats where the default is a float, also inside lists."""
    if isinstance(default, (list, tuple)) and isinstance(value, list):
        floats = bool(default) and all(isinstance(element, float) for element in default)
        return [_like(element, 0.0) for element in value] if floats else value
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _same(value: Any, default: Any) -> bool:
    """Return whether two values are equal, distinguishing True from 1."""
    return repr(value) == repr(default)


def _flat(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the parameters, the entries of a mapping under dotted names."""
    for name, value in parameters.items():
        if isinstance(value, dict) and value:
            nested = [key for key, entry in value.items() if isinstance(entry, dict)]
            if nested:
                raise ValueError(f"loss parameter {name!r} may hold no mapping itself, got one in {nested[0]!r}")
            yield from ((f"{name}.{key}", entry) for key, entry in value.items())
        else:
            yield name, value


def _nested(parameters: dict[str, Any]) -> dict[str, Any]:
    """Undo `_flat`."""
    result: dict[str, Any] = {}
    for name, value in parameters.items():
        outer, dot, inner = name.partition(".")
        if dot:
            result.setdefault(outer, {})[inner] = value
        else:
            result[name] = value
    return result


def _encode(value: Any) -> str:
    if isinstance(value, dict):
        return "."  # _flat leaves only empty ones
    if isinstance(value, list):
        return "".join(f"{_encode(element)}~" for element in value) or "~"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        bare = _WORD.fullmatch(value) and value not in _CONSTANTS
        return value if bare else f"@{_escape(value)}"
    return repr(value)


def _decode(text: str) -> Any:
    if text.endswith("~"):
        return [_decode(element) for element in text[:-1].split("~")] if text != "~" else []
    if text == ".":
        return {}
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text.startswith("@"):
        return unquote(text[1:], errors="strict")
    if _WORD.fullmatch(text):
        return text
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _escape(text: str) -> str:
    """Percent-encode all but letters, digits, `_`, `-` and `.`, and a leading dot, which would hide the folder."""
    escaped = quote(text, safe="").replace("~", "%7E")
    return f"%2E{escaped[1:]}" if escaped.startswith(".") else escaped
