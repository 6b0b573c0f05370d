"""The writing layer: a plan in, a prepared folder out, whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data_prep._plan import Plan
from data_prep._problems import PreparationError
from data_prep._register import Entry
from data_prep.prepared import checksums
from data_prep.prepared.case import FILE_ENDING, Layout, Written, write_case
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
    replace: bool,
    progress: bool,
    workers: int = 1,
) -> Path:
    """Write a plan's cases as nnU-Net raw data with folds, checksums and card.

    Args:
        plan: what to write.
        entry: the dataset's entry in the register.
        destination: folder that holds prepared datasets; made where missing.
        options: the options that made the plan, for the card.
        replace: an existing folder is replaced; otherwise it is kept when another process was first.
        progress: show a bar (on a terminal only).
        workers: number of processes; 0: one for each core, as far as memory allows.

    Returns:
        destination/<name of the plan>, by default the slug.

    Raises:
        PreparationError: broken samples, all of them; the destination is as before.
        OSError: the destination cannot be written or is full; it is as before.
    """
    name = plan.name or entry.slug
    workers = count_workers(plan.cases, workers)
    try:
        with _whole_folder(destination, name, replace=replace) as folder:
            _write(plan, entry, folder, options, workers=workers, progress=progress)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        message = f"no space left in {destination}, which is as before; free some, or choose another destination"
        raise OSError(error.errno, message) from error
    return destination / name


def _write(plan: Plan, entry: Entry, folder: Path, options: Mapping[str, Any], *, workers: int, progress: bool) -> None:
    for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
        (folder / name).mkdir()
    dims = plan.dims or entry.dims
    layout = Layout(folder, dims, len(plan.channels), len(plan.classes), entry.embedded, plan.source)
    results = run_all(partial(write_case, layout=layout), plan.cases, workers)
    quiet = None if progress else True
    written = list(tqdm(results, total=len(plan.cases), desc=plan.name or entry.slug, unit="case", disable=quiet))
    if problems := [problem for case in _in_order(plan, written) for problem in case.problems]:
        raise PreparationError(problems)
    _Describer(plan, entry, dims, _in_order(plan, written)).write(folder, options)


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

    def __init__(self, plan: Plan, entry: Entry, dims: int, cases: list[Written]) -> None:
        self.plan, self.entry, self.dims, self.cases = plan, entry, dims, cases
        self.name = plan.name or entry.slug

    def write(self, folder: Path, options: Mapping[str, Any]) -> None:
        """Write them, the checksums last."""
        output = {name: digest for case in self.cases for name, digest in case.output.items()}
        contents = {
            "dataset.json": self._dataset(),
            "splits_final.json": self.plan.folds,
            "card.json": self._card(options),
        }
        for name, content in contents.items():
            data = json_bytes(content)
            (folder / name).write_bytes(data)
            output[name] = checksums.hash_bytes(data)
        source = {name: digest for case in self.cases for name, digest in case.sources.items()}
        digests = {"output": output, "source": source}
        (folder / checksums.NAME).write_bytes(json_bytes(digests, sort_keys=True))

    def _dataset(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "channel_names": {str(index): name for index, name in enumerate(self.plan.channels)},
            "labels": {name: index for index, name in enumerate(self.plan.classes)},
            "numTraining": sum(not case.test for case in self.plan.cases),
            "file_ending": FILE_ENDING[self.dims],
        }

    def _card(self, options: Mapping[str, Any]) -> dict[str, Any]:
        entry, plan = self.entry, self.plan
        card = {
            "name": self.name,
            "title": entry.title,
            "dims": self.dims,
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
            "adjacency": ADJACENCY[self.dims],
            "spacing": self._common_spacing(),
            "foreground": "",
            "exclusions": [],
            "notes": [],
            "unchecked": [],
            "groups": {name: list(cases) for name, cases in plan.groups.items()},
            **plan.card,
            "label_audit": {case.name: case.audit for case in self.cases if case.audit},
        }
        return {**card, "betti": betti} if (betti := self._betti()) else card

    def _betti(self) -> dict[str, dict[str, list[int]]]:
        known = {case.name: case.betti for case in self.cases if case.betti is not None}
        return {name: {str(index): list(numbers) for index, numbers in betti.items()} for name, betti in known.items()}

    def _common_spacing(self) -> list[float] | None:
        spacings = {case.spacing for case in self.cases}
        return list(spacings.pop()) if len(spacings) == 1 else None
