"""Ignored pixels, by the ignore label or outside the field of view, enter neither losses nor metrics of a run."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from data_prep import Prepared
from evaluation import adjacency
from evaluation.cases import load
from evaluation.evaluate import evaluate_run
from training.config import Config
from training.loop import train
from training.patches import IGNORED, Sampler

NAMES = ("dice", "accuracy", "betti0_error")


def _fields(folder):
    """Let every case be seen in its left three quarters alone."""
    for part in ("Tr", "Ts"):
        (folder / f"fov{part}").mkdir()
        for path in (folder / f"labels{part}").iterdir():
            field = np.zeros(Image.open(path).size[::-1], np.uint8)
            field[:, :15] = 1
            Image.fromarray(field).save(folder / f"fov{part}" / path.name)


def _ignore_label(folder):
    """Mark the same pixels by nnU-Net's ignore label."""
    for part in ("Tr", "Ts"):
        for path in (folder / f"labels{part}").iterdir():
            label = np.array(Image.open(path))
            label[:, 15:] = 2
            Image.fromarray(label).save(path)
    content = json.loads((folder / "dataset.json").read_text())
    content["labels"]["ignore"] = 2
    (folder / "dataset.json").write_text(json.dumps(content))


def _spoil_outside(folder):
    """Draw foreground outside the field of view."""
    for part in ("Tr", "Ts"):
        for path in (folder / f"labels{part}").iterdir():
            label = np.array(Image.open(path))
            label[::3, 16:] = 1
            Image.fromarray(label).save(path)


def _run(parameters, **changes):
    return train(Config.from_parameters(**parameters | changes), progress=False)


def _column(path, name):
    with path.open(newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


@pytest.mark.parametrize("loss", ["dice_ce", "cldice"])
def test_what_lies_outside_the_field_of_view_changes_nothing(tiny, tmp_path, loss):
    folder = tmp_path / "data" / "tiny2d"
    _fields(folder)
    shutil.copytree(folder, tmp_path / "data" / "spoiled")
    _spoil_outside(tmp_path / "data" / "spoiled")
    histories, values = [], []
    for dataset in ("tiny2d", "spoiled"):
        # other foreground would give other patches
        run = _run(tiny, dataset=dataset, loss=loss, foreground_share=0.0)
        histories.append(_column(run / "history.csv", "loss"))
        values.append(_column(evaluate_run(run, metric_names=NAMES), "value"))
        assert json.loads((run / "evaluation.json").read_text())["options"]["fov"] is True
        assert set(_column(run / "metrics.csv", "region")) == {"whole, inside the field of view"}
    assert histories[0] == histories[1]
    assert values[0] == values[1]
    everywhere = evaluate_run(run, metric_names=NAMES, fov=False)
    assert _column(everywhere, "value") != values[0]
    assert set(_column(everywhere, "region")) == {"whole"}
    assert json.loads((run / "evaluation.json").read_text())["options"]["fov"] is False


def test_further_measurements_have_the_field_of_view_of_the_evaluation(tiny, tmp_path):
    _fields(tmp_path / "data" / "tiny2d")
    _spoil_outside(tmp_path / "data" / "tiny2d")
    run = _run(tiny)
    values = []
    for fov in (True, False, True):
        evaluated = evaluate_run(run, metric_names=("betti0_error",), fov=fov)
        again = adjacency.measure(run)
        errors = zip(*(_column(again, name) for name in ("metric", "adjacency", "value")), strict=True)
        found = [value for metric, kind, value in errors if (metric, kind) == ("betti0_error", "8")]
        assert [float(value) for value in found] == [float(value) for value in _column(evaluated, "value")]
        values.append(found)
    assert values[0] != values[1]
    assert values[0] == values[2]


def test_ignore_label_and_field_of_view_are_the_same_to_a_run(tiny, tmp_path):
    shutil.copytree(tmp_path / "data" / "tiny2d", tmp_path / "data" / "labelled")
    _fields(tmp_path / "data" / "tiny2d")
    _ignore_label(tmp_path / "data" / "labelled")
    runs = [_run(tiny, dataset=dataset) for dataset in ("tiny2d", "labelled")]
    assert _column(runs[0] / "history.csv", "loss") == _column(runs[1] / "history.csv", "loss")
    values = [_column(evaluate_run(run, metric_names=NAMES), "value") for run in runs]
    assert values[0] == values[1]
    # the ignore label holds whatever `fov` says
    assert _column(evaluate_run(runs[1], metric_names=NAMES, fov=False), "value") == values[1]


def test_without_ignored_pixels_nothing_is_said_of_them(tiny):
    run = _run(tiny)
    assert set(_column(evaluate_run(run, metric_names=NAMES), "region")) == {"whole"}
    assert "fov" not in json.loads((run / "evaluation.json").read_text())["options"]


def test_batches_hold_the_ignored_index_and_are_not_centred_on_it(tiny, tmp_path):
    folder = tmp_path / "data" / "tiny2d"
    _ignore_label(folder)
    data = Prepared(folder)
    sampler = Sampler(
        data, data.cases("train"), patch_size=[8, 8], batch_size=4, foreground_share=1.0, augmented=False, seed=0
    )
    targets = np.concatenate([sampler.batch(iteration)[1] for iteration in range(8)])
    assert set(np.unique(targets)) == {0, 1, IGNORED}
    assert (targets == 1).any(axis=(1, 2, 3)).all()


def test_pictures_do_not_show_what_is_ignored(tiny, tmp_path):
    _ignore_label(tmp_path / "data" / "tiny2d")
    case = load(_run(tiny), "ts0")
    assert case.truth.max() == 1
    assert not case.truth[:, 15:].any()
    assert not case.prediction[:, 15:].any()
