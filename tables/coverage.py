"""How often intervals cover the mean, and how often the paired test errs: simulated, for docs/results.md."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from scipy import stats

from tables.intervals import Numbers, counts, reach, resampled

CASES = (6, 20, 50)
# mean and values of each distribution; the counts are spread like Betti errors, the sparse ones like their differences
DISTRIBUTIONS: dict[str, tuple[float, Callable[[np.random.Generator, tuple[int, int]], Numbers]]] = {
    "normal": (0.0, lambda rng, shape: rng.normal(size=shape)),
    "log-normal": (float(np.exp(0.5)), lambda rng, shape: rng.lognormal(size=shape)),
    "overdispersed counts": (3.0, lambda rng, shape: rng.negative_binomial(0.5, 1 / 7, shape).astype(float)),
    "sparse differences": (0.0, lambda rng, shape: np.round((rng.random(shape) < 0.15) * rng.normal(0, 3, shape))),
}
_AT_A_TIME = 250  # simulations: bounds the memory


def percentile(values: Numbers, draws: int, seed: int) -> tuple[Numbers, Numbers]:
    """Return the percentile bootstrap's 95 % limits of the mean (Efron 1979) of each row."""
    means = _means(values, draws, seed)
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    return low, high


def bca(values: Numbers, draws: int, seed: int) -> tuple[Numbers, Numbers]:
    """Return the bias-corrected and accelerated bootstrap's 95 % limits of the mean (Efron 1987) of each row."""
    means, mean = np.sort(_means(values, draws, seed), axis=0), values.mean(axis=1)
    share = ((means < mean).mean(axis=0) + (means <= mean).mean(axis=0)) / 2
    bias = stats.norm.ppf(np.clip(share, 1 / draws, 1 - 1 / draws))
    centred = values - mean[:, None]
    squares = (centred**2).sum(axis=1)
    acceleration = (centred**3).sum(axis=1) / (6 * np.where(squares > 0, squares, 1.0) ** 1.5)
    limits = []
    for z in stats.norm.ppf([0.025, 0.975]):
        level = stats.norm.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
        place = np.clip((level * draws).astype(int), 0, draws - 1)
        limits.append(means[place, np.arange(len(mean))])
    return limits[0], limits[1]


def studentized(values: Numbers, draws: int, seed: int) -> tuple[Numbers, Numbers]:
    """Return the limits of `tables.intervals.studentized_interval` of each row."""
    mean, error = values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
    scale = np.where(error > 0, error, 1.0)
    shift, variance = resampled((values - mean[:, None]) / scale[:, None], counts(values.shape[1], draws, seed))
    below, above = reach(shift, variance, values.shape[1] - 1)
    return mean - below * error, mean + above * error


METHODS = {"percentile": percentile, "BCa": bca, "studentised": studentized}


def coverage(simulations: int = 4000, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Simulate how often the 95 % intervals cover the mean.

    Args:
        simulations: of each distribution and number of cases.
        draws: number of resamples.
        seed: of the simulated values and of the resamples.

    Returns:
        A row for each distribution and number of cases, a column in percent for each method.
    """
    rows = []
    for name, (mean, draw) in DISTRIBUTIONS.items():
        for cases in CASES:
            covered = dict.fromkeys(METHODS, 0)
            for values in _simulated(draw, cases, simulations, seed):
                for method, limits in METHODS.items():
                    low, high = limits(values, draws, seed)
                    covered[method] += int(np.count_nonzero((low <= mean) & (mean <= high)))
            shares = {method: 100 * count / simulations for method, count in covered.items()}
            rows.append({"values": name, "n": cases, **shares})
    return pd.DataFrame(rows)


def rejections(simulations: int = 4000, patterns: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Simulate how often the sign-flip test rejects at 5 % where the mean difference is 0.

    Args:
        simulations: of each distribution and number of cases.
        patterns: number of random patterns of signs.
        seed: of the simulated values and of the signs.

    Returns:
        A row for each number of cases, a column in percent for each distribution: that of normal differences is
        symmetric, as the test supposes; the others are a skewed variable less its mean, and less a symmetric one.
    """
    shapes: dict[str, Callable[[np.random.Generator, tuple[int, int]], Numbers]] = {
        "normal": lambda rng, shape: rng.normal(size=shape),
        "log-normal less its mean": lambda rng, shape: rng.lognormal(size=shape) - np.exp(0.5),
        "log-normal less normal": lambda rng, shape: rng.lognormal(size=shape) - rng.normal(np.exp(0.5), 1, shape),
    }
    rows = []
    for cases in CASES:
        signs = np.random.default_rng(seed).integers(0, 2, (patterns, cases)) * 2.0 - 1.0
        row: dict[str, float] = {"n": cases}
        for name, draw in shapes.items():
            found = 0
            for values in _simulated(draw, cases, simulations, seed):
                sums = np.abs(values.sum(axis=1)) * (1 - 1e-12)
                hits = (np.abs(signs @ values.T) >= sums).sum(axis=0)
                found += int(np.count_nonzero((1 + hits) / (1 + patterns) < 0.05))
            row[name] = 100 * found / simulations
        rows.append(row)
    return pd.DataFrame(rows).astype({"n": int})


def _simulated(
    draw: Callable[[np.random.Generator, tuple[int, int]], Numbers], cases: int, simulations: int, seed: int
) -> Iterator[Numbers]:
    """Return the simulated samples, some at a time."""
    rng = np.random.default_rng((seed, cases))
    for start in range(0, simulations, _AT_A_TIME):
        yield draw(rng, (min(_AT_A_TIME, simulations - start), cases))


def _means(values: Numbers, draws: int, seed: int) -> Numbers:
    return (counts(values.shape[1], draws, seed).astype(np.float64) / values.shape[1]) @ values.T
