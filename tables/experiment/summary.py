"""A leaderboard over all runs: every loss on every case of every dataset, against its cost."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from runs.paths import find_experiments
from runs.results import DONE, Results, RunResult, collect
from tables import averages, statistics
from tables.experiment.compare import BASELINE, Column, columns_of

# a prediction that is all foreground has few components and the best Betti-0 error: an error alone does not lead
LEADING = "cldice"


class Summary:
    """Experiments taken together.

    Args:
        folders: experiments' folders, or results folders that hold experiments.

    Raises:
        ValueError: a folder without any experiment, or no finished run.
    """

    def __init__(self, folders: Sequence[str | Path]) -> None:
        self.results = [collect(folder) for each in folders for folder in find_experiments(each)]
        self.blocks = {name: runs for result in self.results for name, runs in _blocks(result).items()}
        if not self.blocks:
            raise ValueError(f"no finished run in {', '.join(map(str, folders))}: there is nothing to sum up")
        # parts of a test set must not be averaged together: the first counts in what is over all datasets
        self.leading = list({name.partition(" (")[0]: name for name in reversed(self.blocks)}.values())[::-1]
        self.columns: list[Column] = list(
            {c.slug: c for runs in self.blocks.values() for c in columns_of(runs)}.values()
        )

    @property
    def banner(self) -> str:
        """What the reader has to know before the first number."""
        return " ".join(dict.fromkeys(result.banner for result in self.results if result.banner))

    def column(self, slug: str) -> Column:
        """Return a metric by its slug; the first one where it was not measured."""
        return next((column for column in self.columns if column.slug == slug), self.columns[0])

    def values(self, metric: str, block: str = "") -> pd.DataFrame:
        """Give a metric of every loss on every case, without post-processing.

        Args:
            metric: slug.
            block: one dataset (or part of its test set); "" for all datasets, of a test set in parts the first.

        Returns:
            A row for each case (with its block's name before it), a column for each loss by its printed name.
        """
        frames = []
        for name in [block] if block else self.leading:
            rows = {
                label: averages.per_case(runs, metric, False) for label, runs in _by_loss(self.blocks[name]).items()
            }
            frame = pd.DataFrame(rows)
            frame.index = pd.Index([f"{name}: {case}" for case in frame.index])
            frames.append(frame)
        return pd.concat(frames)

    def seconds(self) -> pd.Series:
        """Give each loss's seconds per iteration over Dice&CE's, averaged over the blocks that have both."""
        ratios: dict[str, list[float]] = {}
        for runs in self.blocks.values():
            costs = {label: _seconds(found) for label, found in _by_loss(runs).items()}
            base = next((costs[label] for label, found in _by_loss(runs).items() if found[0].row[1] == BASELINE), None)
            for label, cost in costs.items():
                if base and cost:
                    ratios.setdefault(label, []).append(cost / base)
        return pd.Series({label: sum(values) / len(values) for label, values in ratios.items()}, dtype=float)

    def leaderboard(self) -> pd.DataFrame:
        """Rank the losses.

        Returns:
            A row for each loss, the best average rank by the leading metric first: average rank by each metric that has
            a direction, over the cases where all losses are defined, and the cost over Dice&CE.
        """
        ranks = {}
        for column in self.columns:
            if column.higher_is_better is not None:
                values = _complete(self.values(column.slug))
                if len(values):
                    ranks[f"{column.title}, rank"] = statistics.average_ranks(
                        values, higher_is_better=column.higher_is_better
                    )
        table = pd.DataFrame(ranks)
        table["cost / Dice&CE's"] = self.seconds()
        first = f"{self.column(LEADING).title}, rank"
        return table.sort_values(first if first in table else table.columns[0]).round(2)

    def pairs(self, metric: str) -> pd.DataFrame:
        """Compare all pairs of losses on a metric.

        Args:
            metric: slug.

        Returns:
            Row against column: share of cases in which the row is better (ties count half), with stars where the mean
            difference is significant (paired permutation test, Holm over all pairs).
        """
        column, values = self.column(metric), _complete(self.values(metric))
        sign = 1 if column.higher_is_better else -1
        names = list(values.columns)
        pairs = [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]
        p_values = statistics.holm([statistics.paired_permutation(values[a] - values[b]) for a, b in pairs])
        table = pd.DataFrame("", index=names, columns=names)
        for (a, b), p in zip(pairs, p_values, strict=True):
            difference = sign * (values[a] - values[b])
            share = float((difference > 0).mean() + (difference == 0).mean() / 2)
            table.loc[a, b] = f"{share:.0%}{statistics.stars(p)}"
            table.loc[b, a] = f"{1 - share:.0%}{statistics.stars(p)}"
        return table


def _blocks(result: Results) -> dict[str, list[RunResult]]:
    """Give the finished fine-tuned runs of each dataset, parts of a test set apart."""
    blocks = {}
    for dataset in result.datasets:
        for part, runs in result.parts(dataset).items():
            done = [run for run in runs if run.state == DONE and run.run.stage == "finetune" and len(run.metrics)]
            if done:
                blocks[f"{result.folder.name}, {dataset}{f' ({part})' if part else ''}"] = done
    return blocks


def _by_loss(runs: list[RunResult]) -> dict[str, list[RunResult]]:
    grouped: dict[str, list[RunResult]] = {}
    for run in runs:
        grouped.setdefault(run.label, []).append(run)
    return grouped


def _complete(values: pd.DataFrame) -> pd.DataFrame:
    """Leave out losses that are missing on most cases, then cases that lack a loss."""
    kept = values.loc[:, values.notna().mean() > 0.5]
    return kept.dropna()


def _seconds(runs: list[RunResult]) -> float | None:
    known = [value for run in runs if (value := run.record.seconds_per_iteration) is not None]
    return sum(known) / len(known) if known else None
