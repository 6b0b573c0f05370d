"""Every parameter is checked, all problems are told together."""

import importlib.util

import pytest

from training.config import Config, loss_parameters


def test_defaults_are_valid():
    config = Config.from_parameters()
    assert config == Config()
    assert config.run_folder.as_posix() == "results/adhoc/runs/synthetic2d/dice_ce/fold0-seed0"


def test_all_problems_are_told_together(tmp_path):
    with pytest.raises(ValueError, match="unknown parameter of a run 'iteration'") as error:
        Config.from_parameters(iteration=3, dataset=3, loss="closz", fold=-1, amp=1, init_from=str(tmp_path / "no.pt"))
    message = str(error.value).splitlines()
    assert len(message) == 6
    assert "did you mean 'iterations'?" in message[0]
    assert "`fold` must be an integer from 0, got -1" in message
    assert any("did you mean 'closs'?" in line for line in message)
    assert "run the pretraining first" in message[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", ""),
        ("loss_parameters", [1]),
        ("fold", True),
        ("fold", 0.0),
        ("seed", -1),
        ("seed", "0"),
        ("stage", "train"),
        ("patch_size", [64]),
        ("patch_size", [64, 64.0]),
        ("patch_size", "64"),
        ("batch_size", 0),
        ("iterations", 0),
        ("optimizer", "adam"),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("weight_decay", -1e-5),
        ("foreground_share", 1.1),
        ("augment", "yes"),
        ("overlap", 1),
        ("max_test_cases", -1),
        ("checkpoint_every", 0),
        ("threads", 0),
        ("device", "gpu"),
    ],
)
def test_wrong_value_is_refused(name, value):
    with pytest.raises(ValueError, match=f"^`{name}` must be .*, got "):
        Config.from_parameters(**{name: value})


def test_loss_parameters_keep_what_differs():
    config = Config.from_parameters(loss="closs", loss_parameters={"gamma": 0.3, "pixel": "dice_ce"})
    assert config.loss_parameters == {"gamma": 0.3}
    assert config.run_folder.parent.name == "closs,gamma=0.3"
    filled = loss_parameters("closs", config.loss_parameters)
    assert filled["gamma"] == 0.3
    assert filled["pixel"] == "dice_ce"


@pytest.mark.parametrize(
    ("parameters", "message"), [({"gama": 0.3}, "unknown loss parameters gama; it has"), ({"gamma": 0.7}, "gamma")]
)
def test_wrong_loss_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        Config.from_parameters(loss="closs", loss_parameters=parameters)


def test_unknown_network_parameter_lists_the_known_ones():
    with pytest.raises(ValueError, match="has no parameter 'channel'; did you mean 'channels'"):
        Config.from_parameters(network_parameters={"channel": [4, 8]})


def test_integers_are_taken_for_floats_and_tuples_for_lists():
    config = Config.from_parameters(learning_rate=1, patch_size=(64, 64))
    assert repr(config.learning_rate) == "1.0"
    assert config.patch_size == [64, 64]


def test_where_files_lie_does_not_change_the_result_parameters():
    one, other = Config(data="a", results="b", threads=2), Config()
    assert one.result_parameters() == other.result_parameters()
    assert Config(overlap=0.25).result_parameters() != other.result_parameters()
    assert Config(overlap=0.25).training_parameters() == other.training_parameters()
    assert Config(seed=1).training_parameters() != other.training_parameters()


def test_adhoc_runs_of_another_protocol_have_folders_of_their_own():
    changes = [
        {},
        {"iterations": 5},
        {"patch_size": [64, 64]},
        {"patch_size": [6, 464]},
        {"network": "segresnet"},
        {"network_parameters": {"channels": [16, 32]}},
        {"network_parameters": {"channels": [1, 632]}},
        {"iterations": 5, "network": "segresnet"},
    ]
    names = [Config(**change).run.experiment for change in changes]
    assert names[:2] == ["adhoc", "adhoc-iterations-5"]
    assert len(set(names)) == len(changes)
    assert Config(learning_rate=0.5).run.experiment == "adhoc"
    assert Config(experiment="mine", iterations=5).run.experiment == "mine"


def test_log_that_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"`log` 'tensorboard' needs tensorboard: pip install -e '.\[tensorboard\]'"):
        Config.from_parameters(log="tensorboard")
