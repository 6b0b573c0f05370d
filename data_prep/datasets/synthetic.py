"""Embedded datasets: roads in 2D, arteries and veins in 3D, whose Betti numbers are known by construction.

The same seed gives the same bytes on every machine. Each case is made from (seed, its number) alone, so that a dataset
with more cases begins with those of a smaller one.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from data_prep._register import register
from data_prep.drawing import make_roads, make_vessels
from data_prep.reading import Case, Plan, Sample, interleaved_folds

MakeSample = Callable[[int, int, int, int], Sample]

ROAD_CLASSES = ("background", "road", "river")
VESSEL_CLASSES = ("background", "artery", "vein")
# test cases are numbered from here on, so that they stay the same when there are more training cases
FIRST_TEST = 1000


@register(
    "synthetic2d",
    title="Synthetic roads",
    dims=2,
    structure="synthetic",
    classes=ROAD_CLASSES[:2],
    licence="Apache-2.0, as this suite",
    where="made by the suite itself, needs no source",
    size="24 training and 8 test images, 128 x 128, grey",
    embedded=True,
)
def synthetic2d(
    source: Path | None, *, train: int = 24, test: int = 8, size: int = 128, classes: int = 1, seed: int = 2024
) -> Plan:
    """Plan road networks in aerial images; with two classes, rivers that the roads do not cross.

    Args:
        source: not used.
        train: number of training images, 2 or more.
        test: number of test images.
        size: height and width, 64 or more.
        classes: number of foreground classes, 1 or 2.
        seed: names the dataset.

    Returns:
        The plan.

    Raises:
        ValueError: an option out of range.
    """
    _check_options(train, test, size, 64, classes, seed)
    foreground = "roads, with Betti numbers by construction" + ("; rivers are a class of their own" * (classes - 1))
    return _plan(make_roads, ROAD_CLASSES, ["grey"], foreground, (train, test, size, classes, seed))


@register(
    "synthetic3d",
    title="Synthetic arteries and veins",
    dims=3,
    structure="synthetic",
    classes=VESSEL_CLASSES,
    licence="Apache-2.0, as this suite",
    where="made by the suite itself, needs no source",
    size="16 training and 6 test volumes, 48 x 48 x 48",
    embedded=True,
)
def synthetic3d(
    source: Path | None, *, train: int = 16, test: int = 6, size: int = 48, classes: int = 2, seed: int = 2024
) -> Plan:
    """Plan interleaved arteries and veins in angiography volumes; with one class, arteries alone.

    Args:
        source: not used.
        train: number of training volumes, 2 or more.
        test: number of test volumes.
        size: length of each axis, 32 or more.
        classes: number of foreground classes, 1 or 2.
        seed: names the dataset.

    Returns:
        The plan.

    Raises:
        ValueError: an option out of range.
    """
    _check_options(train, test, size, 32, classes, seed)
    foreground = "vessels, with Betti numbers by construction; arteries and veins never touch"
    return _plan(make_vessels, VESSEL_CLASSES, ["angiography"], foreground, (train, test, size, classes, seed))


def _plan(
    make: MakeSample,
    classes: tuple[str, ...],
    channels: list[str],
    foreground: str,
    options: tuple[int, int, int, int, int],
) -> Plan:
    train, test, size, class_count, seed = options
    training = [f"train{number:03d}" for number in range(train)]
    cases = [Case(name, partial(make, seed, number, size, class_count)) for number, name in enumerate(training)]
    for number in range(test):
        cases.append(Case(f"test{number:03d}", partial(make, seed, FIRST_TEST + number, size, class_count), test=True))
    return Plan(
        cases=cases,
        classes=classes[: class_count + 1],
        channels=channels,
        folds=interleaved_folds(training),
        card={"foreground": foreground, "folds": "five, every fifth case validates"},
    )


def _check_options(train: int, test: int, size: int, smallest: int, classes: int, seed: int) -> None:
    ranges = {"train": (train, 2, FIRST_TEST), "test": (test, 0, FIRST_TEST), "size": (size, smallest, 1024)}
    ranges |= {"classes": (classes, 1, 2), "seed": (seed, 0, 2**63)}
    problems = [
        f"`{name}` must be an integer in {low}..{high}, got {value!r}"
        for name, (value, low, high) in ranges.items()
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high
    ]
    if problems:
        raise ValueError("; ".join(problems))
