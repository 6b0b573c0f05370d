"""What paired differences on several datasets say about a claim: all datasets count alike, whatever their unit."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

import data_prep
from tables import intervals, statistics

CONFIRMED, UNDECIDED, OPPOSITE = "confirmed", "not confirmed", "opposite"
_LEVEL = 0.05


@dataclass(frozen=True)
class Effect:
    """The differences on one dataset.

    Attributes:
        dataset: its name, with the part of its test set if there is one.
        structure: what kind of structure it has, see `data_prep`.
        n: number of cases.
        mean: of the differences, in the metric's unit, positive in the claim's favour.
        low: lower limit of the 95 % interval of the mean.
        high: its upper limit.
        effect: standardised, see `standardized`.
        p: of the paired permutation test on this dataset alone, not corrected.
    """

    dataset: str
    structure: str
    n: int
    mean: float
    low: float
    high: float
    effect: float
    p: float


@dataclass(frozen=True)
class Part:
    """Several datasets together, which count alike.

    Attributes:
        effect: mean of their standardised effects.
        low: lower limit of its 95 % interval, NaN where a dataset has a single case.
        high: its upper limit.
        p: of the paired permutation test, stratified by dataset.
        n: number of cases.
        disagreement: I^2, the share of the spread of the datasets' effects that chance does not explain (Higgins and
            Thompson 2002); NaN for a single dataset.
        name: of the kind of structure; "" for all.
        status: of a kind of structure: confirmed, not confirmed or opposite.
    """

    effect: float
    low: float
    high: float
    p: float
    n: int
    disagreement: float = math.nan
    name: str = ""
    status: str = UNDECIDED


def structure(dataset: str) -> str:
    """Return what kind of structure a dataset has, "not stated" for one that data_prep does not know."""
    name = dataset.partition(" (")[0]
    return data_prep.entry(name).structure if name in data_prep.names() else "not stated"


def standardized(differences: pd.Series, margin: float = 0.0) -> intervals.Numbers:
    """Return the differences, shifted by the margin, over their root mean square; zeros where all are zero.

    Their mean is the standardised effect, in [-1, 1]: about Cohen's dz where it is small, and 1 where all differences
    are equal. The root mean square, unlike the standard deviation, is the same for every pattern of signs.
    """
    shifted = differences.to_numpy(float) + margin
    size = float(np.sqrt(np.mean(shifted**2)))
    return shifted / size if size else shifted


def effect(name: str, differences: pd.Series, margin: float = 0.0) -> Effect:
    """Return the effect on one dataset, of at least one case."""
    low, high = intervals.studentized_interval(differences)
    scaled = standardized(differences, margin)
    p = statistics.paired_permutation(scaled)
    return Effect(name, structure(name), len(scaled), float(differences.mean()), low, high, float(scaled.mean()), p)


def combined(found: Sequence[pd.Series], margin: float = 0.0) -> Part:
    """Combine datasets, each with the same weight.

    The test flips the signs of the cases of every dataset; its statistic is the mean of the datasets' standardised
    effects, so that neither many cases nor large errors make a dataset count more.

    Args:
        found: the differences by case of each dataset, at least one each, without NaN.
        margin: by which the claim lets one side be worse.

    Returns:
        Effect, interval and test.
    """
    scaled = [standardized(values, margin) for values in found]
    low, high = intervals.stratified_interval(scaled)
    p = statistics.paired_permutation(np.concatenate([values / len(values) for values in scaled]))
    mean = float(np.mean([values.mean() for values in scaled]))
    return Part(mean, low, high, p, sum(map(len, scaled)), _disagreement(scaled))


def by_structure(found: Mapping[str, pd.Series], margin: float = 0.0) -> list[Part]:
    """Combine the datasets of each kind of structure.

    Args:
        found: the differences by case of each dataset.
        margin: by which the claim lets one side be worse.

    Returns:
        One entry for each kind, p and status by Holm's correction over the kinds; none if there is a single kind.
    """
    kinds = {name: structure(name) for name in found}
    named = {
        kind: combined([values for name, values in found.items() if kinds[name] == kind], margin)
        for kind in dict.fromkeys(kinds.values())
    }
    if len(named) < 2:
        return []
    corrected = statistics.holm([part.p for part in named.values()])
    return [
        Part(part.effect, part.low, part.high, p, part.n, part.disagreement, kind, verdict(part.effect, p))
        for (kind, part), p in zip(named.items(), corrected, strict=True)
    ]


def verdict(effect: float, p: float) -> str:
    """Return what an effect and its corrected p-value say."""
    if not p < _LEVEL:
        return UNDECIDED
    return CONFIRMED if effect > 0 else OPPOSITE


def _disagreement(scaled: Sequence[intervals.Numbers]) -> float:
    """Return I^2 of the datasets' effects."""
    known = [values for values in scaled if len(values) > 1]
    effects = np.array([values.mean() for values in known])
    squared = np.array([values.var(ddof=1) / len(values) for values in known])
    if len(known) < 2:
        return math.nan
    if not squared.min() > 1e-18:  # without any spread on a dataset, every difference between effects is certain
        return 0.0 if np.ptp(effects) < 1e-9 else 1.0
    weights = 1 / squared
    q = float((weights * (effects - np.average(effects, weights=weights)) ** 2).sum())
    return max(0.0, 1 - (len(known) - 1) / q) if q > 0 else 0.0
