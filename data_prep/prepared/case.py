"""One case on its way into the prepared folder: loaded, checked, written, and gone from memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data_prep._plan import Case, Sample
from data_prep._problems import PreparationError
from data_prep.prepared import checksums
from data_prep.prepared.label_audit import audit_label
from data_prep.reading.formats import encode

FILE_ENDING = {2: ".png", 3: ".nii.gz"}


@dataclass(frozen=True)
class Layout:
    """What a case has to fit.

    Attributes:
        folder: the folder that is being prepared.
        dims: 2 or 3.
        channels: number of channels.
        classes: number of classes, background included.
        stored: files are written without compression, so that their bytes are the same on every machine.
        source: the folder that recorded names of sources are relative to; None for embedded data.
    """

    folder: Path
    dims: int
    channels: int
    classes: int
    stored: bool
    source: Path | None


@dataclass
class Written:
    """What the JSON files have to say about a case.

    Attributes:
        name: of the case.
        output: {relative path: SHA-256} of the files written.
        sources: the same of the files read.
        spacing: one number for each axis.
        audit: the label audit's doubts.
        betti: Betti numbers known by construction, None where they are not known.
        problems: what is wrong with the case; then nothing was written.
    """

    name: str
    output: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    spacing: tuple[float, ...] = ()
    audit: dict[str, dict[str, int]] = field(default_factory=dict)
    betti: Mapping[int, Sequence[int]] | None = None
    problems: list[str] = field(default_factory=list)


def write_case(case: Case, layout: Layout) -> Written:
    """Load a case, check it and write its files.

    Args:
        case: the case.
        layout: what it has to fit.

    Returns:
        What there is to say about it, its problems included.

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
    label = sample.label.astype(np.uint8)
    written.spacing = sample.spacing or (1.0,) * layout.dims
    for name, array in _files(case, sample.image, label, layout.dims):
        data = encode(array, written.spacing, stored=layout.stored)
        (layout.folder / name).write_bytes(data)
        written.output[name] = checksums.hash_bytes(data)
    written.audit = audit_label(label, layout.classes)
    written.betti = sample.betti
    for path in case.sources:
        name = path.relative_to(layout.source).as_posix() if layout.source else path.as_posix()
        written.sources[name] = checksums.hash_file(path)
    return written


def _files(case: Case, image: np.ndarray, label: np.ndarray, dims: int) -> list[tuple[str, np.ndarray]]:
    part, ending = "Ts" if case.test else "Tr", FILE_ENDING[dims]
    # nnU-Net reads an RGB image from one PNG, but each channel of a volume from its own file
    channels = [image[0] if len(image) == 1 else image] if dims == 2 else list(image)
    files = [(f"images{part}/{case.name}_{number:04d}{ending}", channel) for number, channel in enumerate(channels)]
    return [*files, (f"labels{part}/{case.name}{ending}", label)]


def _check(case: Case, sample: Sample, layout: Layout) -> None:
    where = ", ".join(map(str, case.sources)) or case.name
    problems = []
    if len(sample.image) != layout.channels:
        problems.append(f"{where}: expected {layout.channels} channels, got {len(sample.image)}")
    if sample.image.shape[1:] != sample.label.shape:
        sizes = f"image {_size(sample.image.shape[1:])}, mask {_size(sample.label.shape)}"
        problems.append(f"{where}: image and mask must have the same size, got {sizes}; get both files again")
    highest = layout.classes - 1
    if sample.label.size and (sample.label.min() < 0 or sample.label.max() > highest):
        problems.append(f"{where}: label values must lie in 0..{highest}, got {np.unique(sample.label).tolist()}")
    if problems:
        raise PreparationError(problems)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
