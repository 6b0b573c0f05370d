"""Experiment files: what is refused, with what words, and how they expand into runs."""

from pathlib import Path

import pytest
import yaml

from workflow import plan as plans
from workflow.experiment import ExperimentError, find, load, merge, names

SMALL = {
    "datasets": {"synthetic2d": None},
    "losses": ["dice_ce", {"closs": {"gamma": 0.3}}],
    "common": {"patch_size": [64, 64]},
    "finetune": {"iterations": 3},
}


@pytest.fixture
def experiment(tmp_path):
    def _load(content, **arguments):
        path = tmp_path / "small.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return load(str(path), **arguments)

    return _load


def refusal(experiment, **changes):
    with pytest.raises(ExperimentError) as caught:
        experiment(SMALL | changes)
    return str(caught.value)


VARIANTS = [(name, False) for name in names()] + [
    (name, True) for name in names() if "\nquick:" in find(name).read_text()
]


@pytest.mark.parametrize(("name", "quick"), VARIANTS)
def test_experiments_of_the_suite_can_be_planned(name, quick, tmp_path):
    source = tmp_path / "data"
    source.mkdir()
    experiment = load(name, quick)
    plan = plans.make(experiment, str(tmp_path), str(source))
    fine_tuned = sum(
        len(experiment.seeds_of(entry))
        for dataset in plan.datasets
        for entry in experiment.losses
        if f"{entry.slug} on {dataset}" not in plan.skipped
    )
    pretrained = len(experiment.all_seeds) * len(plan.datasets)
    assert len(plan.jobs) == (pretrained + fine_tuned) * len(experiment.folds)
    assert plan.experiment == name + ("-quick" if quick else "")


@pytest.mark.parametrize("name", names())
def test_experiment_opens_with_command_duration_and_result(name):
    head = [line for line in find(name).read_text().splitlines()[:8] if line.startswith("#")]
    assert f"python -m workflow {name}" in head[0]
    assert any("Expect:" in line for line in head)
    assert any("minutes" in line or "hour" in line for line in head)


def test_loss_that_is_not_defined_in_3d_is_left_out_and_named(experiment, tmp_path):
    content = SMALL | {
        "datasets": {"synthetic2d": None, "synthetic3d": None},
        "losses": ["dice_ce", "topoloss_published"],
    }
    plan = plans.make(experiment(content), str(tmp_path))
    assert plan.skipped == {"topoloss_published on synthetic3d": "not defined in 3D"}
    assert [job.title.split(" on ")[1].split(",")[0] for job in plan.jobs if "published" in job.title] == [
        "synthetic2d"
    ]


def test_everything_that_is_wrong_comes_in_one_message(experiment):
    text = refusal(
        experiment,
        datasets={"synthetic2": None},
        losses=["clos", {"closs": {"gama": 0.2}}, 5],
        metrics=["dise"],
        finetune={"iteration": 3, "seed": 1},
        folds=[0, 0],
    )
    for part in (
        "'synthetic2'; did you mean 'synthetic2d'", "'clos'; did you mean 'closs'", "'gama'; did you mean 'gamma'",
        "got 5", "'dise'; did you mean 'dice'", "'iteration'; did you mean 'iterations'",
        "`finetune.seed` is set by the workflow", "`folds` must be a list of different integers",
    ):  # fmt: skip
        assert part in text


def test_unknown_key_and_wrong_type(experiment):
    text = refusal(experiment, lossses=["dice_ce"], smoke="yes")
    assert "'lossses'; did you mean 'losses'" in text
    assert "`smoke` must be a bool" in text


def test_unknown_experiment():
    with pytest.raises(ExperimentError, match="did you mean 'smoke'"):
        load("smok")


def test_key_that_stands_twice(experiment):
    with pytest.raises(ExperimentError, match="losses occurs twice"):
        experiment("losses: [dice_ce]\nlosses: [closs]\ndatasets: {synthetic2d: }\n")


def test_values_are_checked_run_by_run_and_told_once(experiment, tmp_path):
    wrong = SMALL | {"common": {"network": "unett", "batch_size": 0}}
    with pytest.raises(ExperimentError, match="(?s)batch_size.*and 2 more") as caught:
        plans.make(experiment(wrong), str(tmp_path))
    assert str(caught.value).count("batch_size") == 1
    assert "unett" in str(caught.value)


def test_plan_holds_pretraining_and_fine_tuning(experiment, tmp_path):
    plan = plans.make(experiment(SMALL | {"seeds": [0, 1]}), str(tmp_path))
    first, second, third = plan.jobs[:3]
    assert len(plan.jobs) == 6
    assert first.train["stage"] == "pretrain"
    assert first.train["init_from"] == first.after == ""
    assert second.after == first.folder
    assert second.train["init_from"] == f"{first.folder}/checkpoint.pt"
    assert second.train["iterations"] == 3
    assert third.train["loss_parameters"] == {"gamma": 0.3}
    assert third.folder.endswith("small/runs/synthetic2d/closs,gamma=0.3/fold0-seed0")


