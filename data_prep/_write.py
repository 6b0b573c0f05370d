"""The writing layer: a plan in, a prepared folder out, whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from data_prep import _checksums
from data_prep._audit import audit_label
from data_prep._folder import json_bytes
from data_prep._formats import encode
from data_prep._plan import Case, Plan, Sample
from data_prep._problems import PreparationError
from data_prep._register import Entry

FILE_ENDING = {2: ".png", 3: ".nii.gz"}
ADJACENCY = {2: 8, 3: 26}


def write_dataset(
    plan: Plan, entry: Entry, destination: Path, options: Mapping[str, Any], *, replace: bool, progress: bool
) -> Path:
    """Write a plan's cases as nnU-Net raw data with folds, checksums and card.

    Args:
        plan: what to write.
        entry: the dataset's entry in the register.
        destination: folder that holds prepared datasets; made where missing.
        options: the options that made the plan, for the card.
        replace: an existing folder is replaced; otherwise it is kept when another process was first.
        progress: show a bar (on a terminal only).

    Returns:
        destination/<slug>.

    Raises:
        PreparationError: broken samples, all of them; the destination is as before.
        OSError: the destination cannot be written.
    """
    with _whole_folder(destination, entry.slug, replace=replace) as folder:
        writer = _Writer(folder, plan, entry)
        for case in tqdm(plan.cases, desc=entry.slug, unit="case", disable=None if progress else True):
            writer.add(case)
        writer.finish(options)
    return destination / entry.slug


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


class _Writer:
    """Writes case after case and remembers what the JSON files have to say."""

    def __init__(self, folder: Path, plan: Plan, entry: Entry) -> None:
        self.folder, self.plan, self.entry = folder, plan, entry
        self.ending = FILE_ENDING[entry.dims]
        self.output: dict[str, str] = {}
        self.source: dict[str, str] = {}
        self.betti: dict[str, dict[str, list[int]]] = {}
        self.audit: dict[str, dict[str, dict[str, int]]] = {}
        self.spacings: dict[str, tuple[float, ...]] = {}
        self.problems: list[str] = []
        for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
            (folder / name).mkdir()

    def add(self, case: Case) -> None:
        """Write one case, or note what is wrong with it."""
        try:
            sample = case.load()
            self._check(case, sample)
        except PreparationError as error:
            self.problems += error.problems
            return
        if self.problems:
            # nothing will be kept: from here on only look for further problems
            return
        part = "Ts" if case.test else "Tr"
        spacing = sample.spacing or (1.0,) * self.entry.dims
        image = sample.image[0] if len(sample.image) == 1 else sample.image
        if self.entry.dims == 2:
            self._write(f"images{part}/{case.name}_0000{self.ending}", encode(image, spacing, stored=self._stored))
        else:
            for number, channel in enumerate(sample.image):
                name = f"images{part}/{case.name}_{number:04d}{self.ending}"
                self._write(name, encode(channel, spacing, stored=self._stored))
        label = sample.label.astype(np.uint8)
        self._write(f"labels{part}/{case.name}{self.ending}", encode(label, spacing, stored=self._stored))
        self.spacings[case.name] = spacing
        if doubts := audit_label(label, len(self.plan.classes)):
            self.audit[case.name] = doubts
        if sample.betti is not None:
            self.betti[case.name] = {str(index): list(numbers) for index, numbers in sample.betti.items()}
        for path in case.sources:
            name = path.relative_to(self.plan.source).as_posix() if self.plan.source else path.as_posix()
            if name not in self.source:
                self.source[name] = _checksums.hash_file(path)

    @property
    def _stored(self) -> bool:
        return self.entry.embedded

    def _check(self, case: Case, sample: Sample) -> None:
        where = ", ".join(map(str, case.sources)) or case.name
        problems = []
        if len(sample.image) != len(self.plan.channels):
            problems.append(f"{where}: expected {len(self.plan.channels)} channels, got {len(sample.image)}")
        if sample.image.shape[1:] != sample.label.shape:
            sizes = f"image {_size(sample.image.shape[1:])}, mask {_size(sample.label.shape)}"
            problems.append(f"{where}: image and mask must have the same size, got {sizes}; get both files again")
        highest = len(self.plan.classes) - 1
        if sample.label.size and (sample.label.min() < 0 or sample.label.max() > highest):
            problems.append(f"{where}: label values must lie in 0..{highest}, got {np.unique(sample.label).tolist()}")
        if problems:
            raise PreparationError(problems)

    def _write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)
        self.output[name] = _checksums.hash_bytes(data)

    def _write_json(self, name: str, content: Any) -> None:
        self._write(name, json_bytes(content))

    def finish(self, options: Mapping[str, Any]) -> None:
        """Write the JSON files, the checksums last, or stop with all problems."""
        if self.problems:
            raise PreparationError(self.problems)
        training = [case.name for case in self.plan.cases if not case.test]
        self._write_json("dataset.json", self._dataset(len(training)))
        self._write_json("splits_final.json", self.plan.folds)
        self._write_json("card.json", self._card(options))
        checksums = {"output": self.output, "source": self.source}
        (self.folder / _checksums.NAME).write_bytes(json_bytes(checksums, sort_keys=True))

    def _dataset(self, training: int) -> dict[str, Any]:
        return {
            "name": self.entry.slug,
            "channel_names": {str(index): name for index, name in enumerate(self.plan.channels)},
            "labels": {name: index for index, name in enumerate(self.plan.classes)},
            "numTraining": training,
            "file_ending": self.ending,
        }

    def _card(self, options: Mapping[str, Any]) -> dict[str, Any]:
        entry, plan = self.entry, self.plan
        card = {
            "name": entry.slug,
            "title": entry.title,
            "dims": entry.dims,
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
            "adjacency": ADJACENCY[entry.dims],
            "spacing": self._common_spacing(),
            "foreground": "",
            "exclusions": [],
            "notes": [],
            "unchecked": [],
            "groups": {name: list(cases) for name, cases in plan.groups.items()},
            **plan.card,
            "label_audit": self.audit,
        }
        return {**card, "betti": self.betti} if self.betti else card

    def _common_spacing(self) -> list[float] | None:
        spacings = set(self.spacings.values())
        return list(spacings.pop()) if len(spacings) == 1 else None


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
