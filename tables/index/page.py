"""The index as HTML: a piece for the notebook, and a single-file page whose tables can be sorted without a network."""

import os
from collections.abc import Sequence
from pathlib import Path

from runs.banner import SMOKE
from runs.files import write_atomic
from tables import intervals, legends, markup
from tables.experiment.compare import MetricColumn
from tables.index.entries import METRICS, Best, Dataset, Experiment, experiments

NAME = "index.html"
_NOTHING = "Nothing has been run yet: <code>make reproduce</code> runs the smoke experiment."
_HOW_TO_READ = (
    "Best loss: the best mean over the test cases, without post-processing, with its interval; below "
    "it, whether its cases show a difference from Dice&CE (paired permutation test, Holm over the losses). The best of "
    "many is partly luck: where no difference is shown, the order of the losses is not known. "
    f"{legends.INTERVAL} {legends.NULL} Click a heading to sort."
)
_STYLE = (
    markup.STYLE.removesuffix("</style>")
    + """th[data-sorts] { cursor: pointer; } th[data-sorts]:hover { background: #eef; }
td { max-width: 28em; } td, th { text-align: left; }
.words { color: #555; font-size: 11px; } .smoke td { color: #888; } .note { color: #A04000; }
</style>
<script>
addEventListener("click", event => {
  const head = event.target.closest("th[data-sorts]");
  if (!head) return;
  const body = head.closest("table").tBodies[0], place = head.cellIndex;
  const falling = head.getAttribute("aria-sort") === "ascending";
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const key = row => row.cells[place].dataset.value ?? row.cells[place].textContent;
  const compare = (a, b) => key(a).localeCompare(key(b), undefined, { numeric: true });
  const number = row => Number(row.cells[place].dataset.value);
  const numeric = [...body.rows].every(row => !isNaN(number(row)) || row.cells[place].dataset.value === undefined
    && row.cells[place].textContent === "");
  const order = numeric ? (a, b) => (number(a) || 0) - (number(b) || 0) : compare;
  [...body.rows].sort((a, b) => falling ? order(b, a) : order(a, b)).forEach(row => body.append(row));
});
</script>"""
)


def write(results: str | Path, path: str | Path = "") -> Path:
    """Write the page.

    Args:
        results: folder that holds the experiments.
        path: HTML file; "": `index.html` in the results folder.

    Returns:
        Its path.
    """
    target = Path(path) if str(path) else Path(results) / NAME
    body = as_html(experiments(results), target.parent)
    return write_atomic(target, markup.html_page("What has been run", body, _STYLE))


def as_html(found: Sequence[Experiment], beside: str | Path) -> str:
    """Return the index as a piece of HTML.

    Args:
        found: from `tables.index.entries.experiments`.
        beside: folder from which links lead.

    Returns:
        Two tables: the best loss of each dataset, and the state of each experiment.
    """
    parts = ["<h1>What has been run</h1>"]
    if not found:
        return "\n".join([*parts, f"<p>{_NOTHING}</p>"]) + "\n"
    metrics = _metrics(found)
    datasets = [_dataset_row(each, data, metrics, Path(beside)) for each in found for data in each.datasets]
    if datasets:
        heads = ["dataset", "experiment", *(f"best {metric.short}" for metric in metrics), "losses"]
        parts += ["<h2>Which loss is best</h2>", _table(heads, datasets)]
        parts += [f"<p><small>{markup.html(_HOW_TO_READ)}</small></p>"]
    states = _states(found, Path(beside))
    parts += ["<h2>Experiments</h2>", _table(["experiment", "state", "what to know", "open"], states)]
    return "\n".join(parts) + "\n"


def _metrics(found: Sequence[Experiment]) -> list[MetricColumn]:
    """Return all metrics by which a best loss is named."""
    known = {best.metric.slug: best.metric for each in found for data in each.datasets for best in data.best}
    return [known[slug] for slug in METRICS if slug in known]


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f"<th data-sorts>{markup.html(name)}</th>" for name in heads)
    return "\n".join(["<table>", f"<thead><tr>{head}</tr></thead>", "<tbody>", *rows, "</tbody></table>"])


def _dataset_row(each: Experiment, data: Dataset, metrics: Sequence[MetricColumn], beside: Path) -> str:
    by_metric = {best.metric.slug: best for best in data.best}
    gallery = each.links.get("gallery")
    cases = f'<br><span class="words">{_link("cases", gallery, beside, data.name)}</span>' if gallery else ""
    cells = [f"<td><strong>{markup.html(data.name)}</strong>{cases}</td>"]
    cells += [f"<td>{_link(each.title, each.links.get('table'), beside)}</td>"]
    cells += [_best_cell(by_metric[m.slug]) if m.slug in by_metric else "<td></td>" for m in metrics]
    kind, hint = (' class="smoke"', f' title="{markup.html(SMOKE)}"') if each.smoke else ("", "")
    return f'<tr{kind}{hint}>{"".join(cells)}<td data-value="{data.losses}">{data.losses}</td></tr>'


def _best_cell(best: Best) -> str:
    if not best.loss:
        return "<td></td>"
    digits, mean = best.metric.digits, best.average
    interval = (
        ""
        if mean.low != mean.low
        else f" [{mean.low:.{digits}f}, {mean.high:.{digits}f}]{intervals.mark(mean.defined)}"
    )
    value = f"{mean.mean:.{digits}f}{interval}, n {mean.defined}"
    words = f'<br><span class="words">against Dice&amp;CE: {markup.html(best.verdict)}</span>' if best.verdict else ""
    return f'<td data-value="{mean.mean!r}">{markup.html(best.loss)}<br>{markup.html(value)}{words}</td>'


def _states(found: Sequence[Experiment], beside: Path) -> list[str]:
    rows = []
    for each in found:
        links = ", ".join(_link(name, path, beside) for name, path in each.links.items())
        name = _link(each.title, each.links.get("table"), beside)
        cells = [name, markup.html(each.state), f'<span class="note">{markup.html(each.banner)}</span>', links]
        rows.append(markup.html_row(cells))
    return rows


def _link(name: str, path: Path | None, beside: Path, anchor: str = "") -> str:
    if path is None:
        return markup.html(name)
    place = os.path.relpath(path, beside) + (f"#{anchor}" if anchor else "")
    return f'<a href="{markup.html(place)}">{markup.html(name)}</a>'
