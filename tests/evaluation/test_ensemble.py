"""The vote of the folds' networks, measured once and kept."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

import metrics
import tables
from evaluation import ensemble, steps
from runs.evaluation import read_evaluation
from runs.files import write_json
from runs.plan import ENSEMBLE, MeasuringStep
from runs.predictions import write_prediction
from runs.record import DataUsed, read_record, write_record
from tables.papers.cells import all_cells

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
        record = {"data": DataUsed("roads", str(data), "c"), "hash": f"h{each.run.fold}"}
        paper_run(folder, each, {name: [0.1, 0.1] for name in each.metrics}, **record)
        prediction = truth.copy()
        prediction[:, 4 * each.run.fold + 2 :][:, :4] = 0
        if each.run.stage == "finetune":
            prediction[0, 0] = 1  # a speck that every fine-tuned network adds
        for name in ("x", "y"):
            write_prediction(folder, name, prediction, (1.0, 1.0))
    folds = {}
    for each in wanted:
        folds.setdefault(plan.folder(each).parent, []).append(each)
    return [
        MeasuringStep(
            ENSEMBLE,
            [str(plan.folder(each)) for each in runs],
            [str(plan.start(each) if each.after else plan.folder(each)) for each in runs],
            elsewhere=runs[0].elsewhere,
        )
        for runs in folds.values()
    ]


def measure(every_step, tmp_path):
    return [steps.measure(step, tmp_path) for step in every_step]


def closs(found, metric):
    rows = found[(found["table"] == "6") & (found["row"] == "CLoss, gamma = 0.2") & (found["metric"] == metric)]
    return rows.iloc[0]


def test_the_ensemble_is_measured_and_not_the_mean_of_the_folds(roads, tmp_path):
    """The parts that single networks miss do not meet, so the vote is the whole road; the speck is post-processed."""
    measure(roads, tmp_path)
    found = all_cells(tables.plan("contextloss", tmp_path, 0.5))
    dice = closs(found, "dice")
    assert (dice["measured"], dice["n"], dice["status"]) == (pytest.approx(100), 2, "measured")
    assert dice["note"] == "ensemble of 3 folds"
    assert closs(found, "betti0_error")["measured"] == 0


def test_tables_only_read(roads, tmp_path, monkeypatch):
    """Without the step, or with that of other runs, the cell says what to do, and nothing is measured."""
    before = closs(all_cells(tables.plan("contextloss", tmp_path, 0.5)), "dice")
    assert before["status"] == "failed"
    assert "has not been measured: python -m evaluation" in before["note"]
    measure(roads, tmp_path)
    monkeypatch.setattr(metrics, "evaluate", lambda *_, **__: pytest.fail("a table has measured"))
    assert closs(all_cells(tables.plan("contextloss", tmp_path, 0.5)), "dice")["status"] == "measured"
    _train_again(tmp_path)
    assert "has not been measured" in closs(all_cells(tables.plan("contextloss", tmp_path, 0.5)), "dice")["note"]


def _train_again(tmp_path):
    folder = next(tmp_path.glob("contextloss-scale0.5/runs/*/closs/fold1-seed0"))
    write_record(folder, replace(read_record(folder), hash="new"))
    write_json(folder / "evaluation.json", asdict(replace(read_evaluation(folder), run_hash="new")))


def test_it_is_kept_and_measured_again_when_a_run_is(roads, tmp_path, monkeypatch):
    calls = []
    evaluate = metrics.evaluate
    monkeypatch.setattr(metrics, "evaluate", lambda *given, **options: calls.append(1) or evaluate(*given, **options))
    measure(roads, tmp_path)
    first = len(calls)
    measure(roads, tmp_path)
    assert len(calls) == first > 0
    _train_again(tmp_path)
    measure(roads, tmp_path)
    assert len(calls) > first


def test_a_missing_prediction_is_named_and_the_rest_goes_on(roads, tmp_path):
    path = next(tmp_path.glob("contextloss-scale0.5/runs/*/closs/fold1-seed0/predictions/x.png"))
    path.unlink()
    pretraining, closs_step = roads
    measure([pretraining], tmp_path)
    with pytest.raises(FileNotFoundError, match=re.escape(str(path))):
        measure([closs_step], tmp_path)
    found = all_cells(tables.plan("contextloss", tmp_path, 0.5))
    assert closs(found, "dice")["status"] == "failed"
    rows = found[(found["table"] == "6") & (found["row"] == "nnU-Net [10]")]
    assert set(rows["status"]) == {"measured"}
