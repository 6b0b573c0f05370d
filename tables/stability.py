"""How stable the order of several losses is: resampled over cases and over runs, with rank intervals that hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tables.intervals import Numbers, counts

Ranks = npt.NDArray[np.int_]

DRAWS = 2000
FEW = 5  # number of cases below which nothing is concluded
_AT_A_TIME = 100  # resamples: bounds the memory
_ROUNDING = 1e-9  # differences smaller than this share of the values are rounding


@dataclass(frozen=True)
class Stability:
    """The order of some losses, and how far it can be trusted.

    Attributes:
        rank: of each loss by its mean, 1 is the best; equal means share the better rank.
        low: best rank of its 95 % interval.
        high: worst rank of its 95 % interval.
        best: share of the resamples in which it has the best mean.
        wins: row against column: share of the resamples in which the row's mean is better; ties count half.
    """

    rank: Ranks
    low: Ranks
    high: Ranks
    best: Numbers
    wins: Numbers

    @property
    def winner(self) -> int | None:
        """Return the loss whose rank interval is 1 to 1: significantly better than every other; None without one."""
        found = np.flatnonzero(self.high == 1)
        return int(found[0]) if len(found) == 1 and len(self.high) > 1 else None


@dataclass(frozen=True)
class _Sample:
    """Means of the losses and squared errors of their differences: measured, and in each resample (first axis)."""

    mean: Numbers
    error: Numbers
    means: Numbers
    errors: Numbers


def stability(
    datasets: Sequence[Numbers], *, higher_is_better: bool, confidence: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Stability:
    """Resample cases and runs, and return how stable the order of the losses is.

    Both levels are drawn with replacement, the same cases and runs for all losses (a run is a fold and seed, and those
    of the same seed start from the same weights). Several datasets count alike: each is resampled by itself, and its
    means are divided by the spread of its differences, the root mean square over the pairs of losses.

    Rank intervals invert tests (Mogstad et al. 2024): a loss may have every rank from 1 + (number of losses that are
    significantly better) to the number of losses - (number of those that are significantly worse). The tests compare
    the loss with all others at once: |difference| / se against the quantile of the largest |difference* - difference| /
    se* over the others. se has the variance over cases and the one over runs. So an interval holds in 95 % of
    experiments where all losses are equal, the hardest case, and in more where they differ. Resampled ranks themselves,
    of which `best` and `wins` are made, give no such intervals: among equal losses one always happens to lead.

    Args:
        datasets: values of each dataset, shape (losses, cases, runs), without NaN; the same losses in each.
        higher_is_better: whether the highest mean has rank 1.
        confidence: in (0, 1).
        draws: number of resamples.
        seed: of the random numbers.

    Returns:
        Ranks, their intervals and shares. With fewer than five cases on a dataset, every interval has all ranks.

    Raises:
        ValueError: no dataset, or one without losses, cases or runs.

    Reference:
        M. Mogstad, J. P. Romano, A. Shaikh, D. Wilhelm, Inference for ranks with applications to mobility across
        neighbourhoods and academic achievement across countries, Review of Economic Studies 2024.
    """
    if not datasets or any(values.ndim != 3 or not values.size for values in datasets):
        raise ValueError(f"needs values of losses x cases x runs, got shapes {[each.shape for each in datasets]}")
    sign = 1.0 if higher_is_better else -1.0
    sample = _joined([_sampled(sign * values, draws, seed + number) for number, values in enumerate(datasets)])
    losses = len(sample.mean)
    means = _rounded(sample.means)
    leads = means == means.max(axis=1, keepdims=True)
    ahead = means[:, :, None] - means[:, None, :]
    gap = sample.mean[:, None] - sample.mean[None, :]
    below = np.zeros((losses, losses), bool)
    if min(values.shape[1] for values in datasets) >= FEW:
        moved = ahead - gap
        t = _over(moved, sample.errors)
        critical = np.quantile(np.abs(t).max(axis=2), confidence, axis=0, method="inverted_cdf")
        # row is significantly worse than column, by the row's own tests
        below = _over(gap, sample.error) < -critical[:, None]
        above = _over(gap, sample.error) > critical[:, None]
    else:
        above = below
    order = _rounded(sample.mean)
    return Stability(
        rank=1 + (order[None, :] > order[:, None]).sum(axis=1),
        low=1 + below.sum(axis=1),
        high=losses - above.sum(axis=1),
        best=(leads / leads.sum(axis=1, keepdims=True)).mean(axis=0),
        wins=(ahead > 0).mean(axis=0) + (ahead == 0).mean(axis=0) / 2,
    )


def _sampled(values: Numbers, draws: int, seed: int) -> _Sample:
    """Resample one dataset; its values are divided by the spread of the losses' differences."""
    losses, cases, runs = values.shape
    # only differences between losses matter, and without what they share these lose no digits
    values = values - values.mean(axis=0)
    by_case, by_run, mean = values.mean(axis=2), values.mean(axis=1), values.mean(axis=(1, 2))
    rest = values - by_case[:, :, None] - by_run[:, None, :] + mean[:, None, None]
    freedom = max(cases - 1, 1) * max(runs - 1, 1) * cases * runs
    # the variance of a mean over cases and the one over runs both contain that of the single values
    twice = _of_differences(np.einsum("lcr,kcr->lk", rest, rest) / freedom) if runs > 1 else np.zeros((losses, losses))
    chosen = counts(cases, draws, seed) / cases
    drawn = counts(runs, draws, seed + 1) / runs
    found = [_errors(values, np.full((1, cases), 1 / cases), np.full((1, runs), 1 / runs), twice)]
    found += [
        _errors(values, chosen[start : start + _AT_A_TIME], drawn[start : start + _AT_A_TIME], twice)
        for start in range(0, draws, _AT_A_TIME)
    ]
    means, errors = (np.concatenate(parts) for parts in zip(*found, strict=True))
    spread = _of_differences(np.cov(by_case).reshape(losses, losses)) if cases > 1 else np.zeros((losses, losses))
    scale = float(np.sqrt(spread.sum() / max(losses * (losses - 1), 1))) or 1.0
    return _Sample(means[0] / scale, errors[0] / scale**2, means[1:] / scale, errors[1:] / scale**2)


