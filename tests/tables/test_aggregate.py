"""Runs collected from their files: states, refusals, and seeds averaged within each case first."""

import json
import math

import pytest

from tables import aggregate


def states(folder):
    return [result.state for result in aggregate.collect(folder).runs]


def test_states(demo):
    assert states(demo) == ["done", "done", "done", "failed", "no run"]


def test_failed_notebook_without_a_record_is_a_failed_run(writer):
    folder = writer.run()
    (folder / "run.json").unlink()
    (folder / "failure.json").write_text(json.dumps({"notebook": "train.ipynb", "error": "ValueError: no"}))
    (result,) = aggregate.collect(writer.write_plan()).runs
    assert (result.state, result.reason) == ("failed", "ValueError: no")


def test_unfinished_unevaluated_and_outdated(writer):
    writer.run(seed=0, cause="running")
    (writer.run(seed=1) / "metrics.csv").unlink()
    folder = writer.run(seed=2)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"hash": "another"}))
    results = aggregate.collect(writer.write_plan())
    assert [result.state for result in results.runs] == ["unfinished", "not evaluated", "not evaluated"]
    assert "trained again" in results.runs[2].reason


def test_without_a_plan_what_is_there_counts(demo):
    (demo / "plan.json").unlink()
    assert len(states(demo)) == 4
    assert aggregate.collect(demo).smoke


def test_run_outside_the_plan_is_left_out(writer, demo):
    writer.run(seed=7)
    assert len(states(demo)) == 5


def test_nothing_to_collect(tmp_path):
    with pytest.raises(ValueError, match="there are no runs in .*python -m workflow"):
        aggregate.collect(tmp_path / "demo")


def test_mixed_versions_are_refused_with_the_command(writer):
    old = writer.run(seed=0)
    writer.run(seed=1, version=2)
    with pytest.raises(ValueError, match="different versions") as caught:
        aggregate.collect(writer.write_plan())
    assert f"papermill notebooks/evaluate.ipynb {old}/evaluate.ipynb -p run {old}" in str(caught.value)
    assert "seed1" not in str(caught.value)


def test_unreadable_file_is_named(demo):
    path = next(demo.rglob("evaluation.json"))
    path.write_text("{")
    with pytest.raises(ValueError, match="evaluation.json is not readable"):
        aggregate.collect(demo)


def test_seeds_are_averaged_within_each_case_first(writer):
    writer.run(seed=0, dice=(0.0, 0.5))
    writer.run(seed=1, dice=(0.4, 0.7))
    cell = aggregate.cell(aggregate.collect(writer.write_plan()).runs, "dice", False)
    assert cell.mean == pytest.approx(0.4)
    assert cell.std == pytest.approx(0.4 / math.sqrt(2))  # of 0.2 and 0.6, not of the four values
    assert (cell.defined, cell.cases) == (2, 2)


def test_undefined_values_are_counted_and_left_out(writer):
    writer.run()
    cell = aggregate.cell(aggregate.collect(writer.write_plan()).runs, "betti0_error", False)
    assert (cell.mean, cell.defined, cell.cases) == (pytest.approx(4.0), 3, 4)


def test_overview_and_undefined_of_one_run(writer):
    result = aggregate.read_run(writer.run())
    assert aggregate.overview(result).loc[("Dice", 0), "mean"] == pytest.approx(0.65)
    assert aggregate.undefined(result)["reason"].tolist() == ["because", "because"]
