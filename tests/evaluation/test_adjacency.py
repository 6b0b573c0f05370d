"""Rankings under two adjacencies: the step measures predictions made for the purpose, the tables read its numbers."""

import numpy as np
import pandas as pd
import pytest

from evaluation import adjacency as step
from evaluation import cases
from pictures.errors import Case
from runs.paths import Run, run_folder
from runs.record import RunRecord, write_record
from runs.results import DONE, Results, RunResult
from tables.experiment import adjacency


@pytest.fixture
def results(monkeypatch, tmp_path):
    """Two losses: one predicts corners that touch (one component with 8, three with 4), the other two pieces."""
    truth = np.zeros((9, 9), np.uint8)
    truth[1, 1:5] = 1
    corners, pieces = truth.copy(), truth.copy()
    corners[1, 2] = 0
    corners[2, 2] = 1
    pieces[5, 1:5] = 1
    predictions = {"dice_ce": corners, "closs": pieces}

    def load(folder, case):
        return Case(case, truth[None], truth, predictions[folder.parent.name])

    monkeypatch.setattr(cases, "load", load)
    monkeypatch.setattr(cases, "with_truth", lambda folder: ["a", "b"])
    runs = []
    for slug in predictions:
        run = Run("e", "d", slug)
        record = RunRecord(run=run, hash=slug)
        folder = run_folder(tmp_path, run)
        write_record(folder, record)
        runs.append(RunResult(folder, run, slug, DONE, record=record))
    return Results(tmp_path, "t", "", False, runs, {})


def test_ranking_moves_with_the_adjacency(results):
    for run in results.runs:
        step.measure(run.folder)
    table = adjacency.ranking(results, "d")
    errors = table["β0 error"]
    assert errors["adjacency 8"].tolist() == [0, 1]
    assert errors["adjacency 4"].tolist() == [2, 1]
    assert errors["rank, adjacency 8"].tolist() == [1, 2]
    assert errors["rank, adjacency 4"].tolist() == [2, 1]
    agreement = adjacency.agreement(table)
    assert agreement.loc["β0 error", "Kendall's tau"] == -1
    assert agreement.loc["β0 error", "losses that change rank"] == 2
    assert isinstance(agreement, pd.DataFrame)


def test_what_has_not_been_measured_is_left_out(results):
    assert adjacency.ranking(results, "d").empty
    step.measure(results.runs[0].folder)
    assert list(adjacency.ranking(results, "d").index) == ["dice_ce"]