def _errors(values: Numbers, chosen: Numbers, drawn: Numbers, twice: Numbers) -> tuple[Numbers, Numbers]:
    """Return the losses' means in some resamples, and the squared errors of the differences between them.

    Args:
        values: shape (losses, cases, runs).
        chosen: share of each case, shape (resamples, cases).
        drawn: share of each run, shape (resamples, runs).
        twice: variance of the differences that both levels contain.

    Returns:
        Shapes (resamples, losses) and (resamples, losses, losses).
    """
    by_case = np.tensordot(drawn, values, axes=(1, 2))  # resamples, losses, cases
    by_run = np.tensordot(chosen, values, axes=(1, 1))  # resamples, losses, runs
    means = np.einsum("blc,bc->bl", by_case, chosen)
    over_cases = _weighted(by_case, means, chosen)
    over_runs = _weighted(by_run, means, drawn)
    return means, np.maximum(over_cases + over_runs - twice, over_cases)


def _weighted(values: Numbers, means: Numbers, weights: Numbers) -> Numbers:
    """Return the squared errors of the differences of weighted means; 0 for a single value."""
    count = values.shape[2]
    centred = values - means[:, :, None]
    return _of_differences((centred * weights[:, None, :]) @ centred.transpose(0, 2, 1)) / max(count - 1, 1)


def _of_differences(covariances: Numbers) -> Numbers:
    """Return the variances of all differences from covariances, shape (..., losses, losses)."""
    own = np.diagonal(covariances, axis1=-2, axis2=-1)
    found: Numbers = np.maximum(own[..., :, None] + own[..., None, :] - 2 * covariances, 0)
    return found


def _joined(samples: Sequence[_Sample]) -> _Sample:
    """Return the mean over datasets, all counting alike."""
    count = len(samples)
    return _Sample(
        np.sum([each.mean for each in samples], axis=0) / count,
        np.sum([each.error for each in samples], axis=0) / count**2,
        np.sum([each.means for each in samples], axis=0) / count,
        np.sum([each.errors for each in samples], axis=0) / count**2,
    )


def _over(difference: Numbers, squared: Numbers) -> Numbers:
    """Return differences over their errors; 0 where both are 0, infinite where only the error is."""
    difference = np.where(np.abs(difference) < _ROUNDING, 0.0, difference)
    error = np.sqrt(np.where(squared < _ROUNDING**2, 0.0, squared))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Numbers = np.nan_to_num(difference / error, nan=0.0, posinf=np.inf, neginf=-np.inf)
    return found


def _rounded(means: Numbers) -> Numbers:
    """Return means without the last digits, so that equal ones are equal."""
    found: Numbers = np.round(means / _ROUNDING) * _ROUNDING
    return found
