"""How stable ranks are: simulated coverage, losses that are equal, and an experiment's tables and figure."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from runs.results import collect
from tables.__main__ import main
from tables.experiment import saved_figures, stability_figure, stability_tables
from tables.experiment.stability import OVER_ALL
from tables.index import entries
from tables.stability import stability

SIMULATIONS = 400
DRAWS = 400


def experiment(rng, truth, cases=20, runs=3, seed_effect=0.1):
    """Values of losses x cases x runs: cases differ, losses on a case, seeds, and everything once more by chance."""
    losses = len(truth)
    shared = rng.normal(0, 2, (1, cases, 1))
    own = rng.normal(0, 1, (losses, cases, 1)) + seed_effect * rng.normal(0, 1, (losses, 1, runs))
    return np.array(truth)[:, None, None] + shared + own + rng.normal(0, 0.7, (losses, cases, runs))


def simulate(truth, datasets=1, **size):
    """Return how often each loss's interval has all ranks that its true mean may have, and how often a loss wins."""
    rng, means = np.random.default_rng(5), np.array(truth)
    first = 1 + (means[None] > means[:, None]).sum(axis=1)
    last = (means[None] >= means[:, None]).sum(axis=1)
    covered, winners = np.zeros(len(truth)), 0
    for _ in range(SIMULATIONS):
        values = [experiment(rng, truth, **size) * 10**number for number in range(datasets)]
        found = stability(values, higher_is_better=True, draws=DRAWS)
        covered += (found.low <= first) & (last <= found.high)
        winners += found.winner is not None
    return covered.mean() / SIMULATIONS, winners / SIMULATIONS


@pytest.mark.parametrize(
    ("losses", "size"),
    [
        (4, {}),
        (8, {"cases": 40, "seed_effect": 0.2}),
        (4, {"cases": 12, "runs": 1, "seed_effect": 0}),
        (4, {"datasets": 2}),
    ],
    ids=["few", "many", "one run", "two datasets"],
)
def test_intervals_of_equal_losses_hold_in_95_percent_and_no_loss_wins(losses, size):
    """The bounds are 93 and 97 % and the standard deviation of four losses' mean in 400 simulations, 0.7 %."""
    coverage, winners = simulate([0.0] * losses, **size)
    assert 0.93 - 0.007 <= coverage <= 0.97 + 0.014
    assert winners <= 0.05


def test_two_equal_losses_have_a_winner_in_5_percent():
    coverage, winners = simulate([0.0, 0.0])
    assert coverage == 1 - winners
    assert 0.93 - 0.011 <= coverage <= 0.97 + 0.011


def test_intervals_of_different_losses_hold_more_often():
    coverage, winners = simulate([0.0, 0.4, 0.8, 2.5])
    assert coverage >= 0.95
    assert winners > 0.9


def test_shares_are_those_of_a_normal_distribution():
    """Two losses: the mean difference over its error says how often the mean of a resample is above 0."""
    rng = np.random.default_rng(1)
    values = np.stack([np.zeros((400, 1)), rng.normal(0, 1, (400, 1))])
    values[1] += values[1].std(ddof=1) / 20 - values[1].mean()  # 1 standard error
    found = stability([values], higher_is_better=True, draws=4000)
    assert found.wins[1, 0] == pytest.approx(0.841, abs=0.025)
    assert found.best == pytest.approx([1 - found.wins[1, 0], found.wins[1, 0]])
    assert stability([values], higher_is_better=False, draws=4000).wins[0, 1] == found.wins[1, 0]


def test_seeds_that_disagree_widen_the_intervals():
    """Over cases alone the second loss is surely better; but one of three seeds says the contrary."""
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.1, (2, 60, 3))
    steady = values + np.array([0.0, 1.0])[:, None, None]
    values[1] += np.array([2.5, 1.5, -1.0])
    assert stability([steady], higher_is_better=True).winner == 1
    found = stability([values], higher_is_better=True)
    assert found.winner is None
    assert 0.6 < found.wins[1, 0] < 0.99


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 5), st.integers(1, 8), st.integers(1, 3), st.floats(0.01, 100))
def test_order_of_losses_scale_and_shift_do_not_matter(seed, losses, cases, runs, scale):
    values = np.random.default_rng(seed).normal(size=(losses, cases, runs))
    found = stability([values], higher_is_better=True, draws=200)
    assert (found.low <= found.rank).all()
    assert (found.rank <= found.high).all()
    assert found.best.sum() == pytest.approx(1)
    assert found.wins + found.wins.T == pytest.approx(np.ones((losses, losses)))
    turned = stability([scale * values[::-1] + 3], higher_is_better=True, draws=200)
    assert list(turned.rank[::-1]) == list(found.rank)
    assert turned.best[::-1] == pytest.approx(found.best, abs=0.02)
    assert list(stability([-values], higher_is_better=False, draws=200).low) == list(found.low)