def test_an_entry_of_the_list_may_have_seeds_of_its_own(experiment, tmp_path):
    few = experiment(SMALL | {"seeds": [0], "losses": ["dice_ce", {"closs": {"gamma": 0.3, "seeds": [0, 4]}}]})
    plan = plans.make(few, str(tmp_path))
    assert [Path(job.folder).parent.name + job.folder[-6:] for job in plan.jobs] == [
        "dice_ce,stage=pretrain-seed0", "dice_ce-seed0", "closs,gamma=0.3-seed0", "dice_ce,stage=pretrain-seed4",
        "closs,gamma=0.3-seed4",
    ]  # fmt: skip
    assert plan.jobs[-1].after == plan.jobs[-2].folder
    for wrong in ([], [1, 1], [-1], 3, [True]):
        told = refusal(experiment, losses=[{"closs": {"seeds": wrong}}])
        assert f"`seeds` of closs must be a list of different integers from 0, got {wrong}" in told


def test_parameters_of_a_dataset_go_over_those_of_the_experiment(experiment, tmp_path):
    settings = {"finetune": {"iterations": 7}, "losses": {"closs": {"gamma": 0.1}}}
    plan = plans.make(experiment(SMALL | {"datasets": {"synthetic2d": settings}}), str(tmp_path))
    assert plan.jobs[2].train["iterations"] == 7
    assert plan.jobs[2].train["loss_parameters"] == {"gamma": 0.1}


def test_field_of_view_of_a_dataset_comes_before_that_of_the_experiment(experiment, tmp_path):
    datasets = {"synthetic2d": {"fov": True}, "synthetic3d": {"common": {"patch_size": [16, 16, 16]}}}
    plan = plans.make(experiment(SMALL | {"datasets": datasets, "fov": False}), str(tmp_path))
    asked = {job.train["dataset"]: job.evaluate["fov"] for job in plan.jobs}
    assert asked == {"synthetic2d": True, "synthetic3d": False}
    assert "`fov` must be a bool" in refusal(experiment, fov=0)


def test_metrics_of_a_dataset_replace_those_of_the_experiment(experiment, tmp_path):
    content = SMALL | {"metrics": ["dice"], "datasets": {"synthetic2d": {}, "synthetic3d": {"metrics": ["cldice"]}}}
    plan = plans.make(experiment(content), str(tmp_path))
    asked = {job.train["dataset"]: job.evaluate["metrics"] for job in plan.jobs}
    assert asked == {"synthetic2d": ["dice"], "synthetic3d": ["cldice"]}
    told = refusal(experiment, datasets={"synthetic2d": {"metrics": ["dise"]}})
    assert "datasets.synthetic2d: unknown metric 'dise'" in told


def test_quick_and_set(experiment, tmp_path):
    content = SMALL | {"quick": {"finetune": {"iterations": 2}}}
    assert experiment(content, quick=True).finetune == {"iterations": 2}
    assert experiment(content, quick=True).name == "small-quick"
    assert experiment(content, overrides=("finetune.iterations=9",)).finetune == {"iterations": 9}
    with pytest.raises(ExperimentError, match="KEY.KEY=VALUE"):
        experiment(content, overrides=("finetune.iterations",))
    with pytest.raises(ExperimentError, match="no `quick` section"):
        experiment(SMALL, quick=True)


def test_missing_official_files_say_where_to_give_them(experiment, tmp_path):
    with pytest.raises(ExperimentError, match="needs its official files.*--data"):
        plans.make(experiment(SMALL | {"datasets": {"topomortar": None}}), str(tmp_path))


def test_ones_own_prepared_data_need_no_register(experiment, tmp_path):
    (tmp_path / "data" / "mine").mkdir(parents=True)
    (tmp_path / "data" / "mine" / "dataset.json").write_text("{}")
    content = SMALL | {"datasets": {"mine": None}}
    assert plans.make(experiment(content, prepared=str(tmp_path / "data")), str(tmp_path)).datasets["mine"].source == ""


def test_unavailable_loss_is_left_out_with_its_reason(experiment, tmp_path, monkeypatch):
    import losses

    monkeypatch.setattr(
        type(losses.entry("closs")), "available", lambda entry: (entry.slug != "closs", "needs a library")
    )
    plan = plans.make(experiment(SMALL), str(tmp_path))
    assert plan.skipped == {"closs": "needs a library"}
    assert [job.train["loss"] for job in plan.jobs] == ["dice_ce", "dice_ce"]


def test_merge_leaves_its_arguments_alone():
    below = {"a": {"b": [1]}}
    assert merge(below, {"a": {"c": 2}}) == {"a": {"b": [1], "c": 2}}
    assert below == {"a": {"b": [1]}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe title", "is not readable as UTF-8 text"),
        (b"[" * 3000, "nested too deeply|is not readable as YAML"),
        (b"datasets: {synthetic2d: }\nlosses: [closs]\n2018: 1\n", "the key 2018 must be text: put it in quotes"),
        (b"datasets: {1: }\nlosses: [closs]\n", "the key datasets.1 must be text"),
        (b"datasets: {[1]: 2}\nlosses: [closs]\n", "is not readable as YAML"),
        (b"datasets: {../x: }\nlosses: [closs]\n", r"dataset '\.\./x' cannot be a folder's name"),
    ],
)
def test_odd_files_are_refused_in_words(tmp_path, content, message):
    path = tmp_path / "odd.yaml"
    path.write_bytes(content)
    with pytest.raises(ExperimentError, match=message):
        load(str(path))


def test_merge_keys_of_yaml_work(tmp_path):
    path = tmp_path / "merged.yaml"
    path.write_text(
        "datasets: {synthetic2d: }\nlosses: [closs]\n"
        "pretrain: &shared {iterations: 5, batch_size: 1}\nfinetune: {<<: *shared, iterations: 6}\n"
    )
    assert load(str(path)).finetune == {"iterations": 6, "batch_size": 1}
