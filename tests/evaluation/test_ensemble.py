"""The vote of the folds' networks, measured once and kept."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

import metrics
import tables
from evaluation import ensemble
from tables.papers.cells import all_cells
from training.inference import write_prediction

NETWORKS = arrays(np.uint8, (5, 4, 3), elements=st.integers(0, 2))


@given(NETWORKS)
def test_vote_is_the_most_frequent_class(predictions):
    found = ensemble.vote(list(predictions))
    for place in np.ndindex(4, 3):
        votes = np.bincount(predictions[(slice(None), *place)], minlength=3).tolist()
        assert found[place] == votes.index(max(votes))  # the lowest of equally many


@given(NETWORKS)
def test_networks_that_agree_are_their_ensemble(predictions):
    assert (ensemble.vote([predictions[0]] * 3) == predictions[0]).all()
    assert (ensemble.vote(list(predictions)) == ensemble.vote(list(predictions[::-1]))).all()


@pytest.fixture
def roads(tmp_path, paper_run):
    """Three folds of CLoss on a road across two test images; each network misses another part of it."""
    data = tmp_path / "data" / "massachusetts_roads"
    truth = np.zeros((24, 24), np.uint8)
    truth[10:13] = 1
    for part, names in (("Tr", ["a", "b"]), ("Ts", ["x", "y"])):
        for kind in ("images", "labels"):
            (data / f"{kind}{part}").mkdir(parents=True)
        for name in names:
            Image.fromarray(truth * 200).save(data / f"images{part}" / f"{name}_0000.png")
            Image.fromarray(truth).save(data / f"labels{part}" / f"{name}.png")
    content = {"channel_names": {"0": "grey"}, "labels": {"background": 0, "road": 1}, "numTraining": 2}
    (data / "dataset.json").write_text(json.dumps(content | {"file_ending": ".png"}))
    plan = tables.plan("contextloss", tmp_path, 0.5)
    wanted = [each for each in plan.runs if each.entry == "roads"]
    wanted = [
        each
        for each in wanted
        if each.run.stage == "pretrain" or (each.run.loss == "closs" and not each.run.loss_parameters)
    ]
    for each in wanted:
        folder = plan.folder(each)
        record = {"data": {"folder": str(data), "name": "roads", "checksum": "c"}, "hash": f"h{each.run.fold}"}
        paper_run(folder, each, {name: [0.1, 0.1] for name in each.metrics}, **record)
        text = (folder / "evaluation.json").read_text()
        (folder / "evaluation.json").write_text(text.replace('"run_hash": "h"', f'"run_hash": "h{each.run.fold}"'))
        prediction = truth.copy()
        prediction[:, 4 * each.run.fold + 2 :][:, :4] = 0
        if each.run.stage == "finetune":
            prediction[0, 0] = 1  # a speck that every fine-tuned network adds
        for name in ("x", "y"):
            write_prediction(folder, name, prediction, (1.0, 1.0))
    return truth


def closs(found, metric):
    rows = found[(found["table"] == "6") & (found["row"] == "CLoss, gamma = 0.2") & (found["metric"] == metric)]
    return rows.iloc[0]


def test_the_ensemble_is_measured_and_not_the_mean_of_the_folds(roads, tmp_path):
    """The parts that single networks miss do not meet, so the vote is the whole road; the speck is post-processed."""
    found = all_cells(tables.plan("contextloss", tmp_path, 0.5))
    dice = closs(found, "dice")
    assert (dice["measured"], dice["n"], dice["status"]) == (pytest.approx(100), 2, "measured")
    assert dice["note"] == "ensemble of 3 folds"
    assert closs(found, "betti0_error")["measured"] == 0


def test_it_is_kept_and_measured_again_when_a_run_is(roads, tmp_path, monkeypatch):
    calls = []
    evaluate = metrics.evaluate
    monkeypatch.setattr(metrics, "evaluate", lambda *given, **options: calls.append(1) or evaluate(*given, **options))
    all_cells(tables.plan("contextloss", tmp_path, 0.5))
    first = len(calls)
    all_cells(tables.plan("contextloss", tmp_path, 0.5))
    assert len(calls) == first > 0
    record = next(tmp_path.glob("contextloss-scale0.5/runs/*/closs/fold1-seed0/run.json"))
    record.write_text(record.read_text().replace('"h1"', '"new"'))
    evaluation = record.with_name("evaluation.json")
    evaluation.write_text(evaluation.read_text().replace('"h1"', '"new"'))
    all_cells(tables.plan("contextloss", tmp_path, 0.5))
    assert len(calls) > first


def test_a_missing_prediction_is_named_and_the_rest_goes_on(roads, tmp_path):
    path = next(tmp_path.glob("contextloss-scale0.5/runs/*/closs/fold1-seed0/predictions/x.png"))
    path.unlink()
    found = all_cells(tables.plan("contextloss", tmp_path, 0.5))
    cell = closs(found, "dice")
    assert cell["status"] == "failed"
    assert str(path) in cell["note"]
    pretraining = found[(found["table"] == "6") & (found["row"] == "nnU-Net [10]")]
    assert set(pretraining["status"]) == {"measured"}
