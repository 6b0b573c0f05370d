"""The forecast of a start: only what is missing counts, by rates of runs on such a device where there are any."""

import re
from dataclasses import replace

import pytest

from runs import steps
from runs.paths import parse_run
from runs.plan import ExperimentPlan, Job
from runs.record import RunRecord, write_record
from training.config import Config
from workflow.jobs import engine, forecast
from workflow.jobs.forecast import Machine
from workflow.jobs.grid import Grid

HERE = Machine("cpu", engine.profile("local"), cores=1, trainings=1)


@pytest.fixture
def grid(tmp_path):
    """Two experiments, each of one run that has to be trained."""
    plans = []
    for name, loss in (("demo", "dice_ce"), ("more", "closs")):
        config = Config(loss=loss, results=str(tmp_path), iterations=1000, experiment=name)
        job = Job(str(config.run_folder), title=loss, train=config.as_dict())
        plans.append(ExperimentPlan(name, results=str(tmp_path), folder=str(tmp_path / name), jobs=[job]))
    return Grid(plans, tmp_path / "demo")


def minutes(grid, missing, machine=HERE):
    """Return what the line on this machine's time says; None where there is no such line."""
    text = "\n".join(forecast.lines(grid, missing, machine))
    found = re.search(r"this takes about ([\d.]+) (s|min|h) here", text)
    return found and float(found[1]) * {"s": 1 / 60, "min": 1, "h": 60}[found[2]]


def measured(grid, seconds, device="cpu"):
    config = Config(**grid.jobs[0].train)
    record = RunRecord(run=config.run, parameters=config.as_dict(), patch_size=[128, 128], device=device)
    write_record(config.run_folder, replace(record, seconds_per_iteration=seconds))


def test_only_what_is_missing_counts(grid):
    measured(grid, 6.0)
    assert minutes(grid, 4) == pytest.approx(200, rel=0.02)
    assert minutes(grid, 4, replace(HERE, trainings=2)) == pytest.approx(100, rel=0.02)
    steps.write_flag(steps.flag_of(grid.jobs[0].folder, "trained"))
    assert minutes(grid, 3) == pytest.approx(100, rel=0.02)
    assert minutes(grid, 3, replace(HERE, loading=400.0)) == pytest.approx(160, rel=0.02)
    assert minutes(grid, 0) is None


def test_runs_of_this_device_tell_the_rate(grid):
    guessed = minutes(grid, 2)
    measured(grid, 60.0, device="cuda")
    assert minutes(grid, 2) == guessed
    measured(grid, 60.0)
    assert minutes(grid, 2) == pytest.approx(2000, rel=0.02)


def test_on_a_cluster_hours_go_by_runs_on_gpus(tmp_path):
    train = {"network": "unet", "loss": "closs", "patch_size": [100, 100], "batch_size": 100, "iterations": 3600}
    job = Job(str(tmp_path / "e" / "runs" / "d" / "a" / "f0"), title="closs on d", train=train)
    plan = ExperimentPlan("e", folder=str(tmp_path / "e"), results=str(tmp_path), jobs=[job])
    slurm = Machine("cuda", engine.profile("slurm"))

    def said(machine):
        return list(forecast.lines(Grid([plan], tmp_path / "e"), 2, machine))

    assert said(slurm) == [
        "to do: 1 trainings, each a job of its own; 1 evaluations in 1 jobs",
        f"GPU-hours: not known, since {tmp_path} holds no measured run on this kind of device (cuda)",
    ]
    folder = tmp_path / "e" / "runs" / "d" / "closs" / "fold0-seed0"
    record = RunRecord(run=parse_run(folder), device="cuda", patch_size=[100, 100], parameters=train)
    write_record(folder, replace(record, seconds_per_iteration=5.0))
    assert said(slurm)[1:] == [
        "GPU-hours: about 5, by the rates of runs on cuda",
        "longest job: closs on d, about 5.0 h of 240 min; "
        "it would not end in time, though it goes on from its checkpoint",
    ]
    assert said(replace(HERE, device="cuda"))[-1].endswith("there is no time limit")


@pytest.mark.parametrize("rule", ["train", "train_baseline"])
def test_every_training_rule_has_the_time_of_a_training(rule):
    assert forecast.time_limit(engine.profile("slurm"), rule) == 240
    assert forecast.time_limit(engine.profile("slurm"), "tables") == 60
