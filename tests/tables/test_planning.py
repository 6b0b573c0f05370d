"""The runs that a paper's tables need: each once, with the paper's protocol, and what has become of them."""

import json

import pytest

import tables
from runs import paths
from tables.__main__ import main
from tables.papers import duration, planning, spec
from tables.papers.spec import Rule

PAPERS = ("cldice", "contextloss", "hpm", "scnp", "topomortar")


@pytest.fixture(scope="module")
def contextloss():
    return tables.plan("contextloss", "nowhere")


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("size", [1.0, 0.2, 0.01])
def test_every_run_once_and_its_pretraining_before_it(paper, size):
    plan = tables.plan(paper, "nowhere", size)
    folders = [plan.folder(each) for each in plan.runs]
    assert len(set(folders)) == len(folders)
    seen = set()
    for each in plan.runs:
        seen.add(paths.format_run(each.run))
        assert each.after is None or paths.format_run(each.after) in seen
        assert each.parameters["scale"] == size
        assert each.tables
        assert each.metrics
    needed = {folder for answer in plan.answering.values() for folder in answer}
    assert needed <= set(folders)


def test_contextloss_has_the_protocol_of_the_paper(contextloss):
    """Five folds of everything; 1000 + 50 epochs of 250 iterations."""
    cld = [each for each in contextloss.runs if each.entry == "cld" and each.group == "main"]
    losses = {(each.run.loss, each.run.stage, repr(each.run.loss_parameters)) for each in cld}
    assert len(cld) == 5 * len(losses)
    # pretraining, Dice&CE, clDice 0.5, compound clDice 0.1 to 0.5, Thin CLoss 0.08, 0.2, 0.5, CLoss 0.08, 0.1, 0.2
    assert len(losses) == 1 + 1 + 1 + 5 + 3 + 3
    iterations = {each.run.stage: each.parameters["iterations"] for each in cld}
    assert iterations == {"pretrain": 250_000, "finetune": 12_500}
    longer = {each.group: each.parameters["iterations"] for each in contextloss.runs if each.group != "main"}
    assert longer == {"epochs100": 25_000, "epochs150": 37_500, "epochs300": 75_000}
    assert {each.after.experiment for each in contextloss.runs if each.after} == {"contextloss"}


def test_metrics_on_patches_and_on_whole_images(contextloss):
    roads = next(each for each in contextloss.runs if each.entry == "roads")
    assert roads.elsewhere["e0_gt"] == {"region": "sliding", "patch": [375, 375]}
    assert "dice" in roads.metrics
    assert "dice" not in roads.elsewhere


def test_scnp_has_seeds_or_folds():
    runs = tables.plan("scnp", "nowhere").runs
    assert {each.run.seed for each in runs if each.entry == "topomortar"} == {0, 1, 2, 3, 4}
    assert {each.run.fold for each in runs if each.entry == "topomortar"} == {0}
    assert {each.run.fold for each in runs if each.entry == "axons"} == {0, 1, 2, 3, 4}
    assert {each.run.seed for each in runs if each.entry == "axons"} == {0}
    assert all(
        bool(each.after) == (each.group.startswith("topoloss") and each.run.stage == "finetune") for each in runs
    )


def test_scale_shrinks_in_the_stated_way():
    whole = next(each for each in tables.plan("scnp", "nowhere").runs if each.entry == "topomortar")
    half = next(each for each in tables.plan("scnp", "nowhere", 0.5).runs if each.entry == "topomortar")
    assert (whole.parameters["iterations"], half.parameters["iterations"]) == (12_000, 6000)
    assert (half.parameters["max_training_cases"], half.parameters["max_test_cases"]) == (25, 175)
    assert half.parameters["network"] == whole.parameters["network"]
    tiny = next(each for each in tables.plan("scnp", "nowhere", 0.001).runs if each.entry == "topomortar")
    assert (tiny.parameters["network"], tiny.parameters["patch_size"], tiny.parameters["iterations"]) == (
        "unet",
        [128, 128],
        20,
    )
    assert tiny.run.experiment == "scnp-deeplab-scale0.001"


