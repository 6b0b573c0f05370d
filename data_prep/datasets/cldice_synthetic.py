"""Synthetic vessels, as many as in clDice: the suite's own generator replaces data that are not public."""

from functools import partial
from pathlib import Path

import numpy as np

from data_prep._register import register
from data_prep.drawing import Draws, make_vessels
from data_prep.reading import Case, Plan, Sample

# clDice, appendix D
COUNTS = {"train": 15, "val": 2, "test": 5}
_SEED = 2021
_SIZE = 64


@register(
    "cldice_synthetic",
    title="Synthetic vessels (stand-in for clDice's)",
    dims=3,
    structure="synthetic",
    classes=("background", "vessel"),
    licence="Apache-2.0, as this suite",
    where="made by the suite itself, needs no source; the volumes of clDice are not public as such",
    size="15 training, 2 validation and 5 test volumes, 64 x 64 x 64",
    uses={"cldice": ["3"]},
    embedded=True,
    unchecked=("size, shapes and noise of the paper's volumes are not stated; these are this project's",),
)
def cldice_synthetic(source: Path | None, *, noise: float = 16.0, size: int = _SIZE) -> Plan:
    """Plan 15 + 2 volumes as one fold and 5 for the test, as in clDice: drawn vessels with Gaussian noise.

    These are not the data of the paper, whose size, vessels and noise are not stated: compare results with the paper's
    for orientation only.

    Args:
        source: not used.
        noise: standard deviation of the added noise in grey values (0 to 255), at least 0.
        size: length of each axis, 32 to 512.

    Returns:
        The plan.

    Raises:
        ValueError: an option out of range.
    """
    if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise <= 255:
        raise ValueError(f"`noise` must lie in [0, 255], got {noise!r}")
    if isinstance(size, bool) or not isinstance(size, int) or not 32 <= size <= 512:
        raise ValueError(f"`size` must be a whole number in 32..512, got {size!r}")
    names = {part: [f"{part}{number:02d}" for number in range(count)] for part, count in COUNTS.items()}
    everything = [(name, part == "test") for part, listed in names.items() for name in listed]
    return Plan(
        cases=[
            Case(name, partial(_make, number, size, float(noise)), test=is_test)
            for number, (name, is_test) in enumerate(everything)
        ],
        channels=["angiography"],
        folds=[{part: names[part] for part in ("train", "val")}],
        card={
            "foreground": "vessels, with Betti numbers by construction",
            "folds": "one: 15 training and 2 validation volumes",
            "notes": ["a stand-in: not the volumes of the clDice paper"],
        },
    )


def _make(number: int, size: int, noise: float) -> Sample:
    sample = make_vessels(_SEED, number, size, 1)
    draws = Draws(_SEED, number, size, 7)
    noisy = sample.image + noise * draws.normals(sample.image.shape)
    return Sample(np.clip(np.rint(noisy), 0, 255).astype(np.uint8), sample.label, sample.spacing, sample.betti)
