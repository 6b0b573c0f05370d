"""The metric sets of challenges and papers; each YAML file of presets/ is one.

title: TopCoW 2024                what it is
source: where the definitions were read
dims: [3]                         dimensions of the images
classes: [1, 2, 3]                allowed label values; "binary" for one class; omitted: any
measures: [...]                   fields of `plan.Measure`
differs: [...]                    where a number here differs from that of the source
"""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from evaluation.scoring.plan import Measure
from evaluation.scoring.problems import ScoringError
from registry.nearest import unknown

_FOLDER = Path(__file__).parent / "presets"
_KEYS = {"title", "source", "dims", "classes", "measures", "differs"}


@dataclass(frozen=True)
class Preset:
    """A metric set.

    Attributes:
        name: slug, as the file.
        title: printed name.
        source: where the definitions were read.
        dims: dimensions of the images that it is for.
        classes: allowed label values; None for any.
        binary: whether it is for one class.
        measures: what is measured.
        differs: where a number here differs from that of the source.
    """

    name: str
    title: str
    source: str
    dims: tuple[int, ...]
    classes: tuple[int, ...] | None
    binary: bool
    measures: tuple[Measure, ...]
    differs: tuple[str, ...]

    def of(self, dims: int) -> tuple[Measure, ...]:
        """Return the measures for images of a dimension; those of other dimensions are left out.

        Args:
            dims: of the images.

        Returns:
            The measures.

        Raises:
            ScoringError: the preset is for images of another dimension.
        """
        import metrics

        if dims not in self.dims:
            meant = " and ".join(f"{each}D" for each in self.dims)
            raise ScoringError(f"preset {self.name!r} is for {meant} images, these are {dims}D; choose another preset")
        return tuple(measure for measure in self.measures if dims in metrics.entry(measure.metric).dims)


def names() -> list[str]:
    """Return the presets."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


@cache
def preset(name: str) -> Preset:
    """Read a preset.

    Args:
        name: slug.

    Returns:
        The preset in its file.

    Raises:
        ScoringError: no such preset, or a file with unknown keys.
    """
    if name not in names():
        raise ScoringError(unknown("preset", name, names()))
    path = _FOLDER / f"{name}.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    wrong = sorted(set(content) - _KEYS)
    if wrong:
        raise ScoringError(f"{path}: unknown keys {', '.join(wrong)}; known: {', '.join(sorted(_KEYS))}")
    classes = content.get("classes")
    return Preset(
        name,
        content["title"],
        content["source"],
        tuple(content["dims"]),
        None if classes in (None, "binary") else tuple(classes),
        classes == "binary",
        tuple(_measure(path, given) for given in content["measures"]),
        tuple(content.get("differs", ())),
    )


def _measure(path: Path, given: dict[str, Any]) -> Measure:
    wrong = sorted(set(given) - {field.name for field in fields(Measure)})
    if wrong:
        raise ScoringError(f"{path}: unknown keys {', '.join(wrong)} in {given}")
    sides = {key: tuple(given[key]) for key in ("patch", "stride") if isinstance(given.get(key), list)}
    return Measure(**{**given, **sides})
