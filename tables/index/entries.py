"""What has been run: the state of each experiment, and the best loss on each of its datasets."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from runs.results import DONE, Results, collect
from tables import averages
from tables.averages import Average
from tables.experiment.compare import MetricColumn
from tables.experiment.summary import Summary
from tables.experiment.verdicts import verdicts

# metrics by which the best loss is chosen; the first leads, since a prediction that is all foreground has few
# components
METRICS = ("cldice", "betti0_error", "betti1_error", "dice")


@dataclass(frozen=True)
class Best:
    """The loss with the best mean of a metric on a dataset.

    Attributes:
        metric: the metric.
        loss: printed name; "" where none has a value.
        average: its mean, interval and number of cases.
        verdict: of its cases against Dice&CE, in words; "" for Dice&CE itself.
    """

    metric: MetricColumn
    loss: str
    average: Average
    verdict: str


@dataclass(frozen=True)
class Dataset:
    """A dataset of an experiment: its name, how many losses have results on it, and the best ones by metric."""

    name: str
    losses: int
    best: list[Best]


@dataclass(frozen=True)
class Experiment:
    """An experiment of a results folder.

    Attributes:
        folder: its folder.
        title: printed name.
        banner: what the reader must know first; "" for nothing.
        smoke: its numbers do not characterise any loss.
        states: how many runs are done, failed, missing, ...
        datasets: those with finished runs.
        links: printed name of each file or folder worth opening, with its path.
        problem: why it cannot be read; "" if it can.
    """

    folder: Path
    title: str
    banner: str = ""
    smoke: bool = False
    states: dict[str, int] = field(default_factory=dict)
    datasets: list[Dataset] = field(default_factory=list)
    links: dict[str, Path] = field(default_factory=dict)
    problem: str = ""

    @property
    def state(self) -> str:
        """Return the state in words, such as "done" or "40 of 47 done, 7 failed"."""
        total, done = sum(self.states.values()), self.states.get(DONE, 0)
        if self.problem or done == total:
            return self.problem or f"done ({total} runs)"
        others = ", ".join(f"{count} {state}" for state, count in self.states.items() if state != DONE)
        return f"{done} of {total} done, {others}"


def experiments(results: str | Path) -> list[Experiment]:
    """Return the experiments of a results folder.

    Args:
        results: folder that holds the experiments; it may be missing.

    Returns:
        The experiments, sorted by name; one that cannot be read is listed with its problem.
    """
    folders = {path.parent for pattern in ("*/runs", "*/paper") for path in Path(results).glob(pattern)}
    return [_experiment(folder) for folder in sorted(folders)]


def _experiment(folder: Path) -> Experiment:
    if not (folder / "runs").is_dir():
        return Experiment(folder, folder.name, links=_links(folder), problem="tables of a paper, no runs")
    try:
        result = collect(folder)
    except (ValueError, OSError) as error:
        return Experiment(folder, folder.name, links=_links(folder), problem=" ".join(str(error).split()))
    states = Counter(run.state for run in result.runs)
    found = _datasets(result) if states[DONE] else []
    return Experiment(folder, result.title, result.banner, result.smoke, dict(states), found, _links(folder))


def _datasets(result: Results) -> list[Dataset]:
    try:
        summary = Summary([result.folder])
    except ValueError:  # only a pretraining is finished
        return []
    found = []
    for block in summary.blocks:
        losses = summary.by_loss(block)
        known = [column for slug in METRICS for column in summary.columns if column.slug == slug]
        best = [_best(summary, block, column) for column in known]
        found.append(Dataset(block.removeprefix(f"{result.folder.name}, "), len(losses), best))
    return found


def _best(summary: Summary, block: str, column: MetricColumn) -> Best:
    """Return the loss with the best mean over its cases; of equal ones the first of the experiment."""
    means = {name: averages.average(runs, column.slug, False) for name, runs in summary.by_loss(block).items()}
    defined = {name: mean for name, mean in means.items() if mean.defined}
    if not defined:
        return Best(column, "", Average(), "")
    sign = 1 if column.higher_is_better else -1
    name = max(defined, key=lambda each: sign * defined[each].mean)
    label = summary.by_loss(block)[name][0].label  # with its parameters on this dataset
    words = next((each.words(column) for each in verdicts(summary, block, column.slug) if each.loss == name), "")
    return Best(column, label, defined[name], words)


def _links(folder: Path) -> dict[str, Path]:
    """Return the files worth opening, the most useful first."""
    wanted = {
        "table": "tables/comparison.html",
        "advice": "tables/advice.html",
        "ranks": "tables/stability.html",
        "gallery": "gallery/index.html",
        "paper's tables": "paper",
        "figures": "figures",
        "notebook": "tables.ipynb",
        "runs": "runs",
    }
    return {name: folder / path for name, path in wanted.items() if (folder / path).exists()}
