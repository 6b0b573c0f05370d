"""A published result: an experiment's tables, figures and scorecard with their provenance, in small files."""

import lzma
import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

from pictures.style import save
from runs.files import atomic, write_atomic
from runs.results import Results, RunResult
from tables.claims import exchange, page, scorecard
from tables.experiment import render, saved_figures, summary_figures, tuning
from tables.experiment.summary import Summary
from tables.sources import undisturbed

LIMIT = 10 * 2**20  # bytes: more does not belong in a repository
_TABLES = {".csv", ".md"}  # `render` makes HTML and LaTeX of the runs
_COLOURS = 64  # of a chart


def publish(experiment: str | Path, destination: str | Path) -> list[Path]:
    """Write the lasting results of an experiment to a folder.

    Args:
        experiment: the experiment's folder.
        destination: gets tables/, figures/, scorecard.md, scorecard.json, runs.csv and values/ (by dataset and case,
            packed: `pandas.read_csv` reads them as they are).

    Returns:
        Paths of the files.

    Raises:
        ValueError: nothing to publish, or more than `LIMIT`.
    """
    target = Path(destination)
    with undisturbed(experiment) as results:
        written = _write(results, target)
    size = sum(path.stat().st_size for path in written)
    if size > LIMIT:
        raise ValueError(f"{target} has {size / 2**20:.1f} MB, more than {LIMIT / 2**20:.0f}: publish fewer datasets")
    return written


def _write(results: Results, target: Path) -> list[Path]:
    """Make everything once more, from one state of the runs and of the code, and copy what lasts."""
    made = [*render.render(results), *tuning.save(results)]
    written = [_copy(path, target / "tables") for path in made if path.suffix in _TABLES]
    charts = [path for path in made if path.suffix == ".png"] + _figures(results)
    written += [_small(path, target / "figures") for path in charts]
    answers = scorecard.make([results.folder])
    written.append(write_atomic(target / "scorecard.md", page.markdown(answers)))
    written.append(write_atomic(target / "scorecard.json", exchange.as_json(answers)))
    runs = pd.DataFrame([_provenance(result) for result in results.runs])
    written.append(write_atomic(target / "runs.csv", runs.to_csv(index=False, lineterminator="\n")))
    written += [_values(results.of(name), target / "values" / f"{name}.csv.xz") for name in results.datasets]
    return written


def _figures(results: Results) -> list[Path]:
    """Draw the charts that are published."""
    summary, folder = Summary(collected=[results]), results.folder / "figures"
    return [
        *saved_figures.advice(results),
        *saved_figures.metrics(results),
        *saved_figures.stability(results),
        *saved_figures.validations(results),
        save(summary_figures.against_cost(summary), folder / "cost.png"),
        save(summary_figures.critical_differences(summary), folder / "ranks.png"),
        save(summary_figures.small_multiples(summary), folder / "datasets.png"),
    ]


def _small(path: Path, folder: Path) -> Path:
    """Copy a chart with few colours, which takes a third of the space."""
    with Image.open(path) as chart, atomic(folder / path.name) as temporary:
        chart.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(temporary, "PNG", optimize=True)
    return folder / path.name


def _copy(path: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(path, folder / path.name))


def _provenance(result: RunResult) -> dict[str, object]:
    """Return one row for a run: what it is, with its code, data and machine."""
    record = result.record
    return {
        "dataset": result.run.dataset,
        "stage": result.run.stage,
        "loss": result.run.loss,
        "loss_parameters": dict(result.run.loss_parameters) or "",
        "fold": result.run.fold,
        "seed": result.run.seed,
        "state": result.state,
        "iterations": record.parameters.get("iterations"),
        "parameters_hash": record.hash or None,
        "data_checksum": record.data.checksum or None,
        "commit": record.git and record.git.commit,
        "dirty": record.git and record.git.dirty,
        "torch": record.packages.get("torch"),
        "device": record.device or None,
        "processor": record.machine.processor or None,
        "seconds_per_iteration": record.seconds_per_iteration,
        "peak_memory_bytes": record.peak_bytes,
        "started": record.start,
        "reason": result.reason,
    }


def _values(runs: Sequence[RunResult], path: Path) -> Path:
    """Write every value of a dataset's runs by case, a column for each metric, five digits."""
    frames = []
    for result in runs:
        if len(result.metrics):
            wide = result.metrics.pivot_table("value", ["case", "postprocessed"], "metric", sort=False).reset_index()
            frames.append(wide.assign(run=f"{result.folder.parent.name}/{result.folder.name}"))
    text = pd.concat(frames).to_csv(index=False, float_format="%.5g", lineterminator="\n") if frames else ""
    return write_atomic(path, lzma.compress(text.encode()))
