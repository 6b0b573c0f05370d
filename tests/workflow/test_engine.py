"""Snakemake's command line: GPUs of a machine or a cluster, and evaluations that share a job."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace

import pytest

from runs.paths import parse_run
from runs.plan import ExperimentPlan, Job
from runs.record import RunRecord, write_record
from workflow import cluster, engine, forecast, gpus


@pytest.mark.parametrize(("runs", "cores", "remote"), [(28, 2, False), (500, 2, True), (5, 16, False), (0, 2, False)])
def test_every_evaluation_is_in_one_batch(runs, cores, remote):
    keys = [str(number) for number in range(runs)]
    made = engine.batches(keys, cores, remote)
    assert [key for batch in made for key in batch] == keys
    if remote:
        assert len(made) <= 10
    assert all(len(batch) <= 50 for batch in made)


def command(tmp_path, monkeypatch, profile="local", **more):
    monkeypatch.setattr(cluster, "has_accounting", lambda: False)
    given = {"profile": profile, "gpus": "", "gpu_jobs": 1, "cores": 16, "plan": False, "results": str(tmp_path)}
    plan = ExperimentPlan("test", folder=str(tmp_path / "test"), results=str(tmp_path))
    words = engine.command(Namespace(**given | more), plan, tmp_path / "plan.json", [])
    return words, json.loads((tmp_path / "test" / ".steps" / "config.json").read_text())


def test_four_gpus_take_four_trainings(tmp_path, monkeypatch):
    monkeypatch.setattr(gpus, "visible", lambda: ["0", "1", "2", "3"])
    words, told = command(tmp_path, monkeypatch)
    assert words[words.index("--resources") + 1] == "gpu=4"
    assert words[words.index("--cores") + 1] == "16"
    assert told["gpus"] == ["0", "1", "2", "3"]
    words, _ = command(tmp_path, monkeypatch, gpus="1,3", gpu_jobs=3)
    assert words[words.index("--resources") + 1] == "gpu=6"


def test_head_that_sees_a_gpu_does_not_limit_the_cluster(tmp_path, monkeypatch):
    monkeypatch.setattr(gpus, "visible", lambda: ["0"])
    words, told = command(tmp_path, monkeypatch, profile="slurm")
    assert "--resources" not in words
    assert told["gpus"] == []


def test_slots_give_each_its_own_gpu(tmp_path):
    """Four processes, four GPUs; a fifth waits until one ends."""
    program = (
        "import os, sys, pathlib; from workflow import gpus\n"
        "with gpus.slot(['0', '1', '2', '3'], 1, pathlib.Path(sys.argv[1])):\n"
        "    print(os.environ['CUDA_VISIBLE_DEVICES'], flush=True); sys.stdin.read()"
    )
    start = [sys.executable, "-c", program, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    four = [subprocess.Popen(start, **pipes) for _ in range(4)]
    taken = [each.stdout.readline().strip() for each in four]
    assert sorted(taken) == ["0", "1", "2", "3"]
    fifth = subprocess.Popen(start, **pipes)
    assert "waiting for one of the GPUs 0, 1, 2, 3" in fifth.stderr.readline()
    four[2].kill()  # a dead holder frees its slot
    assert fifth.stdout.readline().strip() == taken[2]
    for each in [*four, fifth]:
        each.kill()
        each.communicate()


def test_idle_gpu_comes_before_a_second_job_on_another(tmp_path):
    with gpus.slot(["0", "1"], 2, tmp_path) as first, gpus.slot(["0", "1"], 2, tmp_path) as second:
        with gpus.slot(["0", "1"], 2, tmp_path) as third:
            assert (first, second, third) == ("0", "1", "0")
            assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"


def test_what_is_left_after_a_failed_training(tmp_path):
    """Evaluations whose own training, and that before it, are done."""
    runs = tmp_path / "e" / "runs" / "d"
    jobs = [Job(str(runs / "p" / "f0")), Job(str(runs / "a" / "f0"), after=str(runs / "p" / "f0"))]
    plan = ExperimentPlan(
        "e", folder=str(tmp_path / "e"), results=str(tmp_path), jobs=[*jobs, Job(str(runs / "b" / "f0"))]
    )
    for name in ("p", "a"):
        flag = tmp_path / "e" / ".steps" / "d" / name / "f0.trained"
        flag.parent.mkdir(parents=True)
        flag.touch()
    assert engine.unevaluated(plan) == ["d/p/f0", "d/a/f0", "d/b/f0"]
    assert engine.unevaluated(plan, trained=True) == ["d/p/f0", "d/a/f0"]
    (tmp_path / "e" / ".steps" / "d" / "p" / "f0.evaluated").touch()
    assert engine.unevaluated(plan, trained=True) == ["d/a/f0"]


def test_forecast_goes_by_runs_on_the_same_device(tmp_path):
    runs = tmp_path / "e" / "runs" / "d"
    train = {"network": "unet", "loss": "closs", "patch_size": [100, 100], "batch_size": 100, "iterations": 3600}
    job = Job(str(runs / "a" / "f0"), title="closs on d", train=train)
    plan = ExperimentPlan("e", folder=str(tmp_path / "e"), results=str(tmp_path), jobs=[job])
    slurm = engine.profile("slurm")

    def said(device, profile=slurm):
        return list(forecast.lines(plan, [["a"]], device, profile))

    assert said("cuda") == [
        "to do: 1 trainings, each a job of its own; 1 evaluations in 1 jobs",
        f"GPU-hours: not known, since {tmp_path} holds no measured run on this kind of device (cuda)",
    ]
    folder = tmp_path / "e" / "runs" / "d" / "closs" / "fold0-seed0"
    record = RunRecord(run=parse_run(folder), device="cuda", patch_size=[100, 100], parameters=train)
    write_record(folder, replace(record, seconds_per_iteration=5.0))
    assert "not known" in said("cpu")[1]
    assert said("cuda")[1:] == [
        "GPU-hours: about 5, by the rates of runs on cuda",
        "longest job: closs on d, about 5.0 h of 240 min; "
        "it would not end in time, though it goes on from its checkpoint",
    ]
    assert said("cuda", engine.profile("local"))[2].endswith("there is no time limit")


@pytest.mark.parametrize("rule", ["train", "train_baseline"])
def test_every_training_rule_has_the_time_of_a_training(rule):
    assert forecast.time_limit(engine.profile("slurm"), rule) == 240
    assert forecast.time_limit(engine.profile("slurm"), "tables") == 60
