"""Runs collected from their files: states, refusals, and seeds averaged within each case first."""

import json
import math
from dataclasses import asdict, replace

import pytest

from runs.evaluation import read_evaluation
from runs.failure import Failure, write_failure
from runs.files import sha256, write_json
from runs.record import read_record, write_record
from runs.results import collect, read_run
from tables import averages
from tables.experiment import compare, render


def states(folder):
    return [result.state for result in collect(folder).runs]


def test_states(demo):
    assert states(demo) == ["done", "done", "done", "failed", "no run"]


def test_failed_notebook_without_a_record_is_a_failed_run(writer):
    folder = writer.run()
    (folder / "run.json").unlink()
    write_failure(folder, Failure("train.ipynb", "ValueError: no"))
    (result,) = collect(writer.write_plan()).runs
    assert (result.state, result.reason) == ("failed", "ValueError: no")


def test_unfinished_unevaluated_and_outdated(writer):
    writer.run(seed=0, cause="running")
    (writer.run(seed=1) / "metrics.csv").unlink()
    folder = writer.run(seed=2)
    write_record(folder, replace(read_record(folder), hash="another"))
    results = collect(writer.write_plan())
    assert [result.state for result in results.runs] == ["unfinished", "not evaluated", "not evaluated"]
    assert "trained again" in results.runs[2].reason


def test_without_a_plan_what_is_there_counts(demo):
    (demo / "plan.json").unlink()
    assert len(states(demo)) == 4
    assert collect(demo).smoke


def test_run_outside_the_plan_is_left_out(writer, demo):
    writer.run(seed=7)
    assert len(states(demo)) == 5


def test_nothing_to_collect(tmp_path):
    with pytest.raises(ValueError, match="there are no runs in .*python -m workflow"):
        collect(tmp_path / "demo")


def test_older_metrics_are_left_out_with_the_command_that_mends_them(writer):
    old = writer.run(seed=0)
    writer.run(seed=1, version=2)
    found = {result.run.seed: result for result in collect(writer.write_plan()).runs}
    assert (found[0].state, found[1].state) == ("older metrics", "done")
    assert found[0].reason.endswith(f"papermill notebooks/evaluate.ipynb {old}/evaluate.ipynb -p run {old}")
    assert "betti0_error, dice of an older version" in found[0].reason


def _spoil_json(folder):
    (folder / "evaluation.json").write_text("{")
    return "evaluation.json is not readable"


def _spoil_record(folder):
    (folder / "run.json").write_text('{"run": ')
    return "run.json"


def _cut_rows(folder):
    path = folder / "metrics.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    return "metrics.csv is truncated: papermill notebooks/evaluate.ipynb"


def _cut_row(folder):
    path = folder / "metrics.csv"
    path.write_text(path.read_text()[:-20])
    return "metrics.csv is truncated"


def _cut_head(folder):
    (folder / "metrics.csv").write_text("case,met")
    return "metrics.csv cannot be read"


def _empty(folder):
    (folder / "metrics.csv").write_text("")
    return "metrics.csv cannot be read"


@pytest.mark.parametrize("spoil", [_spoil_json, _spoil_record, _cut_rows, _cut_row, _cut_head, _empty])
def test_unreadable_run_is_named_and_the_rest_of_the_table_still_made(writer, spoil):
    broken = writer.run("closs")
    writer.run()
    reason = spoil(broken)
    results = collect(writer.write_plan())
    by_loss = {result.run.loss: result for result in results.runs}
    assert by_loss["closs"].state == "unreadable"
    assert reason in by_loss["closs"].reason
    assert str(broken) in by_loss["closs"].reason
    (table, *_) = compare.comparisons(results)
    assert [row.state for row in table.rows] == ["(unreadable)", ""]
    assert any(reason in note for note in table.notes)


def test_values_missing_without_a_reason_are_named(writer):
    folder = writer.run()
    path = folder / "metrics.csv"
    path.write_text(path.read_text().replace("because", "", 1).replace(",dice,1,0,8,whole,0.5,", ",dice,1,0,8,whole,,"))
    evaluation = read_evaluation(folder)
    write_json(folder / "evaluation.json", asdict(replace(evaluation, metrics_sha256=sha256(path))))
    results = collect(writer.write_plan())
    (table, *_) = compare.comparisons(results)
    assert table.notes == [f"{path}: 2 values are missing without a reason (betti0_error, dice)"]
    assert table.rows[0].cells["dice"].defined == 3


def test_run_of_another_scale_is_left_out_and_named(writer):
    for loss, scale in (("dice_ce", 0.1), ("scnp", 0.1), ("closs", 1.0)):
        writer.run(loss, record={"parameters": {"scale": scale}})
    found = {result.run.loss: result for result in collect(writer.write_plan()).runs}
    assert found["closs"].state == "another scale"
    assert found["closs"].reason.endswith("scale 1, others 0.1")
    assert found["scnp"].state == "done"


def _card(writer, groups):
    (writer.results / "card.json").write_text(json.dumps({"groups": groups}))


