"""The result of a dataset's function: a plan of cases, each of which can be loaded separately."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Fold = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Sample:
    """The arrays of one case.

    Attributes:
        image: (channels, *spatial), uint8 in 2D; any integer or float type in 3D.
        label: (*spatial), class indices, 0 is background; the index after the last class marks ignored pixels, if the
            plan has any. None: a test image without ground truth.
        spacing: one number for each axis of `label`, in the order of its axes; empty: all 1.
        betti: Betti numbers known by construction, {class index: [b0, b1(, b2)]}; None where they are not known.
        field_of_view: (*spatial), bool, True inside the imaged area; None: everywhere.
        notes: what is allowed but unusual, one line each.
    """

    image: np.ndarray
    label: np.ndarray | None
    spacing: tuple[float, ...] = ()
    betti: Mapping[int, Sequence[int]] | None = None
    field_of_view: np.ndarray | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One image with its ground truth, not loaded yet.

    Attributes:
        name: file name in the prepared folder, unique among training and test cases together.
        load: reads or makes the sample; raises `PreparationError` with the path of a broken file.
        sources: the source files that `load` reads.
        test: whether the case belongs to the test set.
    """

    name: str
    load: Callable[[], Sample]
    sources: tuple[Path, ...] = ()
    test: bool = False


@dataclass
class Plan:
    """Everything about a dataset except its pixels: a cheap survey of the source, made before anything is written.

    Attributes:
        cases: training and test cases.
        folds: the content of `splits_final.json`: {"train": [...], "val": [...]} for each fold; none if there are too
            few cases.
        channels: names, one for each channel of the images.
        classes: names, background first; empty: as registered.
        groups: test cases that must not be averaged together, {group: [cases]}.
        card: further entries of card.json (foreground, exclusions, unchecked claims, ...).
        source: the folder that the sources' recorded names are relative to; None for embedded data.
        problems: what stops the preparation, one line each.
        lone: files without their partner, or broken at first sight, one line each; left out with `partial`.
        missing: what is absent from an otherwise sound source, one line each; needs `partial` to continue.
        notes: what is allowed but unusual, one line each: shown as a warning, and recorded on the card.
        ignores: whether labels have ignored pixels.
        name: name of the prepared folder; "": the slug.
        dims: 2 or 3, if only the files determine it; 0: as registered.
    """

    cases: list[Case]
    folds: Sequence[Fold]
    channels: Sequence[str] = ("R", "G", "B")
    classes: Sequence[str] = ()
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    source: Path | None = None
    problems: list[str] = field(default_factory=list)
    lone: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ignores: bool = False
    name: str = ""
    dims: int = 0
