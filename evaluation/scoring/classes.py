"""The meaning of the label values: classes, nnU-Net's regions, the ignore label."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.scoring.problems import ScoringError
from runs.files import read_json

Labels = npt.NDArray[Any]


@dataclass(frozen=True)
class Classes:
    """The classes of a dataset.

    Attributes:
        names: label value to name, without background.
        regions: name to the label values that form it; empty if each class is measured separately.
        ignore: value of pixels in the ground truth that do not count; None for none.
        binary: everything above 0 is one class.
        declared: whether dataset.json or a preset defines the allowed values.
    """

    names: dict[int, str] = field(default_factory=dict)
    regions: dict[str, tuple[int, ...]] = field(default_factory=dict)
    ignore: int | None = None
    binary: bool = False
    declared: bool = False

    @property
    def count(self) -> int | None:
        """Return the number of classes with background if declared without gaps, so that absent ones count too."""
        contiguous = sorted(self.names) == list(range(1, len(self.names) + 1))
        return len(self.names) + 1 if self.declared and contiguous and not self.binary else None

    def name(self, label: int) -> str:
        """Return the printed name of a class."""
        return self.names.get(label, str(label))

    def prepare(self, prediction: Labels, truth: Labels) -> tuple[Labels, Labels]:
        """Prepare both images for measuring: ignored pixels become background in both, a binary mask has a 1.

        Args:
            prediction: label image.
            truth: label image of the same shape.

        Returns:
            Both, as passed to `metrics.measure`.
        """
        if self.ignore is not None:
            counted = truth != self.ignore
            prediction, truth = prediction * counted, truth * counted
        if self.binary:
            return (prediction > 0).astype(np.uint8), (truth > 0).astype(np.uint8)
        return prediction, truth

    def merged(self) -> "Classes":
        """Return the same with all classes merged."""
        return replace(self, binary=True, regions={}, names={1: "foreground"})


def read_classes(path: Path) -> Classes:
    """Read the classes of an nnU-Net dataset.

    Args:
        path: dataset.json.

    Returns:
        Its classes; regions where a label is a list of values.

    Raises:
        ScoringError: no labels, or invalid values.
    """
    try:
        labels = read_json(path).get("labels")
    except (ValueError, AttributeError) as error:
        raise ScoringError(f"{path}: not a dataset.json of nnU-Net ({error})") from error
    if not isinstance(labels, dict) or not labels:
        raise ScoringError(
            f"{path}: lacks `labels`; expected names of classes with their values, as nnU-Net writes them"
        )
    if all(str(key).isdigit() and isinstance(value, str) for key, value in labels.items()):  # nnU-Net version 1
        labels = {value: int(key) for key, value in labels.items()}
    values: dict[str, tuple[int, ...]] = {}
    for name, value in labels.items():
        given = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        if not given or any(isinstance(one, bool) or not isinstance(one, int) or one < 0 for one in given):
            raise ScoringError(f"{path}: label {name!r} must be a whole number or a list of them, got {value!r}")
        values[name] = tuple(given)
    ignore = values.pop("ignore", None)
    kept = {name: found for name, found in values.items() if found != (0,)}
    if any(len(found) > 1 for found in kept.values()):
        single = {value: str(value) for found in kept.values() for value in found}
        return Classes(single, kept, ignore[0] if ignore else None, declared=True)
    names = {found[0]: name for name, found in kept.items()}
    return Classes(names, {}, ignore[0] if ignore else None, declared=True)