def test_hardly_any_values():
    same = stability([np.ones((3, 10, 2))], higher_is_better=True)
    assert (list(same.rank), list(same.low), list(same.high)) == ([1] * 3, [1] * 3, [3] * 3)
    assert same.best == pytest.approx([1 / 3] * 3)
    assert same.winner is None
    # always the same difference: no doubt about the order, but not from four cases
    steps = np.arange(3.0)[:, None, None] + np.random.default_rng(0).normal(size=(1, 10, 2))
    assert stability([steps], higher_is_better=True).winner == 2
    assert stability([steps[:, :4]], higher_is_better=True).winner is None
    assert stability([steps[:1]], higher_is_better=True).winner is None
    with pytest.raises(ValueError, match="needs values of losses x cases x runs"):
        stability([], higher_is_better=True)


@pytest.fixture
def ranked(writer):
    """CLoss is surely best on roads, equal to SCNP on walls; on cells, with four cases, nothing can be said."""
    rng = np.random.default_rng(0)
    for dataset, ahead, cases in (("roads", 0.1, 12), ("walls", 0.0, 12), ("cells", 0.2, 4)):
        base = rng.uniform(0.3, 0.5, cases)
        for seed in (0, 1):
            writer.run(dataset=dataset, seed=seed, dice=list(base))
            for loss, better in (("closs", ahead + 0.1), ("scnp", 0.1)):
                writer.run(loss, dataset=dataset, seed=seed, dice=list(base + better + rng.normal(0, 0.01, cases)))
    writer.run("scnp", dataset="walls", seed=2, dice=[0.1] * 12)  # the others lack this seed
    return writer.write_plan(smoke=False)


def test_orders_of_an_experiment(ranked):
    orders = {(order.column.slug, order.block): order for order in stability_tables.collect(collect(ranked))}
    # the errors are ten times one minus Dice
    assert {slug for slug, _ in orders} == {"betti0_error", "dice"}
    roads, walls, cells = (orders["dice", f"{name}"] for name in ("roads", "walls", "cells"))
    assert (roads.losses, roads.winner, roads.cases, roads.runs) == (
        ["CLoss", "SCNP", "Dice&CE"],
        "Winner: CLoss.",
        12,
        2,
    )
    assert (walls.winner, walls.runs, list(walls.numbers.high)) == ("No winner.", 2, [2, 2, 3])
    assert list(cells.numbers.high) == [3, 3, 3]
    overall = orders["dice", OVER_ALL]
    assert (overall.cases, overall.losses) == (24, roads.losses)
    assert overall.notes == ["cells: fewer than 5 cases, left out"]


def test_command_writes_tables_and_figures(ranked, capsys):
    assert main(["render", str(ranked)]) == 0
    assert str(ranked / "figures" / "stability-dice.png") in capsys.readouterr().out
    tables = ranked / "tables"
    text = (tables / "stability.md").read_text()
    assert "## Dice ↑, roads: 12 cases, 2 runs of each" in text
    assert "| **1 CLoss** | 1 | 1 to 1 | 100% |  | 100% | 100% |" in text
    assert "A loss wins if its interval is 1 to 1" in text
    assert "<strong>1 CLoss</strong>" in (tables / "stability.html").read_text()
    assert r"\textbf{1 CLoss} & 1 & 1 to 1 & 100\%" in (tables / "stability.tex").read_text()
    rows = list(csv.DictReader(io.StringIO((tables / "stability.csv").read_text())))
    first = next(row for row in rows if row["metric"] == "dice" and row["on"] == "roads")
    assert (first["loss"], first["winner"], first["beats SCNP"], first["beats CLoss"]) == ("CLoss", "True", "1.0", "")
    assert "ranks" in entries.experiments(ranked.parent)[0].links


def test_figure(ranked):
    orders = stability_tables.collect(collect(ranked))
    drawn = stability_figure.draw([order for order in orders if order.column.slug == "dice"], "A banner")
    assert isinstance(drawn, Figure)
    drawn.draw_without_rendering()
    titles = " ".join(" ".join(axes.get_title().split()) for axes in drawn.axes)
    assert "Winner: CLoss." in titles
    assert "how often the row's mean is better than the column's" in titles


def test_without_finished_losses_there_is_nothing(writer):
    writer.run(stage="pretrain")
    writer.run(cause="failed: NaN")
    results = collect(writer.write_plan())
    assert stability_tables.write(results) == []
    assert saved_figures.stability(results) == []
