"""Datasets: official files in, prepared dataset out; one file each, found through the registry."""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_prep import datasets
from data_prep._plan import Plan
from data_prep._problems import PreparationError
from data_prep._register import Entry, entry, names
from data_prep.prepared import Card, Prepared, audit, audit_summary, check, contact_sheet, write_dataset
from data_prep.reading.open import open_plan

__all__ = [
    "Card",
    "Entry",
    "PreparationError",
    "Prepared",
    "audit",
    "audit_summary",
    "check",
    "contact_sheet",
    "entry",
    "names",
    "open_plan",
    "prepare",
]


def prepare(
    name: str,
    source: str | Path | None,
    destination: str | Path,
    *,
    partial: bool = False,
    replace: bool = True,
    progress: bool = True,
    workers: int = 1,
    **options: Any,
) -> Path:
    """Prepare a dataset: nnU-Net raw layout with folds, checksums and card, in destination/<name>.

    Args:
        name: slug of the dataset.
        source: folder with the official download (or one that holds it), its archive (zip, tar, gz), or a folder of
            its archives; None for embedded data.
        destination: folder for prepared datasets. It stays unchanged if anything goes wrong.
        partial: continue without files that are missing or broken; the card records each.
        replace: prepare again if destination/<name> exists; otherwise return the existing folder.
        progress: show a bar (on a terminal only).
        workers: number of processes; 0: one for each core, as far as memory allows. With more than one, a script needs
            the guard `if __name__ == "__main__":`, see Python's multiprocessing.
        **options: options of the dataset, see `entry(name).parameters`.

    Returns:
        Path of the prepared folder.

    Raises:
        ValueError: unknown name or option, or an invalid value of an option.
        PreparationError: files are missing, broken or contradict each other: all problems, one line each.
        OSError: the destination cannot be written.
    """
    found = entry(name)
    found.check_options(options)
    target = Path(destination) / str(options.get("called", name))
    if target.is_dir() and not replace:
        return target
    with open_plan(found, source, Path(destination), options, progress=progress) as plan:
        _stop_at_problems(plan, source, partial=partial)
        return write_dataset(
            plan,
            found,
            Path(destination),
            options,
            partial=partial,
            replace=replace,
            progress=progress,
            workers=workers,
        )


def _stop_at_problems(plan: Plan, source: object, *, partial: bool) -> None:
    problems = plan.problems + _find_twice(plan)
    hint = "" if partial else "; go on without by partial=True (`--partial`)"
    missing = [line + hint for line in plan.missing]
    if problems or (missing and not partial):
        raise PreparationError(problems + missing)
    if not plan.folds or not all(fold["train"] for fold in plan.folds):
        raise PreparationError([f"{source}: a fold without any training image; complete the download", *missing])


def _find_twice(plan: Plan) -> list[str]:
    """Return one line for each name that several cases share, since one would overwrite the other."""
    sources: dict[str, list[str]] = {}
    for case in plan.cases:
        sources.setdefault(case.name, []).append(" with ".join(map(str, case.sources)))
    return [
        f"case {name!r} is there {len(paths)} times ({'; '.join(paths)}); remove or rename all but one"
        for name, paths in sorted(sources.items())
        if len(paths) > 1
    ]


def _import_datasets() -> Mapping[str, Any]:
    modules = (module.name for module in pkgutil.iter_modules(datasets.__path__))
    return {name: importlib.import_module(f"{datasets.__name__}.{name}") for name in modules}


_import_datasets()
