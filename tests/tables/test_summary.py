import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from pictures.labels import label_points
from tables.experiment import summary_figures, verdicts
from tables.experiment.summary import Summary

BETTER = [0.40 + 0.01 * n for n in range(12)]


@pytest.fixture
def summary(writer):
    """CLoss is best, SCNP next, Dice&CE last, in every case of two datasets."""
    for dataset in ("roads", "walls"):
        writer.run(stage="pretrain", dataset=dataset, dice=BETTER)
        writer.run(dataset=dataset, dice=BETTER)
        writer.run("closs", dataset=dataset, dice=[value + 0.2 for value in BETTER])
        writer.run("scnp", dataset=dataset, dice=[value + 0.1 for value in BETTER])
    writer.run("closs", dataset="walls", parameters={"gamma": 0.3}, cause="failed: NaN")
    return Summary([writer.write_plan()])


def test_leaderboard_ranks_over_all_cases(summary):
    table = summary.leaderboard()
    assert list(table.index) == ["CLoss", "SCNP", "Dice&CE"]
    assert list(table["Dice, rank"]) == [1, 2, 3]
    assert list(table["cost / Dice&CE's"]) == [1, 1, 1]
    assert list(table["n"]) == list(table["ranked"]) == [24, 24, 24]


def test_cases_of_all_datasets_are_told_apart(summary):
    values = summary.values("dice")
    assert values.shape == (24, 3)
    assert values.index[0] == "roads: case0"
    assert len(summary.values("dice", "walls")) == 12


def test_parts_of_a_test_set_are_not_averaged_together(writer):
    import json

    groups = {"inside": [f"case{n}" for n in range(6)], "outside": [f"case{n}" for n in range(6, 12)]}
    (writer.results / "card.json").write_text(json.dumps({"groups": groups}))
    writer.run(dice=BETTER)
    writer.run("closs", dice=BETTER)
    summary = Summary([writer.write_plan()])
    assert list(summary.blocks) == ["roads (inside)", "roads (outside)"]
    assert len(summary.values("dice")) == 6
    assert len(summary.values("dice", "roads (outside)")) == 6


@pytest.fixture
def other_parameters(writer_of, tmp_path):
    """Dice&CE, CLoss with another gamma on one dataset, and SCNP twice; the second SCNP failed on the third dataset."""
    writer = writer_of(tmp_path / "other")
    for dataset, gamma in (("roads", 0.1), ("walls", 0.3), ("cells", 0.1)):
        writer.run(dataset=dataset, dice=BETTER)
        writer.run("closs", dataset=dataset, parameters={"gamma": gamma}, dice=[value + 0.2 for value in BETTER])
        writer.run("scnp", dataset=dataset, dice=[value + 0.1 for value in BETTER])
        cause = "completed" if dataset != "cells" else "failed: NaN"
        dice = [value + 0.15 for value in BETTER]
        writer.run("scnp", dataset=dataset, parameters={"window": 5}, dice=dice, cause=cause)
    return Summary([writer.write_plan()])


def test_a_loss_with_other_parameters_on_another_dataset_is_one_row(other_parameters):
    table = other_parameters.leaderboard()
    assert list(table.index) == ["CLoss (gamma by dataset)", "SCNP (window=5)", "SCNP", "Dice&CE"]
    assert list(table["n"]) == [36, 24, 36, 36]
    assert list(table["ranked"]) == [24] * 4


def test_what_the_rows_of_an_entry_share_stays_in_its_name(writer):
    for dataset, further in (("roads", {}), ("vessels", {"iterations": 5})):
        writer.run(dataset=dataset, dice=BETTER)
        for shared in ({}, {"normalize": "all"}):
            writer.run("closs", dataset=dataset, parameters=shared | further, dice=BETTER)
    table = Summary([writer.write_plan()]).leaderboard()
    assert set(table.index) == {
        "Dice&CE",
        "CLoss (iterations by dataset)",
        "CLoss (normalize=all, iterations by dataset)",
    }


def test_what_the_ranks_leave_out_is_named(other_parameters, summary):
    assert other_parameters.left_out("dice") == ["cells: 12 of 12 cases do not count, as they lack SCNP (window=5)"]
    assert summary.left_out("dice") == []


