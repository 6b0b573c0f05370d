"""What is done is decided by the results themselves, compared with the plan and with checksums."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from runs import predictions, steps
from runs.card import DataCard
from runs.evaluation import EvaluationRecord, MetricDefinition, write_evaluation
from runs.paths import CHECKPOINT
from runs.plan import ADJACENCY, DatasetPlan, ExperimentPlan, Job, MeasuringStep, read_plan, write_plan
from runs.record import read_record, write_record
from training.config import Config
from training.loop import train
from workflow import done


@pytest.fixture
def plan(tiny, tmp_path):
    """A plan of one run that has been trained and evaluated (by a stand-in for the metrics)."""
    config = Config.from_parameters(**tiny)
    folder = train(config, progress=False)
    evaluate(folder)
    job = Job(str(folder), title="dice_ce", train=config.as_dict(), evaluate={"metrics": ["dice"]})
    planned = ExperimentPlan("test", folder=str(tmp_path / "results" / "test"), results=str(tmp_path / "results"))
    data = str(tmp_path / "data")
    planned = replace(planned, data=data, datasets={"tiny2d": DatasetPlan("tiny2d", data=data)}, jobs=[job])
    write_plan(planned)
    return planned


def evaluate(folder):
    columns = {"metric": "dice", "version": 1, "postprocessed": 0, "adjacency": 8, "region": "whole", "reason": ""}
    rows = [columns | {"case": case, "value": 0.5} for case in ("ts0", "ts1")]
    record = EvaluationRecord(
        metrics={"dice": MetricDefinition("Dice", "", True)}, run_hash=read_record(folder).hash, data=DataCard()
    )
    write_evaluation(folder, rows, record)


def missing(plan):
    return {title: reason for title, reason in done.refresh(plan).missing.items() if title != done.TABLES}


def flags(plan):
    return sorted(path.name for path in (plan_folder(plan) / ".steps").rglob("*.*ed"))


def plan_folder(plan):
    from pathlib import Path

    return Path(plan.folder)


def test_finished_run_is_done_also_without_any_flag(plan):
    assert missing(plan) == {}
    assert flags(plan) == ["fold0-seed0.evaluated", "fold0-seed0.trained"]
    shutil.rmtree(plan_folder(plan) / ".steps")
    assert missing(plan) == {}
    assert steps.prepared_flag(plan.data, "tiny2d").read_text() == read_record(plan.jobs[0].folder).data.checksum


def _cut(path):
    path.write_bytes(path.read_bytes()[:-10])


def _replace(path):
    predictions.write_prediction(path.parents[1], "ts0", np.ones((24, 20), np.uint8), (1.0, 1.0))


@pytest.mark.parametrize(
    ("name", "damage", "says", "again"),
    [
        ("predictions/ts0.png", _cut, "is not the file that the run wrote", "train dice_ce"),
        ("predictions/ts0.png", _replace, "is not the file that the run wrote", "train dice_ce"),
        ("predictions/ts1.png", lambda path: path.unlink(), "is missing", "train dice_ce"),
        (CHECKPOINT, lambda path: path.unlink(), "is missing", "train dice_ce"),
        ("run.json", lambda path: path.unlink(), "it has not been trained", "train dice_ce"),
        ("run.json", lambda path: path.write_text("{"), "is not readable as JSON", "train dice_ce"),
        ("metrics.csv", _cut, "is truncated", "evaluate dice_ce"),
        ("metrics.csv", lambda path: path.unlink(), "has not been evaluated", "evaluate dice_ce"),
        ("evaluation.json", lambda path: path.unlink(), "evaluate.ipynb", "evaluate dice_ce"),
    ],
)
def test_what_is_missing_or_damaged_is_done_again_and_named(plan, name, damage, says, again):
    """Flags that are there change nothing."""
    assert missing(plan) == {}
    damage(plan_folder(plan) / "runs" / "tiny2d" / "dice_ce" / "fold0-seed0" / name)
    progress = done.refresh(plan)
    assert says in progress.again[again]
    wanted = {"fold0-seed0.trained"} if again.startswith("evaluate") else set()
    assert set(flags(plan)) == wanted


def test_another_plan_is_not_done(plan):
    assert missing(plan) == {}
    (job,) = plan.jobs
    other = replace(plan, jobs=[replace(job, train=job.train | {"iterations": 7})])
    assert "`iterations` 6 instead of 7" in missing(other)["train dice_ce"]
    assert "another state of the code" in missing(replace(plan, jobs=[replace(job, sources="x")]))["train dice_ce"]
    record = read_record(job.folder)
    write_record(job.folder, replace(record, sources=""))
    assert missing(replace(plan, jobs=[replace(job, sources="x")])) == {}  # an older version did not say


def test_changed_data_are_prepared_or_trained_on_again(plan, tmp_path):
    assert missing(plan) == {}
    label = tmp_path / "data" / "tiny2d" / "labelsTr" / "tr0.png"
    shutil.copy(tmp_path / "data" / "tiny2d" / "labelsTr" / "tr1.png", label)
    assert "had the checksum" in missing(plan)["train dice_ce"]
    shutil.rmtree(tmp_path / "data" / "tiny2d")
    assert missing(plan)["prepare tiny2d"] == "it has not been prepared"


def test_tables_are_made_again_when_anything_has_changed(plan):
    tables = plan_folder(plan) / "tables"
    tables.mkdir()
    (tables / "comparison.csv").write_text("numbers")
    done.note_tables(plan)
    assert done.refresh(plan).missing == {}
    (tables / "comparison.csv").write_text("num")
    assert list(done.refresh(plan).missing) == ["tables"]
    (tables / "comparison.csv").write_text("numbers")
    assert list(done.refresh(replace(plan, title="Another")).missing) == ["tables"]


def test_measurement_without_its_runs_is_not_done(plan):
    step = MeasuringStep(ADJACENCY, [plan.jobs[0].folder])
    (reason,) = missing(replace(plan, measurements=[step])).values()
    assert reason == "it has not been measured"
    assert read_plan(plan.folder) == plan
