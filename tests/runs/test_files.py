"""Files appear whole or not at all."""

import json
import sys
from dataclasses import asdict

import pytest

from runs import choices, files, provenance, steps
from runs.schema import from_json


def test_atomic_leaves_the_old_file_after_an_exception(tmp_path):
    path = tmp_path / "folder" / "file.txt"
    files.write_atomic(path, "old")

    def fail():
        with files.atomic(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        fail()
    assert path.read_text() == "old"
    assert [file.name for file in path.parent.iterdir()] == ["file.txt"]


def test_write_json_is_strict(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert not list(tmp_path.iterdir())
    files.write_json(tmp_path / "a.json", {"b": [1, None, "ä"]})
    assert files.read_json(tmp_path / "a.json") == {"b": [1, None, "ä"]}


def test_write_csv_keeps_numbers(tmp_path):
    rows = [{"a": 0.1 + 0.2, "b": "x,y"}]
    path = files.write_csv(tmp_path / "a.csv", ["a", "b"], rows)
    assert path.read_text() == 'a,b\n0.30000000000000004,"x,y"\n'


def test_collect_is_strict_json_and_names_the_code():
    found = provenance.collect()
    json.dumps(asdict(found), allow_nan=False)
    assert found.python == sys.version.split()[0]
    assert found.packages["torch"]
    assert found.machine.cores >= 1


def test_choices_are_read_as_they_were_written(tmp_path):
    assert choices.read_choices(tmp_path) is None
    made = choices.Choices("cldice", "the best of two")
    assert choices.write_choices(tmp_path, made).parent == choices.folder(tmp_path)
    assert choices.read_choices(tmp_path) == made


@pytest.mark.parametrize("wrong", [{"metric": 3}, {"metric": True}, {"metric": None}, {"rule": ["a"]}])
def test_values_of_another_type_are_refused_with_the_file(wrong):
    with pytest.raises(ValueError, match=r"choices\.json"):
        from_json(choices.Choices, {"metric": "dice", "rule": "", "choices": []} | wrong, "choices.json")


@pytest.mark.parametrize(
    ("scores", "higher_is_better", "best"),
    [
        ([(0.5, 0.9), (0.5, 0.9)], True, 0),  # of equal ones the first
        ([(0.5, 0.9), (0.6, 0.1)], True, 1),
        ([(0.5, 0.9), (0.6, 0.1)], False, 0),
        ([(0.5, 0.8), (0.5, 0.9)], False, 1),  # of equal ones the higher Dice, whatever the metric's direction
        ([(None, 0.9), (0.1, 0.1)], True, 1),
        ([(None, 0.9), (7.0, 0.1)], False, 1),
        ([(0.5, None), (0.5, 0.1)], True, 1),
        ([(0.5 + 1e-12, 0.1), (0.5, 0.9)], True, 1),  # equal to nine digits
    ],
)
def test_the_best_trial(scores, higher_is_better, best):
    named = [{"cldice": value, "dice": dice} for value, dice in scores]
    assert choices.best(named, "cldice", higher_is_better) == best


def test_key_of_a_run():
    folder = "results/smoke/runs/synthetic2d/scnp,window=3,stage=pretrain/fold0-seed0"
    assert steps.key(folder) == "synthetic2d/scnp+window=3+stage=pretrain/fold0-seed0"
