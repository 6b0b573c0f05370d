"""Score folders of predictions: match, check, measure, write metrics.csv and score.json.

Results are stored case by case in `.cases/`, under a fingerprint of both files and of everything that determines the
values: after an interruption only the rest is measured, and a file that has changed is measured again.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.scoring import checks, folders, plan, presets
from evaluation.scoring.classes import Classes, read_classes
from evaluation.scoring.folders import Case, Pairing
from evaluation.scoring.measuring import Row, Task, measure_case
from evaluation.scoring.plan import Measure
from evaluation.scoring.problems import ScoringError
from evaluation.scoring.workers import each
from runs import files, provenance

METRICS = "metrics.csv"
SCORE = "score.json"
COLUMNS = ("method", "case", "class", "metric", "version", "adjacency", "region", "value", "reason")
_CASES = ".cases"


@dataclass(frozen=True)
class Request:
    """A request for scoring.

    Attributes:
        predictions: folder of masks.
        ground_truth: folder of masks, or of an nnU-Net dataset.
        output: folder that gets the results.
        compare: further folders of predictions for the same ground truth.
        preset: metric set of a challenge or paper; "" for `metrics`.
        metrics: slugs with parameters; none for the core set, ("all",) for all.
        adjacency: of the foreground, overriding the dataset's or the preset's; None: theirs.
        spacing: of all images, overriding the files'; None: the files'.
        ignore: value of pixels in the ground truth that do not count; None for dataset.json's.
        binary: everything above 0 is one class.
        partial: score the existing predictions if some are missing.
        ignore_geometry: compare pixel by pixel even if affines differ.
        workers: processes; 0 for one per core.
    """

    predictions: Path
    ground_truth: Path
    output: Path
    compare: tuple[Path, ...] = ()
    preset: str = ""
    metrics: tuple[str, ...] = ()
    adjacency: int | None = None
    spacing: tuple[float, ...] | None = None
    ignore: int | None = None
    binary: bool = False
    partial: bool = False
    ignore_geometry: bool = False
    workers: int = 0


@dataclass(frozen=True)
class _Dataset:
    """The files beside the masks of an nnU-Net dataset."""

    classes: Classes = field(default_factory=Classes)
    adjacency: int | None = None
    spacing: tuple[float, ...] | None = None
    notes: tuple[str, ...] = ()


def score(request: Request, progress: bool = True) -> Path:
    """Score predictions.

    Args:
        request: the request.
        progress: show progress bars where the output is a terminal.

    Returns:
        The output folder, with metrics.csv (one row for each method, case, class and metric) and score.json.

    Raises:
        ScoringError: everything that is wrong with the request or the files.
    """
    _check(request)
    chosen = presets.preset(request.preset) if request.preset else None
    roots = [request.predictions, *request.compare]
    pairings = [
        folders.pair(folder, request.ground_truth, name, request.partial)
        for folder, name in zip(roots, folders.methods(roots), strict=True)
    ]
    dataset = _dataset(request, chosen)
    look = partial(checks.look, same_geometry=not request.ignore_geometry)
    cases = [case for pairing in pairings for case in pairing.cases]
    found = list(each(look, cases, request.workers, "reading", progress))
    dims = checks.refuse(found, dataset.classes, chosen)
    measures = chosen.of(dims) if chosen else plan.make(request.metrics, request.adjacency or dataset.adjacency, dims)
    if chosen and request.adjacency:
        measures = plan.with_adjacency(measures, request.adjacency)
    measures = plan.check(measures, dims)
    task = Task(measures, dataset.classes, _spacing(request, dataset, dims), _several(found, dataset.classes))
    work = partial(_remembered, task=task, facts=_decisive(task, dims))
    places = [(case, _place(request.output, number, case)) for number, p in enumerate(pairings) for case in p.cases]
    measured = each(work, places, request.workers, "scoring", progress)
    rows = _table(pairings, list(measured), measures, dims)
    files.write_csv(request.output / METRICS, COLUMNS, rows)
    notes = [*dataset.notes, *_notes(request, pairings, found)]
    files.write_json(request.output / SCORE, _record(request, chosen, pairings, task, dims, notes))
    return request.output


def _check(request: Request) -> None:
    problems = []
    if request.preset and request.metrics:
        problems.append(f"--metrics and --preset {request.preset} exclude each other; leave one out")
    if request.preset and request.preset not in presets.names():
        presets.preset(request.preset)
    if request.workers < 0:
        problems.append(f"--workers must be at least 0, got {request.workers}")
    if request.spacing is not None and (min(request.spacing) <= 0 or len(request.spacing) not in (2, 3)):
        problems.append(f"--spacing must be two or three positive numbers, got {list(request.spacing)}")
    if problems:
        raise ScoringError(problems)


def _dataset(request: Request, chosen: presets.Preset | None) -> _Dataset:
    """Read dataset.json and card.json, and apply the request's overrides."""
    notes = []
    path = folders.beside(request.ground_truth, "dataset.json") or folders.beside(request.predictions, "dataset.json")
    classes = read_classes(path) if path else Classes()
    if path and not request.binary:
        notes.append(f"Classes from {path.name}: {', '.join(classes.regions or classes.names.values())}.")
    card = _card(request.ground_truth)
    if chosen and chosen.classes is not None:
        names = {value: classes.names.get(value, str(value)) for value in chosen.classes}
        classes = Classes(names, {}, classes.ignore, declared=True)
    if request.ignore is not None:
        classes = replace(classes, ignore=request.ignore)
    if classes.ignore is not None:
        notes.append(f"Pixels where the ground truth is {classes.ignore} are background in both masks.")
    if request.binary:
        classes = classes.merged()
        notes.append("Every value above 0 is foreground.")
    if card.get("adjacency") and not request.adjacency and not chosen:
        notes.append(f"Adjacency {card['adjacency']} from the dataset's card.json.")
    spacing = tuple(float(side) for side in card["spacing"]) if card.get("spacing") else None
    return _Dataset(classes, card.get("adjacency"), spacing, tuple(notes))


