"""How much a ranking by Betti errors depends on the adjacency of the foreground."""

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from evaluation import cases
from runs import measured
from runs.results import DONE, Results, RunResult


def ranking(results: Results, dataset: str) -> pd.DataFrame:
    """Rank the losses by their Betti errors, once for each adjacency.

    Args:
        results: the runs.
        dataset: name of the dataset.

    Returns:
        One row per loss in the experiment's order; for each error and adjacency the mean over cases and the rank (1 is
        best, equal means share the better rank). Without post-processing; the first fold and seed of each loss. Losses
        that have not been measured (`python -m evaluation EXPERIMENT` does) are left out.
    """
    runs = [run for run in cases.first_of_each(results.of(dataset)) if run.state == DONE]
    found = {run.label: values for run in runs if (values := _measured(run)) is not None}
    columns: dict[tuple[str, str], list[float]] = {}
    for values in found.values():
        for (slug, adjacency), rows in values.groupby(["metric", "adjacency"], sort=False):
            columns.setdefault((_title(runs, str(slug)), f"adjacency {adjacency}"), []).append(
                float(rows["value"].mean())
            )
    table = pd.DataFrame(columns, index=list(found))
    for title, heading in list(columns):
        table[(title, f"rank, {heading}")] = table[(title, heading)].rank(method="min").astype(int)
    return table.sort_index(axis=1, level=0, sort_remaining=False)


def agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the two rankings of each error.

    Args:
        table: from `ranking`.

    Returns:
        For each error, Kendall's tau between the rankings, and the number of losses that change their rank.
    """
    rows = {}
    for title in dict.fromkeys(table.columns.get_level_values(0)):
        first, second = (table[title][name] for name in table[title] if name.startswith("rank"))
        tau = kendalltau(first, second).statistic if first.nunique() > 1 and second.nunique() > 1 else np.nan
        rows[title] = {"Kendall's tau": tau, "losses that change rank": int((first != second).sum())}
    return pd.DataFrame(rows).T


def _measured(run: RunResult) -> pd.DataFrame | None:
    return measured.read_measured(run.folder / measured.ADJACENCY, measured.run_mark(run.record, run.options))


def _title(runs: list[RunResult], slug: str) -> str:
    """Return the printed name of a metric; the experiment itself may not have it."""
    import metrics

    return next((run.definitions[slug].title for run in runs if slug in run.definitions), metrics.entry(slug).title)
