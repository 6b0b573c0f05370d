"""Validation while training: recorded, without influence on the weights, refused where it would measure the test."""

import json
import shutil

import pandas as pd
import pytest
import torch

from runs.history import VALIDATION
from training import checkpoints, validation
from training.config import Config
from training.course import Course
from training.learner import Learner
from training.loop import train


def run(parameters, **changes):
    folder = train(Config.from_parameters(**parameters | changes), progress=False)
    return folder, json.loads((folder / "run.json").read_text()), pd.read_csv(folder / "history.csv")


def without_times(history):
    return history.drop(columns=["seconds", "validation_seconds"])


def test_validation_is_written_and_leaves_the_weights_alone(tiny, tmp_path):
    _, plain, history = run(tiny, results=str(tmp_path / "plain"))
    assert "validation" not in "".join(history.columns)
    assert plain["validation"] == {}
    _, record, history = run(tiny, validate_every=2)
    assert record["weights_sha256"] == plain["weights_sha256"]
    assert history.loc[history["validation_dice"].notna(), "iteration"].tolist() == [1, 3, 5]
    assert history["validation_dice"].dropna().between(0, 1).all()
    assert record["validation"]["cases"] == ["tr0"]
    assert record["validation"]["checkpoint_iteration"] == 5
    assert record["validation"]["seconds"] == pytest.approx(history["validation_seconds"].sum())
    assert record["hash"] != plain["hash"]


def test_parameters_that_came_later_leave_earlier_runs_what_they_are():
    counting = Config().result_parameters()
    assert not {"validate_every", "checkpoint", "deep_supervision", "deterministic", "compile"} & set(counting)
    assert Config(validate_every=3).training_parameters()["validate_every"] == 3


def scripted(monkeypatch, values):
    """Let the validations find these values of Dice, in order of the iteration."""

    def validate(config, data, network, device, cases):
        network.train()
        found = dict.fromkeys(VALIDATION, 0.0)
        return found | {"validation_dice": values[scripted.learner.iteration]}

    step = Learner.step

    def remember(self, images, target):
        scripted.learner = self
        return step(self, images, target)

    monkeypatch.setattr(Learner, "step", remember)
    monkeypatch.setattr(validation, "validate", validate)


def test_best_checkpoint_predicts_and_is_recorded(tiny, tmp_path, monkeypatch):
    weights = {}
    add = Course.add

    def remember(self, row, state):
        weights[row["iteration"]] = checkpoints.weights_sha256(state)
        add(self, row, state)

    monkeypatch.setattr(Course, "add", remember)
    scripted(monkeypatch, {2: 0.3, 4: 0.8, 6: 0.5})
    folder, record, _ = run(tiny, validate_every=2, checkpoint="best")
    assert record["validation"]["best_iteration"] == record["validation"]["checkpoint_iteration"] == 3
    assert record["validation"]["best_value"] == 0.8
    assert record["weights_sha256"] == weights[3] != weights[5]
    assert checkpoints.weights_sha256(checkpoints.load(folder / "checkpoint.pt")["model"]) == weights[3]


def test_training_stops_without_improvement(tiny, monkeypatch):
    scripted(monkeypatch, {1: 0.5, 2: None, 3: 0.5, 4: 0.9})
    folder, record, history = run(tiny, validate_every=1, stop_after=2)
    assert record["iterations_done"] == len(history) == 3
    assert record["validation"]["stopped_early"]
    assert record["exit_cause"] == "completed"
    monkeypatch.setattr(Learner, "step", lambda *_: pytest.fail("trained again"))
    shutil.rmtree(folder / "predictions")
    assert run(tiny, validate_every=1, stop_after=2)[1]["weights_sha256"] == record["weights_sha256"]


def test_interrupted_run_validates_and_chooses_as_an_undisturbed_one(tiny, tmp_path, monkeypatch):
    options = {"validate_every": 1, "checkpoint": "best", "validation_metric": "betti0_error"}
    _, undisturbed, wanted = run(tiny, results=str(tmp_path / "undisturbed"), **options)
    step = Learner.step

    def step_or_stop(self, images, target):
        if self.iteration == 5:
            raise KeyboardInterrupt
        return step(self, images, target)

    monkeypatch.setattr(Learner, "step", step_or_stop)
    with pytest.raises(KeyboardInterrupt):
        run(tiny, **options)
    monkeypatch.undo()
    _, record, history = run(tiny, **options)
    assert record["resumed_at"] == 4
    assert record["weights_sha256"] == undisturbed["weights_sha256"]
    pd.testing.assert_frame_equal(without_times(history), without_times(wanted))


def test_validation_set_that_is_measured_in_the_end_is_refused(tiny, tmp_path, write_raw):
    write_raw(tmp_path / "data" / "own", test=0)
    with pytest.raises(ValueError, match="the validation set overlaps the test set in tr0"):
        run(tiny, dataset="own", validate_every=2)
    images = tmp_path / "data" / "tiny2d"
    shutil.copy(images / "imagesTr" / "tr0_0000.png", images / "imagesTs" / "ts1_0000.png")
    with pytest.raises(ValueError, match="overlaps the test set in tr0"):
        run(tiny, validate_every=2)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(("name", "value"), [("checkpoint", "best"), ("stop_after", 2)])
def test_what_needs_validations_is_refused_without(name, value):
    with pytest.raises(ValueError, match=f"`{name}` {value!r} needs validations: set `validate_every`"):
        Config.from_parameters(**{name: value})


def test_undefined_value_is_never_the_best():
    course = Course([], "betti0_error", higher_is_better=False, keeps_best=True, patience=0)
    for iteration, value in enumerate([None, 3.0, 2.0, None, 2.0]):
        course.add({"iteration": iteration, "validation_betti0_error": value}, {"w": torch.full((1,), iteration)})
    assert course.best["iteration"] == 2
    assert course.best["model"]["w"].item() == 2