def test_states_and_time_from_runs_that_are_there(tmp_path, paper_run):
    empty = tables.plan("hpm", tmp_path, 0.01)
    assert not empty.existing
    assert empty.seconds()[1] == 0
    done, failed, other = (each for each in empty.runs[:3])
    paper_run(empty.folder(done), done, {"dice": [0.5]})
    paper_run(empty.folder(failed), failed, cause="failed: loss is NaN")
    changed = other.parameters | {"iterations": 7}
    paper_run(empty.folder(other), other, {"dice": [0.5]}, parameters=changed)
    plan = tables.plan("hpm", tmp_path, 0.01)
    assert [plan.state(each) for each in (done, failed, other)] == ["done", "failed", "other parameters"]
    assert "other parameters: `iterations` 7 instead of" in plan.found[plan.folder(other)].reason
    assert plan.existing == [done]
    assert len(plan.missing) == len(plan.runs) - 1
    seconds, known = plan.seconds([other])
    # 0.5 s for an iteration of the same size, also from runs with another loss
    assert known == 1
    assert seconds == pytest.approx(0.5 * other.parameters["iterations"])


def test_a_broken_record_counts_as_failed_with_its_path(tmp_path, paper_run):
    empty = tables.plan("hpm", tmp_path, 0.01)
    folder = paper_run(empty.folder(empty.runs[0]), empty.runs[0], {"dice": [0.5]})
    (folder / "metrics.csv").write_text("case,metric\n")
    plan = tables.plan("hpm", tmp_path, 0.01)
    assert plan.state(plan.runs[0]) == "failed"
    (folder / "run.json").write_text("{")
    plan = tables.plan("hpm", tmp_path, 0.01)
    assert plan.state(plan.runs[0]) == "failed"
    assert str(folder) in plan.found[folder].reason


def test_two_runs_in_one_folder_are_refused(monkeypatch):
    """Without a group of its own, 100 epochs and 50 would be the same run."""
    loaded = spec.load("contextloss")
    rules = [rule for rule in loaded.rules if "group" not in rule.use]
    rules.append(Rule({"setting": "fine_tuning_epochs=100"}, {"group": "main", "dataset": "vessap"}))
    rules.append(Rule({"setting": "fine_tuning_epochs=300"}, {"dataset": "vessap2"}))
    import dataclasses

    datasets = loaded.datasets | {"vessap2": dataclasses.replace(loaded.datasets["vessap"], training={})}
    datasets["vessap2"].training["patch_size"] = [64, 64, 64]
    with pytest.raises(spec.SpecError, match="would hold two different runs"):
        planning.plan(dataclasses.replace(loaded, rules=rules, datasets=datasets), "nowhere")


def test_wrong_training_parameters_are_told_with_the_spec():
    import dataclasses

    loaded = spec.load("hpm")
    main_group = dataclasses.replace(loaded.groups["main"], common={"network": "unett"})
    with pytest.raises(spec.SpecError, match=r"hpm\.yaml cannot be planned(?s:.*)did you mean 'unet'"):
        planning.plan(dataclasses.replace(loaded, groups={"main": main_group}), "nowhere")


def test_unreadable_times_are_passed_over(tmp_path):
    folder = tmp_path / "x" / "runs" / "d" / "l" / "fold0-seed0"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"seconds_per_iteration": None}))
    assert duration.Rates(tmp_path).measured == {}


@pytest.mark.parametrize(
    ("seconds", "text"), [(40, "40 s"), (600, "10 min"), (5400, "90 min"), (12600, "3.5 h"), (864000, "10 days")]
)
def test_durations_are_spoken(seconds, text):
    assert duration.spoken(seconds) == text


def test_command_prints_the_plan(tmp_path, capsys):
    assert main(["plan", "contextloss", "--scale", "0.01", "--results", str(tmp_path), "--runs"]) == 0
    text = capsys.readouterr().out
    assert "37 runs, 0 done, 37 missing" in text
    assert "contextloss-epochs300-scale0.01" in text
    assert "runs/massachusetts_roads/closs,gamma=0.08/fold0-seed0: no run" in text


def test_command_refuses_an_unknown_paper(capsys):
    assert main(["plan", "contexloss"]) == 2
    assert "known are cldice, contextloss" in capsys.readouterr().err
