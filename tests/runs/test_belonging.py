"""A number belongs to the plan printed above it: a run that differs keeps its place, without a number."""

import shutil
from dataclasses import replace

import pytest

from runs import steps
from runs.belonging import digest
from runs.evaluation import PretrainingUsed, Request, read_evaluation
from runs.paths import run_folder
from runs.plan import read_plan, write_plan
from runs.record import InitialWeights, read_record, write_record
from runs.results import collect
from tables.experiment import compare, render

USED = {"iterations": 30, "learning_rate": 0.1, "threads": 1}


@pytest.fixture
def planned(writer):
    """A pretraining and two runs that start from it, planned and done."""
    start = writer.run(stage="pretrain", used=USED)
    for loss in ("dice_ce", "closs"):
        writer.run(loss, used=USED)
    writer.planned = [
        job if job.run.stage == "pretrain" else replace(job, after=str(start), sources="s", measuring_sources="m")
        for job in writer.planned
    ]
    return writer.write_plan()


def found(folder):
    """Return state and reason of each run."""
    return {f"{each.run.stage} {each.run.loss}": (each.state, each.reason) for each in collect(folder).runs}


def change_plan(folder, **changes):
    plan = read_plan(folder)
    jobs = [replace(job, train=job.train | changes) if job.run.stage != "pretrain" else job for job in plan.jobs]
    write_plan(replace(plan, jobs=jobs))


def change_record(folder, name, **changes):
    place = next(folder.glob(f"runs/roads/{name}/fold0-seed0"))
    write_record(place, replace(read_record(place), **changes))


def test_planned_runs_have_numbers(planned):
    assert {state for state, _ in found(planned).values()} == {"done"}


def test_other_parameters_are_named_and_give_no_number(planned):
    change_plan(planned, iterations=40)
    states = found(planned)
    assert states["pretrain dice_ce"] == ("done", "")
    state, reason = states["finetune closs"]
    assert state == "other parameters"
    assert "`iterations` 30 instead of 40" in reason
    (table, *_) = compare.comparisons(collect(planned))
    assert [row.state for row in table.rows] == ["", "(other parameters)", "(other parameters)"]
    assert "0.650" in render.markdown(collect(planned))  # the pretraining's mean
    assert render.as_csv(collect(planned)).count("(other parameters)") == 4


def test_where_and_how_fast_it_ran_does_not_count(planned):
    change_plan(planned, threads=8, data="elsewhere", device="cuda", scale=1.0)
    assert {state for state, _ in found(planned).values()} == {"done"}


