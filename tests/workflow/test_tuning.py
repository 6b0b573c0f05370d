"""Tuning on validation cases: what is refused, what is tried, how it is chosen, and that nothing is trained twice."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

import metrics
from data_prep import Prepared
from runs import choices, predictions
from runs.plan import read_plan, write_plan
from runs.record import read_record
from runs.results import collect
from tables.experiment import tuning as tables
from tables.experiment.entries import entry_names
from training.config import Config
from training.loop import train
from workflow import done, tuning
from workflow import plan as plans
from workflow.__main__ import main
from workflow.experiment import ExperimentError, load
from workflow.jobs import follow

SMALL = {
    "datasets": {"tiny2d": None},
    "losses": [
        {"dice_ce": {"tune": {"learning_rate": [0.00001, 0.05]}}},
        {"closs": {"normalize": "mask", "tune": {"gamma": [0.1, 0.4]}}},
        "scnp",
    ],
    "metrics": ["dice", "cldice"],
    "seeds": [3, 4],
    "common": {
        "network_parameters": {"channels": [4, 8], "num_res_units": 0},
        "patch_size": [16, 16],
        "validate_every": 2,
        "device": "cpu",
        "workers": 0,
    },
    "pretrain": {"iterations": 3},
    "finetune": {"iterations": 4},
}


def _load(path, **changes):
    file = path / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL | changes))
    return load(str(file), prepared=str(path / "results" / "data"))


def _prepared(tiny, tmp_path):
    """Move the tiny dataset to where the workflow prepares data."""
    (tmp_path / "results").mkdir()
    Path(tiny["data"]).rename(tmp_path / "results" / "data")
    return str(tmp_path / "results")


def _measured(run, folder):
    """Measure what a trial has predicted, which are its validation cases."""
    data = Prepared(folder)
    found = [
        metrics.evaluate(
            predictions.read_prediction(run, case, 2), data.label(case), ["dice", "cldice", "betti0_error"]
        )
        for case in predictions.predicted_cases(run)
    ]
    return {name: np.nanmean([each[name] for each in found]) for name in found[0]}


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        (
            [{"closs": {"tune": {"gama": [0.1, 0.2]}}}],
            "`tune` of closs: unknown parameter 'gama'; did you mean 'gamma'",
        ),
        ([{"closs": {"tune": {"iterations": [5, 9]}}}], "`tune` of closs: unknown parameter 'iterations'"),
        ([{"closs": {"tune": {"gamma": 0.1}}}], "must map parameters to lists of values, got {'gamma': 0.1}"),
        ([{"closs": {"tune": {"gamma": []}}}], "'gamma' must list different values, got []"),
        ([{"closs": {"tune": {"gamma": [0.1, 0.1]}}}], "'gamma' must list different values, got [0.1, 0.1]"),
        ([{"closs": {"gamma": 0.3, "tune": {"gamma": [0.1]}}}], "'gamma' is also given as 0.3"),
        (
            [{"closs": {"tune": {"gamma": [0.1, 0.2, 0.3]}}}, {"dice_ce": {"tune": {"learning_rate": [0.1, 0.01]}}}],
            "every tuned loss must have the same number of trials, got CLoss (gamma tuned): 3, "
            "Dice&CE (learning_rate tuned): 2; a loss without parameters of its own can have its learning_rate tuned",
        ),
        (
            [{"closs": {"gamma": 0.4}}, {"closs": {"tune": {"gamma": [0.1, 0.4]}}}],
            "loss closs occurs twice with the same parameters {'gamma': 0.4}",
        ),
        (
            [{"closs": {"gamma": 0.4}}, {"closs": {"tune": {"learning_rate": [0.1, 0.01]}}}],
            "'learning_rate' can only be tuned where the list has no other entry of this loss",
        ),
    ],
)
def test_wrong_tuning_is_refused_with_the_reason(tiny, tmp_path, losses, words):
    _prepared(tiny, tmp_path)
    with pytest.raises(ExperimentError) as caught:
        _load(tmp_path, losses=losses)
    assert words in str(caught.value)


def test_tuning_without_validations_or_against_a_dataset_or_by_test_metrics_is_refused(tiny, tmp_path):
    results = _prepared(tiny, tmp_path)
    idle = _load(tmp_path, common=SMALL["common"] | {"validate_every": 0})
    with pytest.raises(ExperimentError, match="`tune` needs validations.*set `validate_every`"):
        tuning.make_rounds(idle, results, "")
    with pytest.raises(ExperimentError, match=r"datasets.tiny2d.losses.closs: 'gamma' is tuned"):
        _load(tmp_path, datasets={"tiny2d": {"losses": {"closs": {"gamma": 0.2}}}})
    with pytest.raises(ExperimentError, match="`choose_by` must be one of dice, cldice, betti0_error, got 'hd95'"):
        _load(tmp_path, choose_by="hd95")
    with pytest.raises(ExperimentError, match="`finetune.predicted` is set by the workflow itself"):
        _load(tmp_path, finetune={"predicted": "validation"})


def test_every_combination_is_tried_once_with_the_first_seed_beside_the_experiment(tiny, tmp_path):
    results = _prepared(tiny, tmp_path)
    losses = [{"closs": {"tune": {"gamma": [0.1, 0.2], "normalize": ["all", "mask"]}}}, "scnp"]
    rounds = tuning.make_rounds(_load(tmp_path, losses=losses), results, "")
    assert [job.tuned for job in rounds.jobs] == [
        {"gamma": 0.1, "normalize": "all"},
        {"gamma": 0.1, "normalize": "mask"},
        {"gamma": 0.2, "normalize": "all"},
        {"gamma": 0.2, "normalize": "mask"},
    ]
    assert {job.train["seed"] for job in rounds.jobs} == {3}
    assert {job.train["predicted"] for job in rounds.jobs} == {"validation"}
    assert len({job.folder for job in rounds.jobs}) == 4
    # whole in what a step prints, so that trials on several datasets are counted one by one
    assert all(follow._TITLE.match(f"done: {job.title} in 3 s")[1] == job.title for job in rounds.jobs)
    assert all(Path(job.folder).is_relative_to(f"{results}/small/tuning") for job in rounds.jobs)
    assert [job.folder for job in rounds.start.jobs] == list(dict.fromkeys(job.after for job in rounds.jobs))
    assert tuning.make_rounds(_load(tmp_path, losses=["scnp"]), results, "") is None


@pytest.mark.parametrize(
    ("scores", "higher", "chosen"),
    [
        ([(0.5, 0.9), (0.7, 0.1), (0.6, 0.9)], True, 1),
        ([(0.5, 0.9), (0.7, 0.1), (0.6, 0.9)], False, 0),
        ([(0.7, 0.2), (0.7 + 1e-12, 0.3), (0.7, 0.1)], True, 1),  # equal: Dice decides
        ([(3.0, 0.2), (3.0, 0.3)], False, 1),  # also where less is better
        ([(0.7, 0.3), (0.7, 0.3)], True, 0),  # equal in both: the first
        ([(None, 0.9), (0.1, 0.1)], True, 1),
        ([(None, 0.9), (99.0, 0.1)], False, 1),
        ([(None, None), (None, 0.4)], True, 1),
    ],
)
def test_best_by_the_metric_then_by_dice_then_the_first(scores, higher, chosen):
    given = [{"cldice": value, "dice": dice} for value, dice in scores]
    assert choices.best(given, "cldice", higher) == chosen


def test_mean_over_folds_counts_where_it_is_defined():
    assert choices.mean([{"dice": 0.5, "cldice": None}, {"dice": 0.7, "cldice": None}]) == {
        "dice": pytest.approx(0.6),
        "cldice": None,
    }
    assert choices.mean([{"dice": None}, {"dice": 0.7}]) == {"dice": 0.7}


@pytest.fixture
def tried(tiny, tmp_path):
    """The rounds of the small experiment, all trained."""
    results = _prepared(tiny, tmp_path)
    experiment = _load(tmp_path)
    rounds = tuning.make_rounds(experiment, results, "")
    for job in [*rounds.start.jobs, *rounds.jobs]:
        train(Config(**job.train), progress=False)
    return rounds


def test_trials_see_validation_cases_only_and_the_chosen_one_is_not_trained_again(tried, tmp_path, capsys):
    for job in tried.jobs:
        seen = set(predictions.predicted_cases(job.folder))
        assert seen
        assert not {case for case in seen if case.startswith("ts")}
        assert read_record(job.folder).data.predicted == "val"
    assert all(not done.refresh(part).missing for part in tried.plans)

    made = tuning.choose(tried)
    for choice in made.choices:
        scores = [trial.scores for trial in choice.trials]
        assert choice.values == choice.trials[choices.best(scores, "cldice", True)].values
        for trial in choice.trials:
            record = read_record(trial.runs[0])
            assert trial.scores == pytest.approx(_measured(trial.runs[0], tmp_path / "results" / "data" / "tiny2d"))
            assert record.parameters["learning_rate"] == trial.values.get("learning_rate", 0.01)
    assert choices.read_choices(tried.start.folder) == made

    values = tuning.values_of(tried.experiment, made)
    plan = plans.make(tried.experiment, str(tmp_path / "results"), "", values)
    assert tuning.take_over(tried, plan, done.refresh(plan).missing) == 2
    taken = [job for job in plan.jobs if job.tuned and job.train["seed"] == 3]
    for job in taken:
        train(Config(**job.train), progress=False)
        record = read_record(job.folder)
        trial = next(choice.trials[choice.chosen] for choice in made.choices if choice.entry == job.entry)
        assert record.weights_sha256 == read_record(trial.runs[0]).weights_sha256
        assert record.resumed_at == 4  # of 4 iterations: only the test cases were left to predict
        assert set(predictions.predicted_cases(job.folder)) == {"ts0", "ts1"}
    assert tuning.take_over(tried, plan, done.refresh(plan).missing) == 0
    assert all(not done.refresh(part).missing for part in tried.plans)  # the trials have kept their own


def test_training_by_another_state_of_the_code_is_not_taken_over(tried, tmp_path, monkeypatch):
    made = tuning.choose(tried)
    plan = plans.make(tried.experiment, str(tmp_path / "results"), "", tuning.values_of(tried.experiment, made))
    monkeypatch.setattr(tuning, "of_training", lambda config: "another")
    assert tuning.take_over(tried, plan, done.refresh(plan).missing) == 0


def test_trial_without_validations_of_its_weights_is_named(tried):
    folder = tried.jobs[0].folder
    history = Path(folder, "history.csv")
    history.write_text("\n".join(line.rpartition(",")[0] + "," for line in history.read_text().splitlines()[:-1]))
    with pytest.raises(ExperimentError, match="nothing can be chosen: .*trial1.* was not validated at iteration 3"):
        tuning.choose(tried)
    history.unlink()
    with pytest.raises(ExperimentError, match="nothing can be chosen: .*trial1.* has no validations"):
        tuning.choose(tried)


def test_table_and_figure_show_every_trial_and_what_was_chosen(tried, tmp_path):
    made = tuning.choose(tried)
    plan = plans.make(tried.experiment, str(tmp_path / "results"), "", tuning.values_of(tried.experiment, made))
    write_plan(plan)
    results = collect(plan.folder)
    written = tables.save(results)
    assert [path.name for path in written] == ["tuning.csv", "tuning.md", "tuning.html", "tuning.png"]
    rows = list(csv.reader(written[0].read_text().splitlines()))
    assert rows[0] == ["dataset", "loss", "tried", "chosen", "dice", "cldice", "betti0_error"]
    assert [row[3] for row in rows[1:]].count("1") == 2
    assert len(rows) == 1 + 4
    for row, trial in zip(rows[1:], [trial for choice in made.choices for trial in choice.trials], strict=True):
        assert float(row[4]) == trial.scores["dice"]
    assert "Chosen by clDice on the validation cases, ties by Dice, with seed 3" in tables.terminal(results)
    assert "is not what was chosen last" not in written[1].read_text()

    labels = {run.entry: run.label for run in results.runs if run.entry}
    chosen = {choice.entry: choice.values for choice in made.choices}
    gamma = chosen["CLoss (normalize=mask, gamma tuned)"]["gamma"]
    assert labels["CLoss (normalize=mask, gamma tuned)"] == f"CLoss (normalize=mask, tuned gamma={gamma})"
    assert set(entry_names(results).values()) == {*chosen, "SCNP"}

    for panel in tables.figure(made).axes[: len(chosen)]:
        shown = [float(label.get_text()) for label in panel.get_xticklabels()]
        assert shown == sorted(shown)

    other = replace(made, choices=[replace(choice, chosen=1 - choice.chosen) for choice in made.choices])
    choices.write_choices(plan.folder, other)
    assert "is not what was chosen last: run the experiment again" in tables.save(results)[1].read_text()


def test_plan_counts_trials_and_budget(tiny, tmp_path, capsys):
    results = _prepared(tiny, tmp_path)
    _load(tmp_path)
    assert main([str(tmp_path / "small.yaml"), "--results", results, "--plan"]) == 0
    told = capsys.readouterr().out
    assert "trials: 4, 2 of each tuned loss on each dataset and fold: 16 iterations" in told
    assert "chosen by clDice on the validation cases, ties by Dice, with seed 3" in told
    assert "then: 6 runs: 24 iterations, of which 2 runs take over the training of their trial" in told
    assert "to do: 12 trainings" in told
    assert not (tmp_path / "results" / "small" / "plan.json").exists()


def test_trials_have_one_seed_whatever_the_seeds_of_a_loss(tiny, tmp_path):
    results = _prepared(tiny, tmp_path)
    losses = [{"closs": {"seeds": [3, 4, 5], "tune": {"gamma": [0.1, 0.4]}}}, "scnp"]
    rounds = tuning.make_rounds(_load(tmp_path, losses=losses, seeds=[3]), results, "")
    assert [job.train["seed"] for job in [*rounds.start.jobs, *rounds.jobs]] == [3, 3, 3]


def test_experiment_goes_on_from_its_trials_to_the_tables(tried, tmp_path, capfd):
    """By processes, from where the trials are trained: one seed and one loss, so that it takes a minute."""
    one = ["seeds=[3]", "losses=[{closs: {normalize: mask, tune: {gamma: [0.1, 0.4]}}}]"]
    assert main([str(tmp_path / "small.yaml"), "--results", str(tmp_path / "results"), "--set", *one]) == 0
    told = capfd.readouterr().out
    assert "chosen: CLoss (normalize=mask, gamma tuned) on tiny2d: gamma=" in told
    assert "1 trainings are taken over from trials" in told
    assert "trial 1" not in told  # nothing of them was made again
    folder = tmp_path / "results" / "small"
    plan = read_plan(folder)
    record = read_record(plan.jobs[-1].folder)
    assert record.resumed_at == 4
    assert (folder / "tables" / "tuning.md").is_file()
    assert all(run.state == "done" for run in collect(folder).runs)
