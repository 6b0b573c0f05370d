"""The intervals: their definition, their coverage beside other bootstraps', and values that are hardly any."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tables import __main__ as command
from tables import coverage, intervals
from tables.intervals import studentized_interval

RESULTS = Path(__file__).parents[2] / "docs" / "results.md"
numbers = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 3))


def student(values):
    """Return how far Student's limits are from the mean."""
    return stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))


def slow(values, draws, seed):
    """One resample after the other, as the definition has it."""
    generator = np.random.default_rng(seed)
    chosen = generator.integers(0, len(values), (draws, len(values)))
    mean, error = np.mean(values), np.std(values, ddof=1) / math.sqrt(len(values))
    t = []
    for row in chosen:
        sample = [values[place] for place in row]
        spread = np.std(sample, ddof=1) / math.sqrt(len(sample)) if len(set(sample)) > 1 else 0
        t.append((np.mean(sample) - mean) / spread if spread else math.copysign(math.inf, np.mean(sample) - mean))
    t, nearest = sorted(t), student(values)
    reached = []
    for limit in (t[math.ceil(0.975 * draws) - 1], -t[math.ceil(0.025 * draws) - 1]):
        far = limit * error if math.isfinite(limit) else nearest
        reached.append(min(max(far, nearest), 3 * nearest))
    return mean - reached[0], mean + reached[1]


@pytest.mark.parametrize("values", [np.random.default_rng(2).gamma(0.5, 4.0, 9), [0.0] * 7 + [3.0], [1.0, 2.0, 4.0]])
def test_it_is_the_definition(values):
    assert studentized_interval(values, draws=500, seed=4) == pytest.approx(slow(values, 500, 4))


def test_other_bootstraps_of_the_simulation_are_scipy_s():
    values = np.random.default_rng(1).gamma(2.0, 3.0, 15)
    for method, limits in (("percentile", coverage.percentile), ("BCa", coverage.bca)):
        expected = stats.bootstrap((values,), np.mean, n_resamples=20_000, method=method, rng=5).confidence_interval
        found = np.ravel(limits(values[None], 20_000, 0))
        assert found == pytest.approx((expected.low, expected.high), abs=0.06)


def test_the_simulation_takes_the_interval_of_the_tables():
    values = np.random.default_rng(3).lognormal(size=(4, 8))
    found = np.transpose(coverage.studentized(values, 800, 5))
    assert found == pytest.approx(np.array([studentized_interval(row, draws=800, seed=5) for row in values]))


@pytest.fixture(scope="module")
def simulated():
    """A smaller simulation than that of the docs."""
    return coverage.coverage(500, 1000, seed=7), coverage.rejections(1000, 1000, seed=7)


def test_it_covers_more_often_than_other_bootstraps(simulated):
    covered, _ = simulated
    assert (covered["studentised"] > covered[["percentile", "BCa"]].max(axis=1)).all()
    normal = covered[covered["values"] == "normal"]["studentised"]
    assert normal.between(93, 98).all()
    assert covered[covered["n"] == 50]["studentised"].between(91, 99).all()


def test_the_docs_have_the_simulation_s_numbers(simulated):
    """Whole percents of 4,000 simulations, against a few hundred here: four standard deviations of the difference."""
    text = RESULTS.read_text(encoding="utf-8")
    for table, count in zip(simulated, (500, 1000), strict=True):
        head = f"| {' | '.join(table.columns)} |"
        lines = text[text.index(head) :].splitlines()[2 : 2 + len(table)]
        printed = [re.split(r" *\| *", line.strip("| ")) for line in lines]
        for (_, row), words in zip(table.iterrows(), printed, strict=True):
            for value, word in zip(row, words, strict=True):
                if not isinstance(value, float):
                    assert str(value) == word
                    continue
                share = min(max(value / 100, 0.01), 0.99)
                assert float(word) == pytest.approx(value, abs=0.6 + 400 * math.sqrt(share * (1 - share) / count))


