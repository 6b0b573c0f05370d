"""Rankings under two adjacencies, on predictions made for the purpose."""

import numpy as np
import pandas as pd
import pytest

from evaluation import adjacency, cases
from pictures.errors import Case
from runs.paths import Run
from runs.results import DONE, Results, RunResult


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
        return Case(case, truth[None], truth, predictions[folder.name])

    monkeypatch.setattr(cases, "load", load)
    monkeypatch.setattr(cases, "with_truth", lambda folder: ["a", "b"])
    runs = [RunResult(tmp_path / slug, Run("e", "d", slug, {}, 0, 0), slug, DONE) for slug in predictions]
    return Results(tmp_path, "t", "", False, runs, {})


def test_ranking_moves_with_the_adjacency(results):
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
