"""All figures of an experiment, made from its runs' files and saved below its folder."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from evaluation import cases
from pictures.style import save
from runs.results import DONE, Results
from tables.experiment import advice as weighed
from tables.experiment import advice_figure, figures, run_figures, stability_figure, stability_tables, validation_curves
from tables.experiment.stability import by_metric


def curves(results: Results) -> list[Path]:
    """Save the learning curves of each dataset.

    Args:
        results: the runs.

    Returns:
        Paths of the PNG files; the same holds for the functions below.
    """
    return _each(results, "curves", figures.learning_curves)


def validations(results: Results) -> list[Path]:
    """Save the validations of each dataset on which a run has validated."""
    folder = results.folder / "figures"
    drawn = {name: validation_curves.of_dataset(results, name) for name in _done(results)}
    return [save(figure, folder / f"validation-{name}.png") for name, figure in drawn.items() if figure]


def metrics(results: Results) -> list[Path]:
    """Save the metrics of each dataset, and of each part of its test set that must not be averaged with the others."""
    saved = []
    for dataset in _done(results):
        for number, part in enumerate(results.parts(dataset)):
            name = f"metrics-{dataset}{f'-{number + 1}' if number else ''}.png"
            saved.append(save(figures.metrics(results, dataset, part), results.folder / "figures" / name))
    return saved


def stability(results: Results) -> list[Path]:
    """Save how stable the order of the losses is, a figure for each metric."""
    found = stability_tables.collect(results)
    drawn = {slug: stability_figure.draw(orders, results.banner) for slug, orders in by_metric(found).items()}
    return [save(figure, results.folder / "figures" / f"stability-{slug}.png") for slug, figure in drawn.items()]


def advice(results: Results) -> list[Path]:
    """Save which loss is for which structure; nothing where there is nothing to compare."""
    found = weighed.collect(results)
    return [save(advice_figure.draw(found, results.banner), results.folder / "figures" / "advice.png")] if found else []


def pictures(results: Results) -> list[Path]:
    """Save one case of each dataset as every loss predicts it."""
    return _each(results, "predictions", figures.all_losses)


def single(folder: str | Path) -> dict[str, Path]:
    """Save the figures of one evaluated run.

    Args:
        folder: the run's folder.

    Returns:
        "distribution" and "cases" with the paths of the PNG files.
    """
    target = Path(folder) / "figures"
    return {
        "distribution": save(run_figures.distribution(folder), target / "distribution.png"),
        "cases": save(run_figures.worst_to_best(folder), target / "cases.png"),
    }


def trained(folder: str | Path) -> dict[str, Path]:
    """Save the figures of one trained run.

    Args:
        folder: the run's folder.

    Returns:
        "curve", "validation" if the run has validated, and "predictions" if there is a ground truth for them, with the
        paths of the PNG files.
    """
    target = Path(folder) / "figures"
    found = {"curve": save(run_figures.single_curve(folder), target / "curve.png")}
    course = validation_curves.of_run(folder)
    if course:
        found["validation"] = save(course, target / "validation.png")
    if cases.with_truth(folder):
        found["predictions"] = save(run_figures.first_predictions(folder), target / "predictions.png")
    return found


def _each(results: Results, name: str, draw: Callable[[Results, str], Figure]) -> list[Path]:
    """Draw one figure for each dataset with a finished run."""
    folder = results.folder / "figures"
    return [save(draw(results, dataset), folder / f"{name}-{dataset}.png") for dataset in _done(results)]


def _done(results: Results) -> list[str]:
    return [dataset for dataset in results.datasets if any(run.state == DONE for run in results.of(dataset))]
