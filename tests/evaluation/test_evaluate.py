"""Evaluating a run: tidy rows, NaN with its reason, with and without post-processing, without torch."""

import csv
import json
import math
import subprocess
import sys
import types
from dataclasses import replace

import numpy as np
import pytest

import metrics
from evaluation.evaluate import evaluate_run
from metrics._measured import Value
from runs import predictions
from runs.evaluation import COLUMNS
from runs.record import read_record, write_record
from training.config import Config
from training.loop import train


@pytest.fixture
def stub_metrics(monkeypatch):
    """Two metrics, so that these tests do not hang on the definitions of the real ones."""

    def entry(name):
        dims = (3,) if name == "holes" else (2, 3)
        return types.SimpleNamespace(title=name.title(), unit="", higher_is_better=False, version=2, dims=dims)

    def measure(prediction, target, names=None, **options):
        assert set(options) == {"adjacency", "num_classes", "spacing", "region"}
        pixels = Value("pixels", 1, float((prediction > 0).sum()))
        return metrics.Measured(tuple(names), (1,), (pixels, Value("undefined", 1, math.nan, "no foreground")))

    monkeypatch.setattr(metrics, "names", lambda: ["pixels", "undefined", "holes"], raising=False)
    monkeypatch.setattr(metrics, "entry", entry, raising=False)
    monkeypatch.setattr(metrics, "measure", measure)


def finished(parameters, **changes):
    return train(Config.from_parameters(**parameters | changes), progress=False)


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_rows_are_tidy(tiny, stub_metrics):
    folder = finished(tiny)
    rows = rows_of(evaluate_run(folder))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["case"], row["metric"]) for row in rows] == [
        (case, metric) for case in ("ts0", "ts1") for metric in ("pixels", "undefined")
    ]
    assert {(row["version"], row["postprocessed"], row["adjacency"], row["region"]) for row in rows} == {
        ("2", "0", "8", "whole")
    }
    assert (rows[1]["value"], rows[1]["reason"]) == ("nan", "no foreground")
    assert float(rows[0]["value"]) == (predictions.read_prediction(folder, "ts0", 2) > 0).sum()
    definitions = json.loads((folder / "evaluation.json").read_text())
    assert definitions["metrics"]["pixels"] == {"title": "Pixels", "unit": "", "higher_is_better": False, "version": 2}
    assert definitions["options"] == {"adjacency": 8, "num_classes": 2, "region": "whole"}
    assert definitions["pretrain"] is None


def test_post_processing_compares_with_the_pretraining_run(tiny, stub_metrics):
    pretrain, folder = finished(tiny, stage="pretrain"), finished(tiny)
    one, two = np.zeros((2, 24, 20), np.uint8)
    one[2:4, 2:4] = one[20, 10:15] = 1
    two[3, 3] = 1
    for run, mask in ((folder, one), (pretrain, two)):
        predictions.write_prediction(run, "ts0", mask, (1.0, 1.0))
        write_record(run, replace(read_record(run), predictions=predictions.checksums(run)))
    rows = rows_of(evaluate_run(folder, pretrain, ["pixels"], adjacency=4))
    values = {(row["case"], row["postprocessed"]): row["value"] for row in rows}
    assert values["ts0", "0"] == "9.0"
    assert values["ts0", "1"] == "4.0"
    assert {row["adjacency"] for row in rows} == {"4"}
    assert json.loads((folder / "evaluation.json").read_text())["pretrain"]["run"]["stage"] == "pretrain"


def test_two_evaluations_are_byte_equal(tiny, stub_metrics, tmp_path):
    paths = [evaluate_run(finished(tiny, results=str(tmp_path / name))) for name in ("a", "b")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_cases_without_ground_truth_are_left_out(tiny, stub_metrics, tmp_path):
    (tmp_path / "data" / "tiny2d" / "labelsTs" / "ts1.png").unlink()
    folder = finished(tiny)
    assert {row["case"] for row in rows_of(evaluate_run(folder))} == {"ts0"}
    assert json.loads((folder / "evaluation.json").read_text())["without_ground_truth"] == ["ts1"]


def test_unfinished_run_is_refused(tiny, stub_metrics):
    folder = finished(tiny)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"exit_cause": "interrupted"}))
    with pytest.raises(ValueError, match=r"is not finished \(interrupted\)"):
        evaluate_run(folder)
    with pytest.raises(FileNotFoundError, match="has not been started"):
        evaluate_run(folder.with_name("fold3-seed0"))


def test_changed_data_are_refused(tiny, stub_metrics, tmp_path):
    folder = finished(tiny)
    data = tmp_path / "data" / "tiny2d"
    (data / "labelsTs" / "ts0.png").write_bytes((data / "labelsTs" / "ts1.png").read_bytes())
    with pytest.raises(ValueError, match="has changed since the run"):
        evaluate_run(folder)
    with pytest.raises(FileNotFoundError, match="give `data_folder`"):
        evaluate_run(folder, data_folder=tmp_path / "elsewhere")


def test_damaged_prediction_is_named(tiny, stub_metrics):
    folder = finished(tiny)
    (folder / "predictions" / "ts0.png").write_bytes(b"half")
    with pytest.raises(
        ValueError, match=r"ts0.png is not the file that the run wrote .*; run the training in .* again"
    ):
        evaluate_run(folder)
    write_record(folder, replace(read_record(folder), predictions={}))  # as older versions wrote it
    with pytest.raises(ValueError, match=r"ts0.png is damaged"):
        evaluate_run(folder)


def test_light_modules_import_neither_torch_nor_monai():
    modules = "evaluation.evaluate, runs.paths, runs.record, runs.provenance, training.config, data_prep"
    code = f"import sys, {modules}; print([name for name in ('torch', 'monai') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "[]"


def test_region_is_recorded_with_the_value(tiny):
    folder = finished(tiny)
    rows = rows_of(evaluate_run(folder, None, ["dice"], region="random", patch=[8, 8], number=3, seed=1))
    assert {row["region"] for row in rows} == {"random(patch=(8, 8),n=3,seed=1)"}
    options = json.loads((folder / "evaluation.json").read_text())["options"]
    assert (options["region"], options["patch"], options["number"], options["seed"]) == ("random", [8, 8], 3, 1)


def test_a_metric_can_be_measured_somewhere_else(tiny):
    """ContextLoss measures Dice on whole images and Betti errors on patches, in one table row."""
    folder = finished(tiny)
    place = {"region": "sliding", "patch": [12, 10]}
    both = rows_of(evaluate_run(folder, metric_names=["dice", "betti0_error"], elsewhere={"betti0_error": place}))
    assert {(row["metric"], row["region"]) for row in both} == {
        ("dice", "whole"),
        ("betti0_error", "sliding(patch=(12, 10),stride=(12, 10))"),
    }
    written = json.loads((folder / "evaluation.json").read_text())["elsewhere"]
    assert written == {"betti0_error": "sliding(patch=(12, 10),stride=(12, 10))"}
    alone = rows_of(evaluate_run(folder, metric_names=["betti0_error"], **place))
    assert [row for row in both if row["metric"] == "betti0_error"] == alone
