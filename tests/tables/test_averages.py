"""Differences between two losses: over the runs that both have."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.results import collect
from tables import averages
from tables.experiment.compare import comparisons
from tables.experiment.summary import Summary
from tables.experiment.verdicts import verdicts

CASES = ["a", "b", "c"]
NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=6, max_size=6)


def frame(values, seeds):
    return pd.DataFrame(np.reshape(values, (len(CASES), len(seeds))), CASES, [f"fold0-seed{seed}" for seed in seeds])


@given(NUMBERS, NUMBERS)
def test_of_the_same_runs_they_are_those_of_the_means(one, other):
    found = averages.differences(frame(one, (0, 1)), frame(other, (1, 0)))
    expected = frame(one, (0, 1)).mean(axis=1) - frame(other, (1, 0)).mean(axis=1)
    pd.testing.assert_series_equal(found, expected, rtol=0, atol=1e-9)


@given(NUMBERS, NUMBERS, st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3))
def test_a_further_run_of_one_loss_changes_nothing(one, other, further):
    more = frame(one, (0, 1)).assign(**{"fold0-seed2": further})
    pd.testing.assert_series_equal(
        averages.differences(more, frame(other, (0, 1))), averages.differences(frame(one, (0, 1)), frame(other, (0, 1)))
    )


def test_a_value_that_one_run_lacks_is_left_out_of_both_losses():
    one, other = frame([1.0, np.nan, 1, 2, 1, 3], (0, 1)), frame([0.0, 9, 0, 0, np.nan, 0], (0, 1))
    assert list(averages.differences(one, other)) == [1.0, 1.5, 3.0]


def test_losses_without_a_common_run_are_compared_by_their_means():
    assert list(averages.differences(frame([1, 3, 1, 1, 0, 2], (0, 1)), frame([1, 2, 3], (5,)))) == [1, -1, -2]


@pytest.fixture
def uneven(writer):
    """CLoss is better by 0.1 in every case of two seeds; Dice&CE has a third one, in which it is lucky."""
    cases = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    for seed in (0, 1):
        writer.run(seed=seed, dice=cases)
        writer.run("closs", seed=seed, dice=[value + 0.1 for value in cases])
    writer.run(seed=2, dice=[1.0] * len(cases))
    return writer.write_plan()


def test_verdicts_pairs_and_stars_do_not_count_the_luck_of_a_further_seed(uneven):
    summary = Summary([uneven])
    (verdict,) = verdicts(summary, "roads", "dice")
    assert verdict.effect == pytest.approx(0.1)
    assert verdict.kind == "better"
    assert summary.pairs("dice").loc["CLoss", "Dice&CE"].startswith("100%")
    (row,) = [row for row in comparisons(collect(uneven))[0].rows if row.label == "CLoss"]
    assert row.cells["dice"].p == pytest.approx(2 * 2 / 2**6)  # two of 2^6 signs are as extreme; Holm over two metrics
