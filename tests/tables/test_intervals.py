"""The studentised interval: its definition, its coverage beside the percentile bootstrap's, and its edges."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.intervals import studentized_interval
from tables.statistics import bootstrap_interval

SIMULATIONS = 300
numbers = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 3))


def slow(values, draws, seed):
    """One resample after the other, as the definition has it."""
    generator = np.random.default_rng(seed)
    chosen = generator.integers(0, len(values), (draws, len(values)))
    error = np.std(values, ddof=1) / math.sqrt(len(values))
    t = []
    for row in chosen:
        sample = [values[place] for place in row]
        if len(set(sample)) > 1:
            t.append((np.mean(sample) - np.mean(values)) / (np.std(sample, ddof=1) / math.sqrt(len(sample))))
    low, high = np.quantile(t, [0.025, 0.975])
    return np.mean(values) - high * error, np.mean(values) - low * error


def test_it_is_the_definition():
    values = np.random.default_rng(2).gamma(0.5, 4.0, 9)
    assert studentized_interval(values, draws=500, seed=4) == pytest.approx(slow(values, 500, 4))


@pytest.mark.parametrize(
    ("draw", "mean", "expected"),
    [(lambda rng: rng.lognormal(size=20), math.exp(0.5), 0.92), (lambda rng: rng.normal(size=10), 0.0, 0.945)],
    ids=["skewed", "normal"],
)
def test_it_covers_the_mean_more_often_than_the_percentile_bootstrap(draw, mean, expected):
    rng = np.random.default_rng(7)
    covered = np.zeros(2)
    for _ in range(SIMULATIONS):
        values = draw(rng)
        for place, interval in enumerate((studentized_interval, bootstrap_interval)):
            low, high = interval(values, draws=1000)
            covered[place] += low <= mean <= high
    # coverage of 1,800 simulations, less three standard deviations of the share in these
    assert covered[0] / SIMULATIONS >= expected - 3 * math.sqrt(expected * (1 - expected) / SIMULATIONS)
    assert covered[0] >= covered[1] + 0.02 * SIMULATIONS


@settings(max_examples=50, deadline=None)
@given(st.lists(numbers, min_size=2, max_size=12, unique=True), st.floats(0.1, 10), numbers)
def test_it_moves_and_scales_with_the_values(values, scale, shift):
    array = np.array(values)
    low, high = studentized_interval(array, draws=200)
    assert low <= array.mean() <= high or len(values) < 4
    moved = studentized_interval(scale * array + shift, draws=200)
    assert moved == pytest.approx((scale * low + shift, scale * high + shift), rel=1e-4, abs=1e-3)


def test_edges():
    assert all(map(math.isnan, studentized_interval([1.0])))
    assert all(map(math.isnan, studentized_interval([1.0, math.nan])))
    assert studentized_interval([2.0, 2.0, math.nan, 2.0]) == (2.0, 2.0)
    with pytest.raises(ValueError, match="`confidence` must lie in"):
        studentized_interval([1.0, 2.0], confidence=1.0)
