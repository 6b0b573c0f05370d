"""The experiments that are given to several commands and notebooks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from runs.lock import NOTEBOOK, alone
from runs.results import Results, collect


def experiments(folder: str | Path) -> list[Path]:
    """Return the experiments in a folder.

    Args:
        folder: an experiment's folder, or a results folder that holds experiments.

    Returns:
        The experiments' folders, sorted.

    Raises:
        ValueError: there is none.
    """
    folder = Path(folder)
    if (folder / "runs").is_dir():
        return [folder]
    found = sorted(path.parent for path in folder.glob("*/runs") if path.is_dir())
    if not found:
        raise ValueError(f"{folder}: no experiment in it; give folders such as results/smoke or results/")
    return found


def collect_all(folders: Sequence[str | Path]) -> list[Results]:
    """Return the runs of every experiment.

    Args:
        folders: experiments' folders, or results folders that hold experiments.

    Returns:
        One entry for each experiment, in the order of the folders.

    Raises:
        ValueError: a folder without an experiment, or an experiment without runs.
    """
    return [collect(experiment) for folder in folders for experiment in experiments(folder)]


@contextmanager
def undisturbed(folder: str | Path) -> Iterator[Results]:
    """Keep the notebook of an experiment's tables, which writes the same files, out until the block ends.

    Args:
        folder: the experiment's folder.

    Yields:
        Its runs, as they are once no other process writes there.
    """
    results = collect(folder)
    with alone(folder, NOTEBOOK) as waited:
        yield collect(folder) if waited else results
