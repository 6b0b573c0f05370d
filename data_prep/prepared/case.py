"""One case on its way into the prepared folder: loaded, checked, written, and released from memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data_prep._plan import Case, Sample
from data_prep._problems import PreparationError
from data_prep.prepared import checksums
from data_prep.prepared.encode import encode
from data_prep.prepared.file_names import FIELDS_OF_VIEW, FILE_ENDING
from data_prep.prepared.label_audit import audit_label


@dataclass(frozen=True)
class Layout:
    """What a case must match.

    Attributes:
        folder: the folder that is being prepared.
        dims: 2 or 3.
        channels: number of channels.
        classes: number of classes, background included.
        ignores: whether the index after the last class marks ignored pixels.
        stored: files are written without compression, so that their bytes are the same on every machine.
        source: the folder that recorded names of sources are relative to; None for embedded data.
    """

    folder: Path
    dims: int
    channels: int
    classes: int
    ignores: bool
    stored: bool
    source: Path | None


@dataclass
class Written:
    """What the JSON files record about a case.

    Attributes:
        name: of the case.
        output: {relative path: SHA-256} of the files written.
        sources: the same for the files read.
        spacing: one number for each axis.
        audit: the label audit's doubts.
        betti: Betti numbers known by construction, None where they are not known.
        notes: what is allowed but unusual.
        problems: what is wrong with the case; then nothing was written.
    """

    name: str
    output: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    spacing: tuple[float, ...] = ()
    audit: dict[str, dict[str, int]] = field(default_factory=dict)
    betti: Mapping[int, Sequence[int]] | None = None
    notes: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)


def write_case(case: Case, layout: Layout) -> Written:
    """Load a case, check it and write its files.

    Args:
        case: the case.
        layout: what it must match.

    Returns:
        The report on it, including its problems.

    Raises:
        OSError: the folder cannot be written.
    """
    written = Written(case.name)
    try:
        sample = case.load()
        _check(case, sample, layout)
    except PreparationError as error:
        written.problems = error.problems
        return written
    written.spacing = sample.spacing or (1.0,) * layout.dims
    for name, array in _files(case, sample, layout.dims):
        data = encode(array, written.spacing, stored=layout.stored)
        (layout.folder / name).parent.mkdir(exist_ok=True)
        (layout.folder / name).write_bytes(data)
        written.output[name] = checksums.hash_bytes(data)
    if sample.label is not None:
        written.audit = audit_label(sample.label, layout.classes)
    written.betti, written.notes = sample.betti, sample.notes
    for path in case.sources:
        name = path.relative_to(layout.source).as_posix() if layout.source else path.as_posix()
        written.sources[name] = checksums.hash_file(path)
    return written


def _files(case: Case, sample: Sample, dims: int) -> list[tuple[str, np.ndarray]]:
    part, ending, image = "Ts" if case.test else "Tr", FILE_ENDING[dims], sample.image
    # nnU-Net reads an RGB image from one PNG, and any other channel from a file of its own
    channels = [image] if dims == 2 and len(image) == 3 else list(image)
    files = [(f"images{part}/{case.name}_{number:04d}{ending}", channel) for number, channel in enumerate(channels)]
    if sample.label is not None:
        files.append((f"labels{part}/{case.name}{ending}", sample.label.astype(np.uint8)))
    if sample.field_of_view is not None:
        files.append((f"{FIELDS_OF_VIEW}{part}/{case.name}{ending}", sample.field_of_view.astype(np.uint8)))
    return files


def _check(case: Case, sample: Sample, layout: Layout) -> None:
    where = ", ".join(map(str, case.sources)) or case.name
    problems = []
    if len(sample.image) != layout.channels:
        problems.append(f"{where}: expected {layout.channels} channels, got {len(sample.image)}")
    if sample.image.dtype.kind == "f" and (wrong := int((~np.isfinite(sample.image)).sum())):
        problems.append(f"{where}: {wrong} values of the image are NaN or infinite; replace them")
    for what, mask in (("mask", sample.label), ("field of view", sample.field_of_view)):
        if mask is not None and sample.image.shape[1:] != mask.shape:
            sizes = f"image {_size(sample.image.shape[1:])}, {what} {_size(mask.shape)}"
            problems.append(f"{where}: image and {what} must have the same size, got {sizes}; get both files again")
    problems += _check_values(sample.label, layout, where)
    if problems:
        raise PreparationError(problems)


def _check_values(label: np.ndarray | None, layout: Layout, where: str) -> list[str]:
    highest = layout.classes - 1 + layout.ignores
    if label is None or not label.size or (label.min() >= 0 and label.max() <= highest):
        return []
    return [f"{where}: label values must lie in 0..{highest}, got {np.unique(label).tolist()}"]


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