def test_pairs(summary):
    table = summary.pairs("dice")
    assert table.loc["CLoss", "Dice&CE"] == "100%***"
    assert table.loc["Dice&CE", "CLoss"] == "0%***"
    assert table.loc["SCNP", "SCNP"] == ""


def test_joined_losses():
    import pandas as pd

    ranks = pd.Series([1.0, 1.5, 2.2, 4.0, 4.1])
    assert summary_figures._joined(ranks, 1.0) == [(0, 1), (1, 2), (3, 4)]
    assert summary_figures._joined(ranks, 0.05) == []


@pytest.mark.parametrize("draw", ["against_cost", "critical_differences", "small_multiples"])
def test_figures_hold_something(summary, draw):
    figure = getattr(summary_figures, draw)(summary)
    figure.draw_without_rendering()
    assert any(axes.lines for axes in figure.axes)


def test_legend_of_many_losses_fits_into_the_figure(writer):
    writer.run()
    for number in range(35):
        writer.run("closs", parameters={"gamma": number / 100})
    figure = summary_figures.against_cost(Summary([writer.write_plan()]), metrics=("dice",))
    figure.draw_without_rendering()
    (legend,), whole = figure.legends, figure.bbox
    box = legend.get_window_extent()
    assert box.y0 >= whole.y0
    assert box.y1 <= whole.y1
    assert box.height > 3 * figure.dpi


def test_folder_without_runs_is_named(tmp_path):
    with pytest.raises(ValueError, match="no experiment in it"):
        Summary([tmp_path])


def test_experiment_without_a_finished_run_is_named(writer):
    writer.run(cause="failed: NaN")
    with pytest.raises(ValueError, match="no finished run in"):
        Summary([writer.write_plan()])


def test_verdicts_in_words(summary):
    closs, scnp = verdicts.verdicts(summary, "roads", "dice")
    assert (closs.kind, closs.effect, closs.low) == ("better", pytest.approx(0.2), pytest.approx(0.2))
    # two losses: Holm doubles the smallest of 2^12 patterns of signs
    assert closs.p == pytest.approx(2 * 2 / 2**12)
    assert closs.words(summary.column("dice")) == "better by 0.200 [0.200, 0.200], p < 0.001, n 12"
    assert scnp.words(summary.column("dice")).startswith("better by 0.100 ")
    assert verdicts.table(summary, "dice").shape == (2, 2)
    # errors: lower is better, and the two hundredths of Dice are two components
    assert verdicts.verdicts(summary, "roads", "betti0_error")[0].kind == "better"


@pytest.mark.parametrize(
    ("shift", "cases", "words"),
    [
        (-0.1, 12, "worse by 0.100 [0.100, 0.100], p < 0.001"),
        (0.0, 12, "no difference shown: +0.000"),
        (0.3, 3, "too few"),
    ],
)
def test_verdicts_against_a_loss(writer, shift, cases, words):
    writer.run(dice=BETTER[:cases])
    writer.run("closs", dice=[value + shift for value in BETTER[:cases]])
    found = Summary([writer.write_plan()])
    (verdict,) = verdicts.verdicts(found, "roads", "dice")
    assert verdict.words(found.column("dice")).startswith(words)
    verdicts.paired_differences(found, "dice").draw_without_rendering()


def test_without_dice_ce_there_is_no_verdict(writer):
    writer.run("closs")
    found = Summary([writer.write_plan()])
    assert verdicts.verdicts(found, "roads", "dice") == []
    verdicts.paired_differences(found, "dice").draw_without_rendering()


def test_labels_cover_neither_each_other_nor_points():
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots()
    x, y = [1.0, 1.0, 1.01, 1.02, 3.0, 1.0], [1.0, 1.0, 1.0, 1.01, 2.0, 1.005]
    axes.plot(x, y, "o", markersize=4)
    label_points(axes, x, y, [f"{n}" for n in range(1, 7)])
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # an annotation would include its line
    assert len(boxes) == 6
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert not any(box.contains(*spot) for box in boxes for spot in axes.transData.transform(np.column_stack([x, y])))
