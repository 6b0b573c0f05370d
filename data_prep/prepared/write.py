"""The writing layer: from a plan to a prepared folder, complete or not at all."""

import errno
import functools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data_prep._plan import Plan
from data_prep._problems import PreparationError
from data_prep._register import Entry
from data_prep.prepared import checksums
from data_prep.prepared.card import Card
from data_prep.prepared.case import Layout, Written, write_case
from data_prep.prepared.file_names import FILE_ENDING, IGNORE
from data_prep.prepared.json_files import json_bytes
from data_prep.prepared.workers import count_workers, run_all

_FULL = (errno.ENOSPC, errno.EDQUOT)
ADJACENCY = {2: 8, 3: 26}


def write_dataset(
    plan: Plan,
    entry: Entry,
    destination: Path,
    options: Mapping[str, Any],
    *,
    partial: bool = False,
    replace: bool,
    progress: bool,
    workers: int = 1,
) -> Path:
    """Write a plan's cases as nnU-Net raw data with folds, checksums and card.

    Args:
        plan: what to write.
        entry: the dataset's entry in the registry.
        destination: folder that holds prepared datasets; created if missing.
        options: the options that made the plan, for the card.
        partial: leave out broken samples, and record them on the card.
        replace: an existing folder is replaced; otherwise it is kept if another process was first.
        progress: show a bar (on a terminal only).
        workers: number of processes; 0: one for each core, as far as memory allows.

    Returns:
        destination/<name of the plan>, by default the slug.

    Raises:
        PreparationError: broken samples, all of them, or with `partial`, a fold that loses all of its training images;
            the destination is unchanged.
        OSError: the destination cannot be written or is full; it is unchanged.
    """
    workers = count_workers(plan.cases, workers)
    try:
        with _whole_folder(destination, plan.name, replace=replace) as folder:
            notes = _write(plan, entry, folder, options, partial=partial, workers=workers, progress=progress)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        message = f"no space left in {destination}, which is as before; free some, or choose another destination"
        raise OSError(error.errno, message) from error
    for note in notes:
        warnings.warn(f"{plan.name}: {note}", stacklevel=3)
    return destination / plan.name


def _write(
    plan: Plan, entry: Entry, folder: Path, options: Mapping[str, Any], *, partial: bool, workers: int, progress: bool
) -> list[str]:
    """Write cases and JSON files; return warnings for the user."""
    for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
        (folder / name).mkdir()
    layout = Layout(folder, plan.dims, len(plan.channels), len(plan.classes), plan.ignores, entry.embedded, plan.source)
    results = run_all(functools.partial(write_case, layout=layout), plan.cases, workers)
    quiet = None if progress else True
    written = _in_order(plan, list(tqdm(results, total=len(plan.cases), desc=plan.name, unit="case", disable=quiet)))
    if problems := [problem for case in written for problem in case.problems]:
        if not partial:
            raise PreparationError([*problems, *plan.missing])
        plan = _leave_out(plan, {case.name for case in written if case.problems}, problems)
    notes = [*plan.notes, *(note for case in written for note in case.notes)]
    _Describer(plan, entry, [case for case in written if not case.problems], notes).write(folder, options)
    return notes


def _leave_out(plan: Plan, broken: set[str], problems: list[str]) -> Plan:
    """Return the plan without broken cases, each of which is recorded as missing."""
    folds = [{part: [name for name in fold[part] if name not in broken] for part in fold} for fold in plan.folds]
    if not all(fold["train"] for fold in folds):
        raise PreparationError([*problems, *plan.missing, f"{plan.name}: a fold without any training image is left"])
    return replace(
        plan,
        cases=[case for case in plan.cases if case.name not in broken],
        folds=folds,
        groups={group: [name for name in names if name not in broken] for group, names in plan.groups.items()},
        missing=[*plan.missing, *(f"left out: {problem}" for problem in problems)],
    )


def _in_order(plan: Plan, written: list[Written]) -> list[Written]:
    by_name = {case.name: case for case in written}
    return [by_name[case.name] for case in plan.cases]


@contextmanager
def _whole_folder(destination: Path, name: str, *, replace: bool) -> Iterator[Path]:
    destination.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=destination))
    try:
        new = workplace / "new"
        new.mkdir()
        yield new
        _move_into_place(new, destination / name, workplace / "old", replace=replace)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _move_into_place(new: Path, target: Path, old: Path, *, replace: bool) -> None:
    if replace and target.exists():
        os.rename(target, old)
    try:
        os.rename(new, target)
    except OSError:
        if old.exists():
            os.rename(old, target)
        elif replace or not target.is_dir():
            raise
        # otherwise another process was first, with the same data: its folder stays


class _Describer:
    """Writes the JSON files that describe a prepared folder."""

    def __init__(self, plan: Plan, entry: Entry, cases: list[Written], notes: list[str]) -> None:
        self.plan, self.entry, self.cases, self.notes = plan, entry, cases, notes

    def write(self, folder: Path, options: Mapping[str, Any]) -> None:
        """Write them, the checksums last."""
        output = {name: digest for case in self.cases for name, digest in case.output.items()}
        contents = {
            "dataset.json": self._dataset(),
            "splits_final.json": self.plan.folds,
            "card.json": self._card(options).to_json(),
        }
        for name, content in contents.items():
            data = json_bytes(content)
            (folder / name).write_bytes(data)
            output[name] = checksums.hash_bytes(data)
        source = {name: digest for case in self.cases for name, digest in case.sources.items()}
        digests = {"output": output, "source": source}
        (folder / checksums.NAME).write_bytes(json_bytes(digests, sort_keys=True))

    def _dataset(self) -> dict[str, Any]:
        labels = [*self.plan.classes, *([IGNORE] if self.plan.ignores else [])]
        return {
            "name": self.plan.name,
            "channel_names": {str(index): name for index, name in enumerate(self.plan.channels)},
            "labels": {name: index for index, name in enumerate(labels)},
            "numTraining": sum(not case.test for case in self.plan.cases),
            "file_ending": FILE_ENDING[self.plan.dims],
        }

    def _card(self, options: Mapping[str, Any]) -> Card:
        entry, plan = self.entry, self.plan
        stated = {
            "name": plan.name,
            "title": entry.title,
            "dims": plan.dims,
            "classes": list(plan.classes),
            "channels": list(plan.channels),
            "licence": entry.licence,
            "source": entry.where,
            "reference": entry.reference,
            "papers": list(entry.papers),
            "embedded": entry.embedded,
            "partial": bool(plan.missing),
            "missing": plan.missing,
            "options": {**entry.parameters, **options},
            "adjacency": ADJACENCY[plan.dims],
            "spacing": self._common_spacing(),
            "groups": {name: list(cases) for name, cases in plan.groups.items()},
            "label_audit": {case.name: case.audit for case in self.cases if case.audit},
            "betti": self._betti(),
        }
        joined = {
            "notes": [*plan.card.get("notes", ()), *self.notes],
            "unchecked": [*entry.unchecked, *plan.card.get("unchecked", ())],
        }
        return Card.from_json(stated | plan.card | joined, plan.name)

    def _betti(self) -> dict[str, dict[str, list[int]]]:
        known = {case.name: case.betti for case in self.cases if case.betti is not None}
        return {name: {str(index): list(numbers) for index, numbers in betti.items()} for name, betti in known.items()}

    def _common_spacing(self) -> list[float] | None:
        spacings = {case.spacing for case in self.cases}
        return list(spacings.pop()) if len(spacings) == 1 else None
