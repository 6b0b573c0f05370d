"""How much a ranking by Betti errors moves with the adjacency of the foreground."""

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

import metrics
from evaluation import cases
from runs.results import DONE, Results, RunResult

ERRORS = ("betti0_error", "betti1_error")
ADJACENCIES = {2: (8, 4), 3: (26, 6)}


def ranking(results: Results, dataset: str, most: int = 20) -> pd.DataFrame:
    """Rank the losses by their Betti errors, once for each adjacency; measured anew on the predictions.

    Args:
        results: the runs.
        dataset: on which.
        most: number of cases looked at, the first by name.

    Returns:
        One row a loss in the experiment's order; for each error and adjacency the mean over cases and the rank (1 is
        best, equal means share the better rank). Without post-processing; the first fold and seed of each loss.
    """
    runs = [run for run in cases.first_of_each(results.of(dataset)) if run.state == DONE]
    columns: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        for (title, adjacency), value in _means(run, most).items():
            columns.setdefault((title, f"adjacency {adjacency}"), []).append(value)
    table = pd.DataFrame(columns, index=[run.label for run in runs])
    for title, heading in list(columns):
        table[(title, f"rank, {heading}")] = table[(title, heading)].rank(method="min").astype(int)
    return table.sort_index(axis=1, level=0, sort_remaining=False)


def agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Say how alike the two rankings of each error are.

    Args:
        table: from `ranking`.

    Returns:
        For each error Kendall's tau between the rankings, and how many losses change their rank.
    """
    rows = {}
    for title in dict.fromkeys(table.columns.get_level_values(0)):
        first, second = (table[title][name] for name in table[title] if name.startswith("rank"))
        tau = kendalltau(first, second).statistic if first.nunique() > 1 and second.nunique() > 1 else np.nan
        rows[title] = {"Kendall's tau": tau, "losses that change rank": int((first != second).sum())}
    return pd.DataFrame(rows).T


def _means(run: RunResult, most: int) -> dict[tuple[str, int], float]:
    loaded = [cases.load(run.folder, case) for case in cases.with_truth(run.folder)[:most]]
    found = {}
    for adjacency in ADJACENCIES[loaded[0].truth.ndim]:
        values = [metrics.evaluate(case.prediction, case.truth, ERRORS, adjacency=adjacency) for case in loaded]
        for name in ERRORS:
            found[(metrics.entry(name).title, adjacency)] = float(np.mean([value[name] for value in values]))
    return found
