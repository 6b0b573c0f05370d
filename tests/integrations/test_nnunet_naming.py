"""The names of nnU-Net's trainers, and what is said of wrong ones. None of this needs nnU-Net."""

import builtins
import importlib
import importlib.metadata
import pkgutil
import re
import runpy
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import losses
from integrations.nnunet import __main__ as command
from integrations.nnunet import requirements
from integrations.nnunet.naming import PREFIX, Settings, TrainerName, names

MODULE = command.FOLDER / "topology_loss_trainers.py"
OTHERS = {
    "closs": {"gamma": 0.1, "pixel": "dice"},
    "scnp": {"base": "cldice", "base_parameters": {"gamma": 0.3}, "window": 5, "joint": True},
    "phpm": {"dims": [0], "batch": True},
    "topoloss": {"weight": 1e-05, "dims": [0, 1]},
}


@pytest.mark.parametrize("slug", losses.names())
def test_every_loss_has_a_trainer(slug):
    assert f"{PREFIX}{slug}" in names()
    assert TrainerName.parse(f"{PREFIX}{slug}") == TrainerName(slug)


@pytest.mark.parametrize("slug", OTHERS)
def test_names_read_back_with_types(slug):
    settings = Settings(full_resolution_term=True, epochs=3)
    trainer = TrainerName(slug, OTHERS[slug], settings)
    read = TrainerName.parse(str(trainer))
    assert read.parameters == OTHERS[slug]
    assert read.settings == settings


def test_the_names_of_the_documentation():
    closs = TrainerName.parse("nnUNetTrainer_closs,gamma=0.1")
    assert (closs.loss, closs.parameters) == ("closs", {"gamma": 0.1})
    assert closs.record()["parameters"]["pixel"] == "dice_ce"
    assert closs.record()["settings"]["epochs"] == 1000
    assert str(closs) == "nnUNetTrainer_closs,gamma=0.1"
    assert TrainerName.parse("nnUNetTrainer_closs,gamma=0.2") == TrainerName("closs")  # the default


@pytest.mark.parametrize("slug", losses.names())
def test_names_are_parts_of_nnunets_result_folders(slug):
    """nnU-Net splits <trainer>__<plans>__<configuration> at double underscores and wants three parts."""
    name = str(TrainerName(slug, OTHERS.get(slug, {}), Settings(skeletons_by_workers=True)))
    assert "__" not in name
    assert not re.search(r"[\s/\\'\"$&;()<>|*?]", name)


def test_settings_are_no_parameters_of_a_loss():
    settings = {each.name for each in fields(Settings)}
    for slug in losses.names():
        assert not settings & losses.parameters(slug).keys()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nnUNetTrainer_clos", "unknown loss 'clos'; did you mean 'closs'"),
        ("nnUNetTrainer_closs,gama=0.1", "'closs' has no parameter 'gama'; did you mean 'gamma'"),
        ("nnUNetTrainer_closs,epoch=5", "has no parameter 'epoch'; did you mean 'epochs'"),
        ("nnUNetTrainer_closs,gamma=0.7", r"`gamma` must lie in \[0, 0.5\], got 0.7"),
        ("nnUNetTrainer_closs,gamma=high", "`gamma` must be a number, got 'high'"),
        ("nnUNetTrainer_closs,gamma", "not <loss>"),
        ("nnUNetTrainer_closs,epochs=0", "`epochs` must be a whole number from 1, got 0"),
        ("nnUNetTrainer_closs,skeletons_by_workers=1", "`skeletons_by_workers` must be true or false"),
        ("nnUNetTrainer_closs,ignore_index=2", "dataset.json"),
        ("nnUNetTrainer_closs,regions=true", "dataset.json"),
    ],
)
def test_a_wrong_name_is_one_line(name, message):
    with pytest.raises((ValueError, TypeError), match=message) as raised:
        TrainerName.parse(name)
    assert "\n" not in str(raised.value)


def _version(answer):
    def version(package: str) -> str:
        if package == "nnunetv2" and answer is None:
            raise importlib.metadata.PackageNotFoundError(package)
        return answer

    return version


@pytest.mark.parametrize("found", ["2.7", "2.7.0", "2.8.1", "3.0"])
def test_path_is_the_folder_with_the_one_module(monkeypatch, capsys, found):
    monkeypatch.setattr(requirements, "version", _version(found))
    assert command.main(["path"]) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert [module.name for module in pkgutil.iter_modules([str(folder)])] == [MODULE.stem]  # what nnU-Net imports


@pytest.mark.parametrize(
    ("found", "message"),
    [("2.6.2", "nnunetv2 2.6.2 is installed, but"), (None, "nnunetv2 is not installed for this Python")],
)
def test_path_says_that_nnunet_is_too_old_or_missing(monkeypatch, capsys, found, message):
    monkeypatch.setattr(requirements, "version", _version(found))
    assert command.main(["path"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1


def test_list_names_each_trainer_with_its_parameters(monkeypatch, capsys):
    monkeypatch.setattr(requirements, "version", _version("2.8.1"))
    assert command.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(names())
    assert any(line.startswith("nnUNetTrainer_closs  ") and "gamma" in line for line in lines)


def test_the_module_has_nothing_else():
    module = runpy.run_path(str(MODULE))
    with pytest.raises(AttributeError, match="no attribute 'Trainer'"):
        module["__getattr__"]("Trainer")


def test_without_the_suite_the_module_says_what_is_missing(monkeypatch, tmp_path):
    """As on a machine where only the folder was copied to."""
    (tmp_path / MODULE.name).write_text(MODULE.read_text())
    for name in [n for n in sys.modules if n.split(".")[0] == "integrations"]:
        monkeypatch.delitem(sys.modules, name)
    really = builtins.__import__

    def no_suite(name, *rest):
        if name.split(".")[0] == "integrations":
            raise ModuleNotFoundError("No module named 'integrations'", name="integrations")
        return really(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_suite)
    module = runpy.run_path(str(tmp_path / MODULE.name))
    with pytest.raises(SystemExit) as raised:
        module["__getattr__"]("nnUNetTrainer_scnp")
    assert re.fullmatch(
        r"nnUNetTrainer_scnp needs the topology-loss benchmark suite .*'integrations'.*", str(raised.value)
    )