def test_results_that_were_moved_are_compared_with_their_plan(planned, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(planned, moved / "demo")
    assert {state for state, _ in found(moved / "demo").values()} == {"done"}
    change_record(moved / "demo", "closs", parameters={"iterations": 7, "learning_rate": 0.1})
    assert found(moved / "demo")["finetune closs"][0] == "other parameters"


def test_other_defaults_of_the_loss_are_other_parameters(planned):
    plan = read_plan(planned)
    write_plan(replace(plan, jobs=[replace(job, loss_parameters={"gamma": 0.2}) for job in plan.jobs]))
    change_record(planned, "closs", loss_parameters={"gamma": 0.3})
    assert "`gamma` 0.3 instead of 0.2" in found(planned)["finetune closs"][1]
    change_record(planned, "closs", loss_parameters={"older": True})  # `gamma` was not there yet
    assert found(planned)["finetune closs"][0] == "done"


def test_pretraining_that_failed_or_was_repeated_takes_the_numbers_of_what_started_from_it(planned):
    change_record(planned, "dice_ce,stage=pretrain", weights_sha256="other")
    states = found(planned)
    assert states["pretrain dice_ce"][0] == "done"
    assert {states[name][0] for name in ("finetune dice_ce", "finetune closs")} == {"other weights"}
    assert "trained again since" in states["finetune closs"][1]
    change_record(planned, "dice_ce,stage=pretrain", exit_cause="failed: loss became NaN")
    assert "is not finished (failed: loss became NaN)" in found(planned)["finetune closs"][1]


def test_pretraining_with_other_parameters_counts_for_what_started_from_it(planned):
    change_record(planned, "dice_ce,stage=pretrain", parameters=USED | {"iterations": 60})
    states = found(planned)
    assert states["pretrain dice_ce"][0] == "other parameters"
    assert states["finetune closs"][0] == "other weights"


def test_run_from_scratch_is_not_one_that_starts_from_weights(planned):
    change_record(planned, "closs", init_from=None)
    assert "trained from scratch" in found(planned)["finetune closs"][1]
    change_record(planned, "closs", init_from=InitialWeights("x", "y", "z"))
    assert found(planned)["finetune closs"][0] == "other weights"


def test_missing_pretraining_is_said_since_nothing_can_be_compared(planned):
    shutil.rmtree(next(planned.glob("runs/roads/dice_ce,stage=pretrain")))
    result = next(each for each in collect(planned).runs if each.run.loss == "closs")
    assert result.state == "done"
    assert "its initial weights were not compared" in result.remarks[0]


def test_other_data_than_most_runs_have_seen(planned):
    record = read_record(next(planned.glob("runs/roads/closs/fold0-seed0")))
    change_record(planned, "closs", data=replace(record.data, checksum="d" * 64))
    state, reason = found(planned)["finetune closs"]
    assert state == "other data"
    assert "dddddddddddd in this run, it should be cccccccccccc" in reason


def test_data_prepared_otherwise_since(planned):
    steps.write_flag(steps.prepared_flag(planned.parent / "data", "roads"), "e" * 64)
    assert {state for state, _ in found(planned).values()} == {"other data"}


def test_other_code_is_shown_where_it_is_known(planned):
    assert found(planned)["finetune closs"][0] == "done"  # a record of an older version does not say
    change_record(planned, "closs", sources="t")
    assert found(planned)["finetune closs"][0] == "other code"


def test_trained_or_predicted_again_since_the_evaluation(planned):
    change_record(planned, "closs", hash="new")
    assert "trained again since" in found(planned)["finetune closs"][1]


def test_numbers_are_those_of_the_predictions_whose_checksums_they_have(writer, planned):
    evaluated, other = {"case0.png": "a" * 64}, {"case0.png": "b" * 64}
    change_record(planned, "closs", predictions=evaluated)
    place = evaluate(writer, planned)
    assert found(planned)["finetune closs"][0] == "done"  # the evaluation does not say of which
    evaluate(writer, planned, predictions=digest(read_record(place)))
    assert found(planned)["finetune closs"][0] == "done"
    change_record(planned, "closs", predictions=other)
    assert "predicted again since it was evaluated" in found(planned)["finetune closs"][1]
    change_record(planned, "closs", predictions={})
    assert found(planned)["finetune closs"][0] == "done"  # nothing is known of them


def evaluate(writer, folder, loss="closs", **fields):
    place = next(folder.glob(f"runs/roads/{loss}/fold0-seed0"))
    writer.evaluate(place, (0.5, 0.6, 0.7, 0.8), **fields)
    return place


def test_other_measurement_is_named(writer, planned):
    plan = read_plan(planned)
    asked = {"metrics": ["dice"], "adjacency": 4, "elsewhere": {}}
    write_plan(replace(plan, jobs=[replace(job, evaluate=asked) for job in plan.jobs]))
    state, reason = found(planned)["finetune closs"]  # an older version says only what it used
    assert (state, "`adjacency` 8 instead of 4" in reason) == ("other measurement", True)
    evaluate(writer, planned, asked=Request(["dice", "voi"], 4))
    assert found(planned)["finetune closs"][0] == "done"  # more was measured than is wanted
    evaluate(writer, planned, asked=Request(["voi"], 4))
    assert "`metrics`" in found(planned)["finetune closs"][1]
    evaluate(writer, planned, asked=Request(["dice"], 0))
    assert "`adjacency` 0 instead of 4" in found(planned)["finetune closs"][1]
    evaluate(writer, planned, asked=Request(["dice"], 4), sources="older")
    assert found(planned)["finetune closs"][0] == "other code"
    evaluate(writer, planned, asked=Request(["dice"], 4, region={"region": "random"}))
    assert "`region`" in found(planned)["finetune closs"][1]


def test_field_of_view_counts_where_the_data_have_one(writer, planned):
    plan = read_plan(planned)
    asked = {"metrics": ["dice"], "fov": False}
    write_plan(replace(plan, jobs=[replace(job, evaluate=asked) for job in plan.jobs]))
    evaluate(writer, planned, asked=Request(["dice"]), options={"adjacency": 8})
    assert found(planned)["finetune closs"][0] == "done"
    evaluate(writer, planned, asked=Request(["dice"]), options={"adjacency": 8, "fov": True})
    state, reason = found(planned)["finetune closs"]
    assert (state, "`fov` True instead of False" in reason) == ("other measurement", True)
    evaluate(writer, planned, asked=Request(["dice"], fov=False), options={"adjacency": 8, "fov": False})
    assert found(planned)["finetune closs"][0] == "done"
    assert "outside the field of view too" in render.markdown(collect(planned))


def test_post_processing_by_another_pretraining(writer, planned):
    plan = read_plan(planned)
    start = plan.jobs[0].run
    write_plan(replace(plan, jobs=[replace(job, evaluate={"pretrain": plan.jobs[0].folder}) for job in plan.jobs]))
    assert "post-processed by nothing" in found(planned)["finetune closs"][1]
    evaluate(writer, planned, pretrain=PretrainingUsed(start, "h"))
    assert found(planned)["finetune closs"][0] == "done"
    evaluate(writer, planned, pretrain=PretrainingUsed(start, "older"))
    assert "its pretraining has changed" in found(planned)["finetune closs"][1]


def test_numbers_that_evaluation_json_does_not_describe(planned):
    """Of a file that was replaced, or cut where a case ends."""
    place = next(planned.glob("runs/roads/closs/fold0-seed0"))
    path = place / "metrics.csv"
    text = path.read_text()
    path.write_text(text.replace("0.5", "0.9"))
    assert "is not the file that evaluation.json describes" in found(planned)["finetune closs"][1]
    kept = [line for line in text.splitlines() if not line.startswith("case3")]
    path.write_text("\n".join(kept) + "\n")
    assert "metrics.csv is truncated" in found(planned)["finetune closs"][1]
    assert read_evaluation(place).cases == ["case0", "case1", "case2", "case3"]


def test_merging_keeps_the_comparison(planned, tmp_path, writer_of):
    from runs.merge import merge

    other = writer_of(tmp_path / "second")
    other.run("scnp", used=USED)
    other.write_plan()
    change_plan(planned, iterations=40)
    target = merge([planned.parent, other.results], tmp_path / "all")
    states = found(target / "demo")
    assert states["finetune closs"][0] == "other parameters"
    assert states["finetune scnp"][0] == "done"
    assert run_folder(target, collect(target / "demo").runs[0].run).is_dir()


def test_the_order_of_the_metrics_does_not_count(writer, planned):
    plan = read_plan(planned)
    asked = {"metrics": ["dice", "voi"], "adjacency": 8, "elsewhere": {}}
    write_plan(replace(plan, jobs=[replace(job, evaluate=asked) for job in plan.jobs]))
    evaluate(writer, planned, asked=Request(["voi", "dice"], 8))
    assert found(planned)["finetune closs"][0] == "done"
