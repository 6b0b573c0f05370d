"""Confidence intervals of a mean over few cases, whose values may be skewed."""

import functools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

Numbers = npt.NDArray[np.float64]

METHOD = "studentised bootstrap"
ROUGH = 10  # number of cases below which an interval is marked
SIGN = "†"
# times Student's distance from the mean: what the bootstrap's limits are held to
_LEAST, _MOST = 1.0, 3.0
# of a standard error against the mean, and of a resample's variance against the sample's: below it all values are as
# good as equal
_EQUAL, _FLAT = 1e-9, 1e-12


def studentized_interval(
    values: npt.ArrayLike, confidence: float = 0.95, draws: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Return the studentised bootstrap interval of the mean (bootstrap-t, Efron 1981).

    Each resample gives t* = (mean* - mean) / se*, and the interval is mean - quantile(t*) se, upper quantile for the
    lower limit. Its width follows the skewness of the values and the uncertainty of their spread, which the percentile
    bootstrap leaves out. This project's own addition: each limit is held between one and three times the distance of
    Student's limit from the mean. Few resamples of few values differ, and a resample whose values are nearly equal has
    a t* beyond all bounds; with two or three cases Student's interval remains. `python -m tables coverage` simulates
    how often the interval covers the mean, and docs/results.md has the table.

    Args:
        values: one for each case; NaN are left out.
        confidence: in (0, 1).
        draws: number of samples with replacement.
        seed: of the random numbers.

    Returns:
        Lower and upper limit; NaN for fewer than two values, the mean twice where all values are equal.

    Raises:
        ValueError: `confidence` out of range.

    Reference:
        B. Efron, Nonparametric standard errors and confidence intervals, Canadian Journal of Statistics 1981.
    """
    return stratified_interval([values], confidence, draws, seed)


def stratified_interval(
    strata: Sequence[npt.ArrayLike], confidence: float = 0.95, draws: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Return the interval of `studentized_interval` for the mean of several means, which all count alike.

    Args:
        strata: the values of each dataset; NaN, and datasets without any value, are left out.
        confidence: in (0, 1).
        draws: number of samples with replacement; each dataset is resampled by itself.
        seed: of the random numbers.

    Returns:
        Lower and upper limit; NaN without values, or where a dataset has a single one.

    Raises:
        ValueError: `confidence` out of range.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must lie in (0, 1), got {confidence}")
    found = [values for values in map(_defined, strata) if len(values)]
    if not found or min(map(len, found)) < 2:
        return math.nan, math.nan
    means = np.array([values.mean() for values in found])
    variances = np.array([values.var(ddof=1) / len(values) for values in found])
    mean, error = float(means.mean()), math.sqrt(variances.sum()) / len(found)
    if error <= _EQUAL * np.abs(means).max():
        return mean, mean
    shift, variance = np.zeros((draws, 1)), np.zeros((draws, 1))
    for number, values in enumerate(found):
        # in units of the error, so that the sample itself has variance 1
        scaled = (values - values.mean())[None] / (error * len(found))
        moved, spread = resampled(scaled, counts(len(values), draws, seed + number))
        shift, variance = shift + moved, variance + spread
    # Welch's and Satterthwaite's degrees of freedom; n - 1 for a single stratum
    sizes = np.array([len(values) - 1 for values in found])
    freedom = float(variances.sum() ** 2 / (variances**2 / sizes).sum())
    below, above = reach(shift, variance, freedom, confidence)
    return mean - float(below[0]) * error, mean + float(above[0]) * error


@functools.lru_cache(maxsize=16)
def counts(cases: int, draws: int, seed: int) -> npt.NDArray[np.uint16]:
    """Return how often each case is in each sample with replacement, shape (draws, cases)."""
    chosen = np.random.default_rng(seed).integers(0, cases, (draws, cases)) + np.arange(draws)[:, None] * cases
    return np.bincount(chosen.ravel(), minlength=draws * cases).reshape(draws, cases).astype(np.uint16)


def resampled(values: Numbers, chosen: npt.NDArray[np.uint16]) -> tuple[Numbers, Numbers]:
    """Return the mean of each resample and its squared standard error.

    Args:
        values: shape (samples, cases), the mean of each sample 0.
        chosen: from `counts`.

    Returns:
        Two arrays of shape (draws, samples).
    """
    cases, weights = values.shape[1], chosen.astype(np.float64) / values.shape[1]
    means = weights @ values.T
    squares = weights @ (values**2).T - means**2
    return means, np.maximum(squares, 0) / (cases - 1)


def reach(
    shift: Numbers, variance: Numbers, freedom: float | Numbers, confidence: float = 0.95
) -> tuple[Numbers, Numbers]:
    """Return how far the limits are from the mean, in standard errors.

    Args:
        shift: mean of each resample less the sample's, in standard errors of the sample, shape (draws, samples).
        variance: its squared standard error, in the same unit.
        freedom: Student's degrees of freedom.
        confidence: in (0, 1).

    Returns:
        Distance below the mean and distance above it for each sample.
    """
    tail = (1 - confidence) / 2
    student = stats.t.ppf(1 - tail, freedom)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(variance > _FLAT, shift / np.sqrt(variance), np.sign(np.round(shift, 9)) * np.inf)
    t[np.isnan(t)] = 0.0  # a resample that is the sample itself in mean, without any spread
    low, high = np.quantile(t, [tail, 1 - tail], axis=0, method="inverted_cdf")
    below, above = (np.where(np.isfinite(limit), limit, student) for limit in (high, -low))
    return np.clip(below, _LEAST * student, _MOST * student), np.clip(above, _LEAST * student, _MOST * student)


def mark(cases: int) -> str:
    """Return the sign behind an interval of few cases, "" for an interval of at least ten."""
    return SIGN if cases < ROUGH else ""


def _defined(values: npt.ArrayLike) -> Numbers:
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[~np.isnan(array)]
