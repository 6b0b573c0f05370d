"""Which loss for which kind of structure: what each loss changes relative to Dice&CE, at what price; what is open."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from runs.results import Results
from tables import intervals, legends, markup
from tables.claims import evidence
from tables.experiment import verdicts
from tables.experiment.compare import MetricColumn
from tables.experiment.once import once
from tables.experiment.sections import Page, Section
from tables.experiment.summary import Summary
from tables.experiment.verdicts import BETTER, OPEN, TOO_FEW, WORSE, Verdict

TOPOLOGY = ("cldice", "betti0_error", "betti1_error", "betti2_error")
WEIGHED = (*TOPOLOGY, "dice")  # what counts for and against a loss

RECOMMENDED = "better in some, worse in none"
AT_A_PRICE = "better in some, worse in others"
WORSE_ONLY = "worse in some, better in none"
KINDS = (RECOMMENDED, AT_A_PRICE, OPEN, WORSE_ONLY, TOO_FEW)
# where all datasets are shown at once
_SHORT = {
    RECOMMENDED: markup.strong("better"),
    AT_A_PRICE: "at a price",
    OPEN: "open",
    WORSE_ONLY: markup.emphasis("worse"),
    TOO_FEW: "too few cases",
}


@dataclass(frozen=True)
class Balance:
    """What a loss changes on one dataset.

    Attributes:
        loss: printed name.
        changes: its differences from Dice&CE by metric, positive where it is better.
        seconds: of an iteration, relative to Dice&CE's in the same runs; None where unknown.
    """

    loss: str
    changes: dict[str, Verdict]
    seconds: float | None

    @property
    def kind(self) -> str:
        """Return one of `KINDS`: gains count in topology only, prices in Dice too."""
        found = {slug: change.kind for slug, change in self.changes.items()}
        if set(found.values()) <= {TOO_FEW}:
            return TOO_FEW
        gains = any(found.get(slug) == BETTER for slug in TOPOLOGY)
        if WORSE in found.values():
            return AT_A_PRICE if gains else WORSE_ONLY
        return RECOMMENDED if gains else OPEN

    @property
    def effect(self) -> float:
        """Return the mean standardised effect on the topology, positive where it is better; NaN where unknown."""
        effects = [
            evidence.standardized(change.differences).mean()
            for slug, change in self.changes.items()
            if slug in TOPOLOGY and len(change.differences)
        ]
        return float(sum(effects) / len(effects)) if effects else math.nan

    @property
    def standing(self) -> tuple[int, float]:
        """Return what puts losses in order: the kind, then the effect, best first."""
        return KINDS.index(self.kind), math.inf if math.isnan(self.effect) else -self.effect


@dataclass(frozen=True)
class Advice:
    """The losses on one dataset, or part of its test set, best first.

    Attributes:
        structure: kind of structure of the dataset.
        block: experiment and dataset.
        columns: the metrics.
        balances: of each loss but Dice&CE.
        runs: number of runs of the loss that has the fewest.
    """

    structure: str
    block: str
    columns: list[MetricColumn]
    balances: list[Balance]
    runs: int

    @property
    def title(self) -> str:
        """Return the structure and where it was measured."""
        return f"{self.structure[:1].upper()}{self.structure[1:]}: {self.block}"

    @property
    def sentences(self) -> list[str]:
        """Return which losses to take, which not, and what is not known."""
        named = {kind: [each.loss for each in self.balances if each.kind == kind] for kind in KINDS}
        told = [f"{kind[:1].upper()}{kind[1:]}: {', '.join(losses)}." for kind, losses in named.items() if losses]
        if RECOMMENDED not in {each.kind for each in self.balances}:
            told.insert(0, "No loss is shown to improve the topology at no price: Dice&CE will do.")
        return [*told, *self._doubts()]

    def _doubts(self) -> list[str]:
        """Return why the order may be another one elsewhere."""
        cases = max((len(change.differences) for each in self.balances for change in each.changes.values()), default=0)
        doubts = [f"{cases} case{'s' * (cases != 1)} only"] if cases < intervals.ROUGH else []
        doubts += ["one run of each loss, so that differences between seeds are unknown"] if self.runs == 1 else []
        return [f"Not known: {'; '.join(doubts)}."] if doubts else []


@once
def collect(results: Results) -> list[Advice]:
    """Weigh the losses of an experiment on each dataset.

    Args:
        results: the runs.

    Returns:
        One entry for each dataset or part of its test set; none without Dice&CE and another loss.
    """
    try:
        summary = Summary(collected=[results])
    except ValueError:  # only a pretraining is finished
        return []
    columns = [column for slug in WEIGHED for column in summary.columns if column.slug == slug]
    found = [_weigh(summary, block, columns) for block in summary.blocks]
    return [advice for advice in found if advice.balances]


def _weigh(summary: Summary, block: str, columns: list[MetricColumn]) -> Advice:
    changes: dict[str, dict[str, Verdict]] = {}
    for column in columns:
        for verdict in verdicts.verdicts(summary, block, column.slug):
            changes.setdefault(verdict.loss, {})[column.slug] = verdict
    costs = summary.seconds(block)
    balances = [Balance(loss, found, costs.get(loss)) for loss, found in changes.items()]
    dataset = summary.blocks[block][0].run.dataset
    runs = min(map(len, summary.by_loss(block).values()))
    return Advice(evidence.structure(dataset), block, columns, sorted(balances, key=lambda each: each.standing), runs)


def page(results: Results, found: Sequence[Advice]) -> Page:
    """Return the page that shows the advice of an experiment."""
    sections = [Section(each.title, in_words(each), " ".join(each.sentences), each.sentences) for each in found]
    if len(found) > 1:
        sections.insert(0, Section("All structures at once", at_a_glance(found), legends.ADVICE_AT_A_GLANCE))
    return Page(f"{results.title}: which loss for which structure", sections, legends.ADVICE, results.banner)


def write(results: Results) -> list[Path]:
    """Write the advice in all formats into the experiment's folder.

    Args:
        results: the runs.

    Returns:
        Paths of the files; none where there is nothing to compare.
    """
    found = collect(results)
    if not found:
        return []
    csv = frame(found).to_csv(index=False, lineterminator="\n")
    return page(results, found).write(results.folder / "tables", "advice", csv)


def in_words(advice: Advice) -> list[list[str]]:
    """Return heading and rows as text; significant differences are bold where better, italic where worse."""
    lines = [["loss", *(f"{column.title}, difference" for column in advice.columns), "time / Dice&CE's", "verdict"]]
    for each in advice.balances:
        cells = [_cell(each.changes.get(column.slug), column) for column in advice.columns]
        seconds = "-" if each.seconds is None else f"{each.seconds:.2f}"
        name = markup.strong(each.loss) if each.kind == RECOMMENDED else each.loss
        lines.append([name, *cells, seconds, each.kind])
    return lines


def at_a_glance(found: Sequence[Advice]) -> list[list[str]]:
    """Return the verdicts on all datasets: a row for each loss, a column for each dataset.

    First come the losses that are better on more datasets than they are worse on; of equal ones those that have a price
    on fewer.
    """
    lines = [["loss", *(advice.title for advice in found)]]
    for loss, balances in by_loss(found).items():
        kinds = [balances[each.block].kind if each.block in balances else "" for each in found]
        lines.append([loss, *(_SHORT.get(kind, "-") for kind in kinds)])
    return lines


def by_loss(found: Sequence[Advice]) -> dict[str, dict[str, Balance]]:
    """Return the balances of each loss by dataset (block), the losses in the order of `at_a_glance`."""
    balances: dict[str, dict[str, Balance]] = {}
    for advice in found:
        for each in advice.balances:
            balances.setdefault(each.loss, {})[advice.block] = each

    def place(loss: str) -> tuple[int, int]:
        had = [each.kind for each in balances[loss].values()]
        return had.count(WORSE_ONLY) - had.count(RECOMMENDED), had.count(AT_A_PRICE)

    return {loss: balances[loss] for loss in sorted(balances, key=place)}


def _cell(change: Verdict | None, column: MetricColumn) -> str:
    """Return the mean difference in the metric's own direction, with its interval."""
    if change is None or not len(change.differences):
        return "-"
    sign = 1 if column.higher_is_better else -1
    low, high = sorted((sign * change.low, sign * change.high))
    digits, mark = column.digits, intervals.mark(len(change.differences))
    text = f"{sign * change.effect:+z.{digits}f} [{low:z.{digits}f}, {high:z.{digits}f}]{mark}"
    return {BETTER: markup.strong, WORSE: markup.emphasis}.get(change.kind, str)(text)


def frame(found: Sequence[Advice]) -> pd.DataFrame:
    """Return the advice as one table of plain numbers, a row for each dataset, loss and metric."""
    rows = []
    for advice in found:
        for each in advice.balances:
            start = {"structure": advice.structure, "on": advice.block, "loss": each.loss, "verdict": each.kind}
            for slug, change in each.changes.items():
                numbers = {"gain": change.effect, "ci_low": change.low, "ci_high": change.high, "p_holm": change.p}
                cases = {"cases": len(change.differences), "kind": change.kind}
                rows.append(start | {"metric": slug} | numbers | cases | {"time_ratio": each.seconds})
    return pd.DataFrame(rows)
