import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tables.statistics import (
    average_ranks,
    cohens_dz,
    critical_difference,
    friedman,
    holm,
    paired_permutation,
    stars,
)

numbers = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 3))


def _all_signs(differences):
    """Work out every pattern of signs, one by one."""
    patterns = list(itertools.product((1, -1), repeat=len(differences)))
    sums = [abs(sum(sign * value for sign, value in zip(pattern, differences, strict=True))) for pattern in patterns]
    return sum(total >= sums[0] - 1e-9 for total in sums) / len(patterns)


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=9))
def test_few_differences_are_worked_out_exactly(differences):
    assert paired_permutation(differences) == pytest.approx(_all_signs(differences))


def test_many_differences_agree_with_scipy():
    differences = np.random.default_rng(0).normal(0.2, 1.0, 60)
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=50_000, rng=1
    ).pvalue
    assert paired_permutation(differences) == pytest.approx(expected, abs=0.012)


def test_the_smallest_p_is_that_of_the_formula():
    assert paired_permutation(np.ones(50) + np.arange(50) / 1000) == 1 / 10_001


def test_no_difference_at_all():
    assert paired_permutation(np.zeros(30)) == 1.0
    assert math.isnan(paired_permutation([]))


@settings(max_examples=40, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=20))
def test_sides_do_not_matter_and_nan_are_left_out(differences):
    p = paired_permutation(differences, permutations=999)
    assert 0 < p <= 1
    assert paired_permutation([-value for value in differences], permutations=999) == p
    assert paired_permutation([*differences, math.nan], permutations=999) == p


def test_p_is_uniform_where_there_is_no_effect():
    generator = np.random.default_rng(7)
    found = [paired_permutation(generator.normal(size=20), permutations=499) for _ in range(300)]
    assert stats.kstest(found, "uniform").pvalue > 0.001


def test_holm_by_hand():
    # Holm: 3 x 0.01, then the larger of 0.03 and 2 x 0.03, then of that and 0.04
    assert holm([0.03, 0.01, 0.04]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_lies_between_raw_and_bonferroni(p_values):
    adjusted = holm(p_values)
    for raw, after in zip(p_values, adjusted, strict=True):
        assert raw <= after <= min(1.0, len(p_values) * raw) + 1e-12
    order = np.argsort(p_values, kind="stable")
    assert all(np.diff(np.array(adjusted)[order]) >= -1e-15)


def test_holm_leaves_out_what_was_not_tested():
    found = holm([0.02, math.nan, 0.01])
    assert math.isnan(found[1])
    assert [found[0], found[2]] == pytest.approx([0.02, 0.02])


def test_stars():
    assert [stars(p) for p in (0.0001, 0.001, 0.0099, 0.01, 0.049, 0.05, 1.0, math.nan)] == [
        "***", "**", "**", "*", "*", "", "", "",
    ]  # fmt: skip


def test_effect_size_is_that_of_the_t_statistic():
    differences = np.random.default_rng(2).normal(0.5, 1, 25)
    assert cohens_dz(differences) == pytest.approx(stats.ttest_1samp(differences, 0).statistic / 5)
    assert math.isnan(cohens_dz([1.0, 1.0, 1.0]))


def test_ranks_and_friedman():
    values = pd.DataFrame({"a": [0.9, 0.8, 0.7, math.nan], "b": [0.8, 0.8, 0.9, 1.0], "c": [0.1, 0.2, 0.3, 0.4]})
    ranks = average_ranks(values, higher_is_better=True)
    assert ranks.to_dict() == pytest.approx({"a": (1 + 1.5 + 2) / 3, "b": (2 + 1.5 + 1) / 3, "c": 3.0})
    assert average_ranks(values, higher_is_better=False)["c"] == 1.0
    complete = values.dropna()
    assert friedman(values) == pytest.approx(stats.friedmanchisquare(*complete.to_numpy().T).pvalue)
    assert math.isnan(friedman(values[["a", "b"]]))
    assert friedman(values[1:3]) == pytest.approx(stats.friedmanchisquare(*values[1:3].to_numpy().T).pvalue)
    assert math.isnan(friedman(values[2:]))  # of two cases, one is complete


@pytest.mark.filterwarnings("error")
def test_friedman_of_equal_methods_is_undefined_without_a_warning():
    assert math.isnan(friedman(pd.DataFrame(dict.fromkeys("abc", [0.9, 0.8, 0.7]))))


@pytest.mark.parametrize(("methods", "quantile"), [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_critical_difference_has_demsar_s_quantiles(methods, quantile):
    """Demsar 2006, table 5a, for 0.05."""
    assert critical_difference(methods, 14) == pytest.approx(
        quantile * math.sqrt(methods * (methods + 1) / 84), rel=1e-3
    )
    assert critical_difference(methods, 1) == pytest.approx(math.sqrt(14) * critical_difference(methods, 14))
    for wrong in ((1, 10), (2, 0), (2, 10, 0.0), (2, 10, 1.0)):
        with pytest.raises(ValueError, match="needs 2 methods"):
            critical_difference(*wrong)


@pytest.mark.parametrize("differences", [[], [1.0], [2.0, 2.0], [math.nan, 2.0, 2.0]])
def test_no_effect_size_without_spread(differences):
    assert math.isnan(cohens_dz(differences))


def test_effect_size_of_two_differences():
    assert cohens_dz([1.0, 3.0]) == pytest.approx(2 / math.sqrt(2))
