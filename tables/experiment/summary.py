"""A leaderboard over all runs: every loss on every case of every dataset, against its cost."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from runs.results import DONE, Results, RunResult
from tables import averages, statistics
from tables.experiment.compare import BASELINE, MetricColumn, columns_of
from tables.experiment.entries import entry_names
from tables.sources import collect_all

# a prediction that is all foreground has few components and the best Betti-0 error: an error alone would mislead
LEADING = "cldice"


class Summary:
    """Experiments taken together.

    Args:
        folders: experiments' folders, or results folders that hold experiments.
        collected: experiments whose runs have already been read.

    Raises:
        ValueError: a folder without any experiment, or no finished run.
    """

    def __init__(self, folders: Sequence[str | Path] = (), collected: Sequence[Results] = ()) -> None:
        self.results = [*collected, *collect_all(folders)]
        several = len(self.results) > 1
        self.blocks = {
            f"{result.folder.name}, {name}" if several else name: runs
            for result in self.results
            for name, runs in _blocks(result).items()
        }
        if not self.blocks:
            raise ValueError(
                f"no finished run in {', '.join(str(each.folder) for each in self.results)}: there is nothing to sum up"
            )
        self.names = {folder: name for result in self.results for folder, name in entry_names(result).items()}
        # parts of a test set must not be averaged together: only the first counts over all datasets
        self.leading = list({name.partition(" (")[0]: name for name in reversed(self.blocks)}.values())[::-1]
        self.columns: list[MetricColumn] = list(
            {c.slug: c for runs in self.blocks.values() for c in columns_of(runs)}.values()
        )

    @property
    def banner(self) -> str:
        """Return what the reader must know before the first number."""
        return " ".join(dict.fromkeys(result.banner for result in self.results if result.banner))

    def column(self, slug: str) -> MetricColumn:
        """Return a metric by its slug; the first one if it was not measured."""
        return next((column for column in self.columns if column.slug == slug), self.columns[0])

    def by_loss(self, block: str) -> dict[str, list[RunResult]]:
        """Return the runs of each loss on one of `blocks`, by the loss's name over all datasets."""
        grouped: dict[str, list[RunResult]] = {}
        for run in self.blocks[block]:
            grouped.setdefault(self.names[run.folder], []).append(run)
        return grouped

    def by_run(self, metric: str, block: str = "") -> dict[str, pd.DataFrame]:
        """Return a metric of every loss run by run (`averages.by_run`); rows and `block` are those of `values`."""
        found: dict[str, list[pd.DataFrame]] = {}
        for name in [block] if block else self.leading:
            for loss, runs in self.by_loss(name).items():
                frame = averages.by_run(runs, metric, False)
                found.setdefault(loss, []).append(frame.set_axis([f"{name}: {case}" for case in frame.index]))
        return {loss: pd.concat(frames) for loss, frames in found.items()}

    def values(self, metric: str, block: str = "") -> pd.DataFrame:
        """Return a metric of every loss on every case, without post-processing.

        Args:
            metric: slug.
            block: one dataset (or part of its test set); "" for all datasets (for test sets in parts, the first part).

        Returns:
            A row for each case (with its block's name before it), a column for each loss by its printed name.
        """
        return pd.DataFrame({loss: runs.mean(axis=1) for loss, runs in self.by_run(metric, block).items()})

    def seconds(self, block: str = "") -> pd.Series:
        """Return each loss's seconds per iteration relative to Dice&CE's, averaged over the blocks that have both.

        Args:
            block: one of `blocks`; "" for all.
        """
        ratios: dict[str, list[float]] = {}
        for each in [block] if block else self.blocks:
            losses = self.by_loss(each)
            costs = {label: _seconds(found) for label, found in losses.items()}
            base = next((costs[label] for label, found in losses.items() if found[0].row[1] == BASELINE), None)
            for label, cost in costs.items():
                if base and cost:
                    ratios.setdefault(label, []).append(cost / base)
        return pd.Series({label: sum(values) / len(values) for label, values in ratios.items()}, dtype=float)

    def leaderboard(self) -> pd.DataFrame:
        """Rank the losses.

        Returns:
            A row for each loss, the best average rank by the leading metric first: average rank by each metric that has
            a direction, over the cases where all losses are defined, and the cost relative to Dice&CE. `n` is the
            number of cases for which the loss has a value of the leading metric, `ranked` the number of them used for
            its rank; see `left_out` for the others.
        """
        ranks = {}
        for column in self.columns:
            if column.higher_is_better is not None:
                values = complete_cases(self.values(column.slug))
                if len(values):
                    ranks[f"{column.title}, rank"] = statistics.average_ranks(
                        values, higher_is_better=column.higher_is_better
                    )
        table = pd.DataFrame(ranks)
        table["cost / Dice&CE's"] = self.seconds()
        leading = self.values(self.column(LEADING).slug)
        complete = complete_cases(leading)
        table["n"] = leading.notna().sum()
        table["ranked"] = pd.Series(len(complete), index=complete.columns)
        table = table.fillna({"n": 0, "ranked": 0}).astype({"n": int, "ranked": int})
        first = f"{self.column(LEADING).title}, rank"
        return table.sort_values(first if first in table else table.columns[0]).round(2)

    def left_out(self, metric: str = LEADING) -> list[str]:
        """Return what the ranks by a metric exclude: losses that most cases lack, and cases that lack a loss.

        Args:
            metric: slug.

        Returns:
            A line for each loss and dataset; none where every case of every dataset counts.
        """
        values = self.values(self.column(metric).slug)
        complete = complete_cases(values)
        lost = [name for name in values if name not in complete]
        lines = [f"{name}: has {values[name].notna().sum()} of {len(values)} cases and is not ranked" for name in lost]
        for block in self.leading:
            own = values[values.index.str.startswith(f"{block}: ")][complete.columns]
            missing = own[own.isna().any(axis=1)]
            if len(missing):
                without = ", ".join(str(name) for name in missing if missing[name].isna().any())
                lines.append(f"{block}: {len(missing)} of {len(own)} cases do not count, as they lack {without}")
        return lines

    def pairs(self, metric: str) -> pd.DataFrame:
        """Compare all pairs of losses on a metric.

        Args:
            metric: slug.

        Returns:
            Row against column: share of cases in which the row is better (ties count half) over the runs that both
            have, with stars where the mean difference is significant (paired permutation test, Holm over all pairs).
        """
        column, values = self.column(metric), complete_cases(self.values(metric))
        sign = 1 if column.higher_is_better else -1
        names, runs = list(values.columns), self.by_run(metric)
        pairs = {
            (a, b): sign * averages.differences(runs[a], runs[b]).reindex(values.index).dropna()
            for place, a in enumerate(names)
            for b in names[place + 1 :]
        }
        p_values = statistics.holm([statistics.paired_permutation(difference) for difference in pairs.values()])
        table = pd.DataFrame("", index=names, columns=names)
        for ((a, b), difference), p in zip(pairs.items(), p_values, strict=True):
            share = float((difference > 0).mean() + (difference == 0).mean() / 2)
            table.loc[a, b] = f"{share:.0%}{statistics.stars(p)}"
            table.loc[b, a] = f"{1 - share:.0%}{statistics.stars(p)}"
        return table


def _blocks(result: Results) -> dict[str, list[RunResult]]:
    """Return the finished fine-tuned runs of each dataset, parts of a test set apart."""
    blocks = {}
    for dataset in result.datasets:
        for part, runs in result.parts(dataset).items():
            done = [run for run in runs if run.state == DONE and run.run.stage == "finetune" and len(run.metrics)]
            if done:
                blocks[f"{dataset} ({part})" if part else dataset] = done
    return blocks


def complete_cases(values: pd.DataFrame) -> pd.DataFrame:
    """Drop losses that are missing in most cases, then cases that lack a loss."""
    kept = values.loc[:, values.notna().mean() > 0.5]
    return kept.dropna()


def _seconds(runs: list[RunResult]) -> float | None:
    known = [value for run in runs if (value := run.record.seconds_per_iteration) is not None]
    return sum(known) / len(known) if known else None
