"""How stable the order of an experiment's losses is, as CSV, Markdown, LaTeX (booktabs) and HTML."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from runs.files import write_atomic
from runs.results import Results
from tables import legends, markup
from tables.experiment import stability
from tables.experiment.stability import Order
from tables.experiment.summary import Summary


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
    title = f"{results.title}: how stable the ranks are"
    contents = {
        "csv": as_csv(orders),
        "md": markdown(orders, title, results.banner),
        "tex": latex(orders, title, results.banner),
        "html": markup.html_page(title, as_html(orders, title, results.banner)),
    }
    return [write_atomic(results.folder / "tables" / f"stability.{end}", text) for end, text in contents.items()]


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


def markdown(orders: Sequence[Order], title: str, banner: str = "") -> str:
    """Return the tables as Markdown."""
    parts = [f"# {title}"] + ([f"**{banner}**"] if banner else [])
    for order in orders:
        parts += [f"## {order.title}", markup.markdown_of(in_words(order)), order.winner]
        parts += ["\n".join(f"- {note}" for note in order.notes)] if order.notes else []
    return "\n\n".join([*parts, legends.STABILITY]) + "\n"


def as_html(orders: Sequence[Order], title: str, banner: str = "") -> str:
    """Return the tables as a piece of HTML, as notebooks show it."""
    parts = [f"<h2>{markup.html(title)}</h2>"]
    parts += [f"<p><strong>{markup.html(banner)}</strong></p>"] if banner else []
    for order in orders:
        parts += [f"<h3>{markup.html(order.title)}</h3>", markup.html_of(in_words(order))]
        parts += [f"<p>{markup.html(line)}</p>" for line in (order.winner, *order.notes)]
    return "\n".join([*parts, f"<p><small>{markup.html(legends.STABILITY)}</small></p>"]) + "\n"


def latex(orders: Sequence[Order], title: str, banner: str = "") -> str:
    """Return the tables as LaTeX, one `table` for each."""
    parts = [f"% {line}" for line in (title, legends.STABILITY)]
    for order in orders:
        caption = " ".join(part for part in (f"{title}. {order.title}. {order.winner}", banner) if part)
        parts += ["", markup.latex_of(in_words(order), caption)]
    return "\n".join(parts) + "\n"


def as_csv(orders: Sequence[Order]) -> str:
    """Return all tables as one CSV with plain numbers; `beats ...`: share of resamples with a better mean."""
    return frame(orders).to_csv(index=False, lineterminator="\n")


def frame(orders: Sequence[Order]) -> pd.DataFrame:
    """Return all tables as one table of plain numbers, a row for each metric, dataset and loss."""
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
