"""Snakemake's command line: GPUs of a machine or a cluster, and evaluations that share a job."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace

import pytest

from runs import steps
from runs.plan import ExperimentPlan, Job
from workflow.jobs import cluster, engine, gpus
from workflow.jobs.grid import Grid, batches, training_batches


@pytest.mark.parametrize(("runs", "cores", "remote"), [(28, 2, False), (500, 2, True), (5, 16, False), (0, 2, False)])
def test_every_evaluation_is_in_one_batch(runs, cores, remote):
    keys = [str(number) for number in range(runs)]
    one, other = batches([keys, keys[:3]], cores, remote)
    assert [key for batch in one for key in batch] == keys
    assert [key for batch in other for key in batch] == keys[:3]
    if remote:
        assert len(one) <= 10
    assert all(len(batch) <= 50 for batch in one)


def planned(tmp_path, losses, after=""):
    """Return a plan of untrained runs on two datasets."""
    jobs = [
        Job(f"{tmp_path}/test/runs/{data}/{loss}/fold0-seed0", train={"dataset": data, "loss": loss}, after=after)
        for data in ("one", "two")
        for loss in losses
    ]
    return ExperimentPlan("test", folder=str(tmp_path / "test"), results=str(tmp_path), jobs=jobs)


def test_many_trainings_share_jobs_with_the_baseline_first(tmp_path):
    plan = planned(tmp_path, [*(f"loss{number}" for number in range(9)), "dice_ce"], after="start")
    (made,) = training_batches([plan], cores=1)
    assert sorted(key for keys in made.values() for key in keys) == sorted(steps.key(job.folder) for job in plan.jobs)
    assert [len(keys) for keys in made.values()] == [5, 5, 5, 5]
    assert all(len({key.partition("/")[0] for key in keys}) == 1 for keys in made.values())
    for name, keys in made.items():
        assert ["/dice_ce/" in key for key in keys] == [name.startswith("baseline"), *[False] * 4]


def test_trainings_that_wait_for_another_one_do_not_share_its_job(tmp_path):
    plan = planned(tmp_path, ["dice_ce", "closs"], after="start")
    further = [replace(job, folder=f"{job.folder}9", after=plan.jobs[0].folder) for job in plan.jobs]
    (made,) = training_batches([replace(plan, jobs=[*plan.jobs, *further, *further])], cores=1)
    first = steps.key(plan.jobs[0].folder)
    waiting = {steps.key(job.folder) for job in further}
    assert all(first not in keys or not waiting & set(keys) for keys in made.values())


def test_few_trainings_have_a_job_each_and_finished_ones_none(tmp_path):
    plan = planned(tmp_path, ["dice_ce", "closs"])
    assert training_batches([plan], cores=1) == [{}]
    (made,) = training_batches([plan, planned(tmp_path / "other", ["dice_ce", "closs", "scnp"])], cores=1)[:1]
    assert sorted(map(len, made.values())) == [2, 2]
    for job in plan.jobs[:2]:
        steps.write_flag(steps.flag_of(job.folder, "trained"))
    (made,) = training_batches([plan, planned(tmp_path / "other", ["dice_ce", "closs", "scnp"])], cores=1)[:1]
    assert [sorted(keys) for keys in made.values()] == [["two/closs/fold0-seed0", "two/dice_ce/fold0-seed0"]]


def command(tmp_path, monkeypatch, profile="local", **more):
    monkeypatch.setattr(cluster, "has_accounting", lambda: False)
    given = {"profile": profile, "gpus": "", "gpu_jobs": 1, "cores": 16, "plan": False, "results": str(tmp_path)}
    plan = ExperimentPlan("test", folder=str(tmp_path / "test"), results=str(tmp_path))
    grid = Grid([plan], tmp_path / "test")
    words = engine.command(Namespace(**given | more), grid, [tmp_path / "plan.json"], [[]])
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
        "import os, sys, pathlib; from workflow.jobs import gpus\n"
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
    grid = Grid([plan], tmp_path / "e")
    assert grid.unevaluated() == [["d/p/f0", "d/a/f0", "d/b/f0"]]
    assert grid.unevaluated(trained=True) == [["d/p/f0", "d/a/f0"]]
    (tmp_path / "e" / ".steps" / "d" / "p" / "f0.evaluated").touch()
    assert grid.unevaluated(trained=True) == [["d/a/f0"]]
