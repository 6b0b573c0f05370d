"""The results of asv, as a table and as a page that needs no network.

    python -m benchmarks.report [--results .asv/results] [--html .asv/html/offline.html]

asv's own page loads its scripts from the web. This one is a single file: the newest results of each machine and
environment as tables, and the ratio to Dice&CE over the commits as pictures.
"""

import argparse
import base64
import html
import io
import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

RATIO = "bench_losses.RatioLoss.track_ratio_to_dice_ce"
TIMES = {
    "forward (ms)": "bench_losses.TimeLoss.time_forward",
    "forward + backward (ms)": "bench_losses.TimeLoss.time_forward_backward",
}
MEMORY = ("bench_losses.MemoryLoss.peakmem_forward_backward", "bench_losses.MemoryLoss.peakmem_reference")
KEYS = ["loss", "size", "device"]


def read_results(folder: Path) -> pd.DataFrame:
    """Read asv's result files.

    Args:
        folder: asv's `results_dir`.

    Returns:
        One row per number: machine, environment, commit, date (of the commit), benchmark, parameters, value. NaN where
        asv skipped or failed.

    Raises:
        FileNotFoundError: there are no results; the message says how to produce them.
    """
    rows = [row for path in sorted(folder.glob("*/*.json")) if path.name != "machine.json" for row in _rows(path)]
    if not rows:
        raise FileNotFoundError(f"no results in {folder}: run asv first (make bench)")
    return pd.DataFrame(rows)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    from asv.results import Results

    results = Results.load(str(path), path.parent.name)
    for benchmark in results.get_all_result_keys():
        parameters = results.get_result_params(benchmark)
        values = results.get_result_value(benchmark, parameters)
        if values is None:
            continue
        for combination, value in zip(itertools.product(*parameters), values, strict=True):
            yield {
                "machine": path.parent.name,
                "environment": results.env_name,
                "commit": results.commit_hash[:8],
                "date": pd.Timestamp(results.date, unit="ms"),
                "benchmark": benchmark,
                "parameters": tuple(str(p).strip("'") for p in combination),
                "value": float("nan") if value is None else float(value),
            }


def at_newest_commit(results: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers of the newest commit; what failed there has none, even if an older commit has.

    Args:
        results: of one machine and environment, see `read_results`.
    """
    newest = results.sort_values("date", kind="stable")["commit"].iloc[-1]
    return results[results["commit"] == newest]


def of_losses(results: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers of each loss at the newest commit.

    Args:
        results: of one machine and environment, see `read_results`.

    Returns:
        loss, size, device, and those of milliseconds, ratio to Dice&CE, and peak memory above the empty benchmark in
        MiB that were measured.
    """
    newest = at_newest_commit(results).set_index(["benchmark", "parameters"])["value"]

    def column(benchmark: str) -> pd.Series:
        if benchmark not in newest.index.get_level_values(0):
            return pd.Series(dtype=float)
        return newest[benchmark].dropna()

    columns = {title: column(benchmark) * 1e3 for title, benchmark in TIMES.items()}
    columns["times Dice&CE"] = column(RATIO)
    columns["memory (MiB)"] = ((column(MEMORY[0]) - column(MEMORY[1])) / 2**20).clip(lower=0)
    table = pd.DataFrame(columns).dropna(how="all").dropna(how="all", axis="columns")
    if table.empty:
        return pd.DataFrame(columns=[*KEYS, *columns])
    table.index = pd.MultiIndex.from_tuples(table.index, names=KEYS)
    order = [name for name in ("device", "size", "times Dice&CE", "loss") if name in {*KEYS, *table.columns}]
    return table.reset_index().sort_values(order, ignore_index=True)


def write_page(results: pd.DataFrame, path: Path) -> None:
    """Write the page.

    Args:
        results: see `read_results`.
        path: HTML file.
    """
    parts = [_HEAD]
    for (machine, environment), own in results.groupby(["machine", "environment"]):
        newest = at_newest_commit(own)
        parts.append(f"<h2>{html.escape(f'{machine}, {environment}')}</h2>")
        parts.append(f"<p>Losses: commit {newest['commit'].iloc[0]}; what failed there is not measured.</p>")
        parts.append(of_losses(own).to_html(index=False, float_format="%.3g", na_rep="not measured", border=0))
        parts += [f'<img alt="{title}" src="data:image/png;base64,{picture}">' for title, picture in _histories(own)]
        others = own[~own["benchmark"].str.startswith("bench_losses")].sort_values("date", kind="stable")
        others = others.drop_duplicates(["benchmark", "parameters"], keep="last")
        others = others.assign(parameters=others["parameters"].map(", ".join))
        others = others[["benchmark", "parameters", "commit", "value"]]
        parts.append(others.to_html(index=False, float_format="%.3g", na_rep="not measured", border=0))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</body></html>\n"]))


def _histories(results: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Draw the ratio to Dice&CE over the commits, one picture for each size and device."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import ScalarFormatter

    ratios = results[(results["benchmark"] == RATIO) & results["value"].notna()]
    keys = pd.DataFrame(ratios["parameters"].tolist(), columns=KEYS, index=ratios.index)
    for (size, device), own in ratios.join(keys).groupby(["size", "device"]):
        table = own.pivot_table(index=["date", "commit"], columns="loss", values="value", sort=False).sort_index()
        figure = Figure(figsize=(9, 5), layout="constrained")
        axes = figure.add_subplot()
        for number, loss in enumerate(table.columns):
            style = {
                "color": f"C{number % 10}",
                "marker": "osD^v<>Pp*"[number % 10],
                "linestyle": "-:"[number // 10 % 2],
            }
            axes.plot(range(len(table)), table[loss], label=loss, **style)
        axes.set_xticks(range(len(table)), [commit for _, commit in table.index], rotation=45, ha="right")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(ScalarFormatter())
        axes.yaxis.set_minor_formatter(ScalarFormatter())
        axes.set_ylabel("time, loss and gradient (times Dice&CE)")
        axes.set_xlabel("commit")
        title = f"{size}, {device}"
        axes.set_title(title)
        figure.legend(loc="outside right upper", fontsize="small")
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=110)
        yield title, base64.b64encode(buffer.getvalue()).decode()


def _readable(value: Any) -> str:
    """Return a number with three digits, a missing one as a dash."""
    if isinstance(value, str):
        return value
    return "-" if pd.isna(value) else f"{value:.3g}"


_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Cost of the losses</title><style>
body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0 } td, th { padding: .2em .8em; text-align: right }
td:first-child, th:first-child { text-align: left } tr:nth-child(even) { background: #f3f3f3 } img { max-width: 100% }
</style></head><body><h1>Cost of the losses</h1>
<p>Loss and gradient on one thread, tubes with noise. Times Dice&amp;CE: measured alternately with it. Memory: peak
above a process that has loaded everything and holds the data.</p>"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of the losses and write the page.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--results", type=Path, default=Path(".asv/results"), help="asv's results")
    parser.add_argument("--html", type=Path, default=Path(".asv/html/offline.html"), help="page to write")
    options = parser.parse_args(arguments)
    try:
        results = read_results(options.results)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    for (machine, environment), own in results.groupby(["machine", "environment"]):
        table = of_losses(own)
        print(f"\n{machine}, {environment}, commit {at_newest_commit(own)['commit'].iloc[0]}\n")
        print(table.map(_readable).to_markdown(index=False, disable_numparse=True))
    write_page(results, options.html)
    print(f"\nwith the history of every number: {options.html}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