def _card(folder: Path) -> dict[str, Any]:
    path = folders.beside(folder, "card.json")
    card = files.read_json(path) if path else {}
    return card if isinstance(card, dict) else {}


def _spacing(request: Request, dataset: _Dataset, dims: int) -> tuple[float, ...] | None:
    if request.spacing is not None and len(request.spacing) != dims:
        raise ScoringError(f"--spacing must be {dims} numbers for {dims}D images, got {list(request.spacing)}")
    if request.spacing is not None:
        return request.spacing
    return dataset.spacing if dataset.spacing and len(dataset.spacing) == dims else None


def _several(found: list[checks.Found], classes: Classes) -> bool:
    """Return whether there is more than one class."""
    if classes.binary:
        return False
    ignored = {0, classes.ignore}
    values = {value for each_case in found for value in (*each_case.predicted, *each_case.true)} - ignored
    return len(classes.regions) > 1 or len(values) > 1 or (classes.count or 0) > 2


def _decisive(task: Task, dims: int) -> str:
    """Return everything that determines the values of a case, except its files."""
    known = {"classes": asdict(task.classes), "spacing": task.spacing, "by_class": task.by_class}
    return json.dumps(known | {"plan": [measure.facts(dims) for measure in task.plan]}, sort_keys=True, default=list)


def _place(output: Path, number: int, case: Case) -> Path:
    return output / _CASES / str(number) / f"{case.name}.json"


def _remembered(place: tuple[Case, Path], task: Task, facts: str) -> list[Row]:
    """Measure a case, or load the stored result of an identical measurement."""
    case, path = place
    both = "".join(files.sha256(file) for file in (case.prediction, case.truth))
    fingerprint = hashlib.sha256((facts + both).encode()).hexdigest()
    if path.is_file():
        known = _read_known(path)
        if known.get("fingerprint") == fingerprint:
            return [row | {"value": math.nan if row["value"] is None else row["value"]} for row in known["rows"]]
    try:
        rows = measure_case(case, task)
    except (ValueError, TypeError) as error:
        raise ScoringError(f"{case.prediction}: {error}") from error
    strict = [row | {"value": None if math.isnan(row["value"]) else row["value"]} for row in rows]
    files.write_json(path, {"fingerprint": fingerprint, "rows": strict})
    return rows


def _read_known(path: Path) -> dict[str, Any]:
    try:
        known = files.read_json(path)
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _table(
    pairings: list[Pairing], measured: list[list[Row]], measures: tuple[Measure, ...], dims: int
) -> list[dict[str, Any]]:
    facts = {found["label"]: found for found in (measure.facts(dims) for measure in measures)}
    names = [(pairing.method, case.name) for pairing in pairings for case in pairing.cases]
    return [
        {"method": method, "case": case, **row, **{key: facts[row["metric"]][key] for key in COLUMNS[4:7]}}
        for (method, case), rows in zip(names, measured, strict=True)
        for row in rows
    ]


def _notes(request: Request, pairings: list[Pairing], found: list[checks.Found]) -> list[str]:
    notes = []
    for pairing in pairings:
        total = len(pairing.cases) + len(pairing.missing)
        if pairing.missing:
            notes.append(
                f"Partial: {pairing.method} has predictions for {len(pairing.cases)} of {total} ground truths."
            )
        if pairing.extra:
            names = ", ".join(pairing.extra[:3]) + (", ..." if len(pairing.extra) > 3 else "")
            notes.append(f"{pairing.method}: {len(pairing.extra)} predictions without a ground truth ({names}).")
    turned = [each_case.case.prediction for each_case in found if each_case.transposed]
    if turned:
        notes.append(f"{len(turned)} predictions fit better transposed, such as {turned[0].name}: are axes exchanged?")
    if request.ignore_geometry:
        notes.append("Affines of predictions and ground truth were not compared.")
    return notes


def _record(
    request: Request,
    chosen: presets.Preset | None,
    pairings: list[Pairing],
    task: Task,
    dims: int,
    notes: list[str],
) -> dict[str, Any]:
    preset = chosen and {key: getattr(chosen, key) for key in ("name", "title", "source", "differs")}
    return {
        "ground_truth": str(request.ground_truth),
        "methods": [
            {
                "name": pairing.method,
                "folder": str(folder),
                "cases": len(pairing.cases),
                "missing": list(pairing.missing),
                "extra": list(pairing.extra),
            }
            for pairing, folder in zip(pairings, [request.predictions, *request.compare], strict=True)
        ],
        "dims": dims,
        "preset": preset,
        "measures": [measure.facts(dims) for measure in task.plan],
        "classes": list(task.classes.regions) or [task.classes.names[key] for key in sorted(task.classes.names)],
        "spacing": task.spacing,
        "notes": notes,
        "provenance": asdict(provenance.collect()),
    }
