"""From a paper to plans: one experiment for each protocol, on the data that are there, the rest named."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import tifffile

from tables.papers import spec
from workflow import papers
from workflow.__main__ import main


@pytest.fixture
def isbi12(tmp_path):
    """A folder of official files that holds ten small slices of ISBI12 and nothing else."""
    folder = tmp_path / "official" / "ISBI12"
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    tifffile.imwrite(folder / "train-volume.tif", random.integers(0, 255, (10, 64, 64), np.uint8))
    tifffile.imwrite(folder / "train-labels.tif", (random.random((10, 64, 64)) > 0.3).astype(np.uint8) * 255)
    return str(tmp_path / "official")


def make(tmp_path, data, size, paper="hpm"):
    return papers.make(paper, str(tmp_path / "results"), data, size)


def test_what_is_not_at_hand_is_left_out_and_named(tmp_path, isbi12):
    (plan,), left_out = make(tmp_path, isbi12, 0.01)
    assert list(plan.datasets) == ["isbi12"]
    assert {"cremi_a", "cremi_b", "cremi_c", "icas_d", "roads"} <= left_out.keys()
    assert isbi12 in left_out["roads"]
    assert plan.skipped == left_out
    assert {job.train["dataset"] for job in plan.jobs} == {"isbi12"}


def test_plan_records_scale_and_hands_it_to_each_run(tmp_path, isbi12):
    (plan,), _ = make(tmp_path, isbi12, 0.01)
    assert (plan.scale, plan.paper, plan.experiment) == (0.01, "hpm", "hpm-scale0.01")
    assert plan.note.startswith("Scale 0.01:")
    assert {job.train["scale"] for job in plan.jobs} == {0.01}
    # 20,000 iterations, 48 + 12 images of the paper
    used = plan.jobs[0].train
    assert (used["iterations"], used["max_training_cases"], used["max_test_cases"]) == (200, 4, 4)
    json.dumps(asdict(plan), allow_nan=False)


def test_jobs_start_from_their_pretraining_and_are_measured_as_the_spec_says(tmp_path, isbi12):
    (plan,), _ = make(tmp_path, isbi12, 0.4)
    folders = [job.folder for job in plan.jobs]
    for number, job in enumerate(plan.jobs):
        if job.train["stage"] == "pretrain":
            assert job.after == job.train["init_from"] == ""
            assert job.evaluate["pretrain"] == job.folder
        else:
            assert job.after in folders[:number]
            assert job.train["init_from"] == f"{job.after}/checkpoint.pt"
            assert job.evaluate["pretrain"] == job.after
        assert set(job.evaluate["metrics"]) == {"dice", "iou", "voi", "are", "betti0_error", "betti1_error"}
    assert {job.train["fold"] for job in plan.jobs} == {0, 1}


def test_options_get_a_data_folder_of_their_own(tmp_path, isbi12):
    (plan,), _ = make(tmp_path, isbi12, 0.01)
    assert plan.data == str(tmp_path / "results" / "data-hpm")
    assert plan.datasets["isbi12"].options == {"split": "cross_validation"}
    assert {job.train["data"] for job in plan.jobs} == {plan.data}
    # DeepLab's Crack500 is that of the photographs, which is an option
    assert papers.data_folder(spec.load("scnp"), "deeplab", "results") == "results/data-scnp-deeplab"
    assert papers.data_folder(spec.load("scnp"), "thickness7", "results") == "results/data-scnp-thickness7"
    # fine-tuning for longer goes on from the same pretraining on the same data
    assert papers.data_folder(spec.load("contextloss"), "epochs100", "results") == "results/data-contextloss"


def test_experiments_of_a_paper_are_one_graph(tmp_path, monkeypatch, capsys):
    """Table 3 fine-tunes for longer from the pretraining of table 2; CLD is not public, so its source is made up."""
    there = papers.Source(folds=5)
    monkeypatch.setattr(
        papers, "find_source", lambda dataset, *_: there if dataset.dataset == "cld" else papers.Source(problem="no")
    )
    made, _ = papers.make("contextloss", str(tmp_path), "", 0.01)
    own = {job.folder for job in made[0].jobs}
    assert len(made) > 1
    assert any(job.after in own for job in made[1].jobs)
    assert {job.title for plan in made for job in plan.jobs if job.title.endswith(", epochs100")}
    command = ["contextloss", "--scale", "0.01", "--results", str(tmp_path), "--plan", "--cores"]
    assert main([*command, "2"]) == 0
    assert "train_together" in capsys.readouterr().out
    assert main([*command, "100"]) == 0  # each training is a job of its own
    text = capsys.readouterr().out
    counts = dict(line.split()[:2] for line in text.splitlines() if len(line.split()) == 2)
    assert text.count("Building DAG of jobs") == 1
    assert int(counts["tables"]) == len(made)
    assert int(counts["train"]) + int(counts["train_baseline"]) == sum(len(plan.jobs) for plan in made)
    assert (tmp_path / "contextloss-scale0.01" / "snakemake.log").is_file()


def test_a_whole_run_wants_the_whole_dataset(tmp_path, isbi12):
    made, left_out = make(tmp_path, isbi12, 1.0)
    assert made == []
    assert "10 slices of 30" in left_out["isbi12"]


def test_without_data_everything_is_left_out_and_says_so(tmp_path, capsys):
    made, left_out = make(tmp_path, "", 0.01, "contextloss")
    assert made == []
    assert all("--data" in reason or "does not prepare" in reason for reason in left_out.values())
    assert main(["contextloss", "--scale", "0.01", "--results", str(tmp_path), "--plan"]) == 1
    assert "none of its datasets is available" in capsys.readouterr().err


def test_the_own_split_where_the_papers_selection_leaves_nothing(shared_data):
    """All ten sample tiles of Massachusetts Roads are whiter than ContextLoss allows."""
    roads = spec.load("contextloss").datasets["roads"]
    sample = papers.find_source(roads, str(shared_data), 0.01)
    assert (sample.options, sample.problem) == ({}, "")
    assert "4.0% white" in sample.remark
    assert papers.find_source(roads, str(shared_data), 1.0).problem


def test_snakefile_makes_every_step(tmp_path, isbi12, capsys):
    command = ["hpm", "--scale", "0.01", "--data", isbi12, "--results", str(tmp_path / "results"), "--plan"]
    assert main([*command, "--cores", "16"]) == 0
    text = capsys.readouterr().out
    counts = dict(line.split()[:2] for line in text.splitlines() if len(line.split()) == 2)
    # a pretraining and five losses on one dataset, one fold
    wanted = {"prepare": "1", "train_baseline": "2", "train": "4", "evaluate": "6", "tables": "1"}
    assert {name: counts.get(name) for name in wanted} == wanted
    assert "left out: cremi_a" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["contextloss", "--scale", "2"], r"must lie in \(0, 1\]"),
        (["contextloss", "--quick"], "use --scale"),
        (["smoke", "--scale", "0.1"], "--scale is for a paper's tables"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments, message, capsys):
    import re

    assert main(arguments) == 2
    assert re.search(message, capsys.readouterr().err)
