"""How stable the order of an experiment's losses is, as CSV, Markdown, LaTeX (booktabs) and HTML."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from runs.results import Results
from tables import legends, markup
from tables.experiment import stability
from tables.experiment.once import once
from tables.experiment.sections import Page, Section
from tables.experiment.stability import Order
from tables.experiment.summary import Summary


@once
def collect(results: Results) -> list[Order]:
    """Return the orders of an experiment; none where no loss has a finished run."""
    try:
        return stability.orders(Summary(collected=[results]))
    except ValueError:  # only a pretraining is finished
        return []


def write(results: Results) -> list[Path]:
    """Write the tables in all formats into the experiment's folder.

    Args:
        results: the runs.

    Returns:
        Paths of the files; none where fewer than two losses can be compared.
    """
    orders = collect(results)
    if not orders:
        return []
    sections = [Section(each.title, in_words(each), each.winner, each.notes, each.winner) for each in orders]
    page = Page(f"{results.title}: how stable the ranks are", sections, legends.STABILITY, results.banner)
    csv = frame(orders).to_csv(index=False, lineterminator="\n")
    return page.write(results.folder / "tables", "stability", csv)


def in_words(order: Order) -> list[list[str]]:
    """Return heading and rows as text, the winner in bold."""
    numbers, places = order.numbers, range(len(order.losses))
    lines = [["loss", "rank", "ranks, 95 %", "first", *(str(place + 1) for place in places)]]
    for place in places:
        name = f"{place + 1} {order.losses[place]}"
        wins = ["" if other == place else f"{numbers.wins[place, other]:.0%}" for other in places]
        low, high = numbers.low[place], numbers.high[place]
        named = markup.strong(name) if place == numbers.winner else name
        lines.append([named, str(numbers.rank[place]), f"{low} to {high}", f"{numbers.best[place]:.0%}", *wins])
    return lines


def frame(orders: Sequence[Order]) -> pd.DataFrame:
    """Return all tables as one table of plain numbers, a row for each metric, dataset and loss.

    `beats ...`: share of resamples with a better mean.
    """
    rows = []
    for order in orders:
        numbers = order.numbers
        for place, name in enumerate(order.losses):
            start = {"metric": order.column.slug, "on": order.block, "cases": order.cases, "runs": order.runs}
            start |= {"loss": name, "rank": numbers.rank[place], "rank_low": numbers.low[place]}
            start |= {"rank_high": numbers.high[place], "first": numbers.best[place]}
            start |= {"winner": place == numbers.winner}
            others = {f"beats {other}": numbers.wins[place, k] for k, other in enumerate(order.losses) if k != place}
            rows.append(start | others)
    return pd.DataFrame(rows)