def test_the_sign_flip_test_rejects_more_than_it_says_where_shapes_differ(simulated):
    _, rejected = simulated
    assert (rejected["normal"] < 7).all()
    assert rejected["log-normal less its mean"].between(6, 16).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=2, max_size=12), st.floats(0.1, 10), numbers)
def test_it_contains_the_mean_moves_and_scales_with_the_values(values, scale, shift):
    array = np.array(values)
    low, high = studentized_interval(array, draws=200)
    assert low <= array.mean() <= high
    assert (low == high) == (len(set(values)) == 1)
    moved = studentized_interval(scale * array + shift, draws=200)
    assert moved == pytest.approx((scale * low + shift, scale * high + shift), rel=1e-4, abs=1e-3)
    mirrored = studentized_interval(-array, draws=200)
    assert mirrored[1] - mirrored[0] == pytest.approx(high - low, rel=0.7)
    assert studentized_interval([*values, math.nan], draws=200) == (low, high)


def test_hardly_any_values():
    assert all(map(math.isnan, studentized_interval([])))
    assert all(map(math.isnan, studentized_interval([1.0])))
    assert all(map(math.isnan, studentized_interval([1.0, math.nan])))
    assert studentized_interval([2.0, 2.0, math.nan, 2.0]) == (2.0, 2.0)
    assert studentized_interval([0.0, 0.0]) == (0.0, 0.0)
    # two cases: resamples say nothing, Student's interval remains
    assert studentized_interval([1.0, 2.0]) == pytest.approx((1.5 - student([1, 2]), 1.5 + student([1, 2])))
    # one case of 20 differs: resamples without it have no spread, yet the mean may be larger
    low, high = studentized_interval([0.0] * 19 + [1.0])
    assert low < 0 < 0.1 < high < 1
    with pytest.raises(ValueError, match="`confidence` must lie in"):
        studentized_interval([1.0, 2.0], confidence=1.0)


def test_datasets_count_alike():
    rng = np.random.default_rng(0)
    small, large = rng.normal(1, 1, 10), rng.normal(3, 1, 200)
    low, high = intervals.stratified_interval([small, large])
    assert low < (small.mean() + large.mean()) / 2 < high
    # the small one decides how wide it is
    half = student(small) / 2
    assert half * 0.8 < (high - low) / 2 < half * 1.5
    assert intervals.stratified_interval([small]) == studentized_interval(small)
    assert intervals.stratified_interval([small, []]) == studentized_interval(small)
    assert all(map(math.isnan, intervals.stratified_interval([small, [1.0]])))
    assert intervals.stratified_interval([[1.0, 1.0], [3.0, 3.0]]) == (2.0, 2.0)


def test_the_mean_of_two_datasets_is_covered():
    rng, covered = np.random.default_rng(1), 0
    for _ in range(300):
        groups = [rng.normal(0, 1, 8), rng.normal(0, 3, 15)]
        low, high = intervals.stratified_interval(groups, draws=500)
        covered += low <= 0 <= high
    assert 0.93 - 0.02 <= covered / 300 <= 0.99


def test_the_sign():
    assert [intervals.mark(cases) for cases in (0, 9, 10, 50)] == ["†", "†", "", ""]


def test_command(capsys):
    assert command.main(["coverage", "--simulations", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "| values | n | percentile | BCa | studentised |"
    assert sum(line.startswith("|") for line in lines) == 2 + 12 + 2 + 3
    assert pd.to_numeric(lines[4].strip("| ").split(" | ")[-1]) > 50
    assert command.main(["coverage", "--simulations", "0"]) == 2
    assert "must be at least 1" in capsys.readouterr().err


def test_resamples_are_those_of_the_slow_way():
    values = np.random.default_rng(1).exponential(size=7)
    chosen = intervals.counts(7, 50, 3)
    means, variances = intervals.resampled((values - values.mean())[None], chosen)
    assert (chosen.sum(axis=1) == 7).all()
    for row, mean, variance in zip(chosen, means[:, 0], variances[:, 0], strict=True):
        sample = np.repeat(values - values.mean(), row)
        assert mean == pytest.approx(sample.mean(), abs=1e-12)
        assert variance == pytest.approx(sample.var(ddof=1) / 7, abs=1e-12)