def test_runs_are_divided_into_parts_once(writer):
    """A thousand runs, divided anew for each of 68 claims, took two minutes."""
    _card(writer, {"inside": [f"case{n}" for n in range(5)], "outside": [f"case{n}" for n in range(5, 10)]})
    writer.run(dice=[0.5] * 10)
    results = collect(writer.write_plan())
    assert list(results.parts("roads")) == ["inside", "outside"]
    assert results.parts("roads") is results.parts("roads")
    assert replace(results, runs=[]).parts("roads") == {"": []}


def test_groups_of_the_test_set_are_never_averaged_together(writer):
    _card(writer, {"inside": [f"case{n}" for n in range(5)], "angles": ["case5", "case6"], "colours": ["case7"]})
    writer.run(dice=(0.1, 0.1, 0.1, 0.1, 0.1, 0.6, 0.7, 0.5))
    writer.run("closs", dice=(0.2, 0.2, 0.2, 0.2, 0.2, 0.7, 0.7, 0.7))
    tables = compare.comparisons(collect(writer.write_plan()))
    assert [table.title for table in tables if not table.postprocessed] == [
        "roads (inside), without post-processing",
        "roads (angles + colours), without post-processing",
    ]
    means = [table.rows[0].cells["dice"].mean for table in tables if not table.postprocessed]
    assert means == pytest.approx([0.1, 0.6])
    assert [table.rows[0].cells["dice"].cases for table in tables if not table.postprocessed] == [5, 3]


def test_one_group_is_the_whole(writer):
    _card(writer, {"held_out": [f"case{n}" for n in range(4)]})
    writer.run()
    assert [table.part for table in compare.comparisons(collect(writer.write_plan()))] == ["", ""]


def test_losses_are_tested_against_the_baseline_and_corrected_over_the_table(writer):
    better = [0.5 + 0.01 * n for n in range(12)]
    writer.run(stage="pretrain", dice=better)
    writer.run(dice=[value - 0.1 for value in better])
    writer.run("closs", dice=better)
    writer.run("scnp", dice=[value - 0.1 for value in better])
    (table, *_) = compare.comparisons(collect(writer.write_plan()))
    rows = {row.label: row for row in table.rows}
    # all 2^12 patterns of signs: two are as far from 0; four tests, of which this is among the smallest
    assert rows["CLoss"].cells["dice"].p == pytest.approx(4 * 2 / 2**12)
    assert rows["SCNP"].cells["dice"].p == 1.0
    for silent in ("Dice&CE", "Dice&CE, pretraining"):
        assert math.isnan(rows[silent].cells["dice"].p)
    low, high = rows["CLoss"].cells["dice"].low, rows["CLoss"].cells["dice"].high
    assert 0.5 < low < 0.555 < high < 0.61


def test_seeds_are_averaged_within_each_case_first(writer):
    writer.run(seed=0, dice=(0.0, 0.5))
    writer.run(seed=1, dice=(0.4, 0.7))
    cell = averages.average(collect(writer.write_plan()).runs, "dice", False)
    assert cell.mean == pytest.approx(0.4)
    assert cell.std == pytest.approx(0.4 / math.sqrt(2))  # of 0.2 and 0.6, not of the four values
    assert (cell.defined, cell.cases) == (2, 2)


def test_undefined_values_are_counted_and_left_out(writer):
    writer.run()
    cell = averages.average(collect(writer.write_plan()).runs, "betti0_error", False)
    assert (cell.mean, cell.defined, cell.cases) == (pytest.approx(4.0), 3, 4)


def test_overview_and_undefined_of_one_run(writer):
    result = read_run(writer.run())
    assert averages.overview(result).loc[("Dice", 0), "mean"] == pytest.approx(0.65)
    assert averages.undefined(result)["reason"].tolist() == ["because", "because"]


def test_seeds_that_are_undefined_are_counted_and_named(writer):
    """Two of three seeds undefined in every case: the mean is that of the third, and the table says so."""
    nothing = float("nan")
    for seed, dice in enumerate([(0.5, 0.6, 0.7, 0.74), (nothing,) * 4, (nothing,) * 4]):
        writer.run("closs", seed=seed, dice=dice)
    writer.run()
    results = collect(writer.write_plan())
    (table, *_) = compare.comparisons(results)
    row = next(row for row in table.rows if row.label == "CLoss")
    cell = row.cells["dice"]
    assert (cell.cases, cell.defined, cell.values, cell.undefined, cell.is_uneven) == (4, 4, 12, 8, True)
    assert "[4/4; 4/12 values]" in render.markdown(results)
    assert "dice_undefined" in render.as_csv(results).splitlines()[0]
    assert "CLoss: Dice is undefined in 8 of 12 values of its 3 runs; the others alone are averaged" in table.notes


def test_cases_that_are_undefined_in_every_seed_are_not_uneven(writer):
    for seed in range(2):
        writer.run("closs", seed=seed)
    (table, *_) = compare.comparisons(collect(writer.write_plan()))
    cell = table.rows[0].cells["betti0_error"]
    assert (cell.cases, cell.defined, cell.undefined, cell.is_uneven) == (4, 3, 2, False)
    assert "values" not in render.markdown(collect(writer.results / "demo"))
