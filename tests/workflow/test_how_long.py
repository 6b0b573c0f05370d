"""The estimate before an experiment: only what is missing counts, by rates of this machine where there are any."""

from dataclasses import replace

import pytest

from runs.plan import ExperimentPlan, Job
from runs.record import RunRecord, write_record
from training.config import Config
from workflow import how_long


@pytest.fixture
def plan(tmp_path):
    configs = [Config(loss=loss, results=str(tmp_path), iterations=1000) for loss in ("dice_ce", "closs")]
    jobs = [Job(str(each.run_folder), title=each.loss, train=each.as_dict()) for each in configs]
    return ExperimentPlan("demo", results=str(tmp_path), folder=str(tmp_path / "demo"), jobs=jobs)


def test_only_missing_steps_count(plan):
    both = how_long.estimate(plan, ["train dice_ce", "train closs"], 2.0, 1)
    one = how_long.estimate(plan, ["train closs"], 2.0, 1)
    assert both == pytest.approx(2 * one)
    assert how_long.estimate(plan, ["train dice_ce", "train closs"], 2.0, 2) == pytest.approx(one)
    assert how_long.estimate(plan, ["tables"], 2.0, 1) < one
    assert how_long.estimate(plan, [], 2.0, 1) == 0


def test_runs_of_this_machine_tell_the_rate(plan):
    config = Config(**plan.jobs[0].train)
    before = how_long.estimate(plan, ["train dice_ce"], 0.0, 1)
    record = RunRecord(run=config.run, parameters=config.as_dict(), patch_size=[128, 128])
    write_record(config.run_folder, replace(record, seconds_per_iteration=0.5))
    assert how_long.estimate(plan, ["train dice_ce"], 0.0, 1) == pytest.approx(500)
    assert before != pytest.approx(500)


def test_it_is_said_in_words():
    assert how_long.line(540, 2).startswith("this takes about 9 min here, 2 steps at a time")
