"""Datasets: official files in, prepared dataset out; one file each, found through the register."""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_prep._audit import audit
from data_prep._check import check
from data_prep._problems import PreparationError
from data_prep._register import Entry, entry, names
from data_prep._write import write_dataset
from data_prep.read import Prepared

__all__ = ["Entry", "Prepared", "PreparationError", "audit", "check", "entry", "names", "prepare"]


def prepare(
    name: str,
    source: str | Path | None,
    destination: str | Path,
    *,
    partial: bool = False,
    replace: bool = True,
    progress: bool = True,
    **options: Any,
) -> Path:
    """Prepare a dataset: nnU-Net raw layout with folds, checksums and card, in destination/<name>.

    Args:
        name: slug of the dataset.
        source: folder with the official download (or one that holds it); None for embedded data.
        destination: folder for prepared datasets. It is as before when anything goes wrong.
        partial: go on where files that the official release has are missing; the card records it.
        replace: prepare again where destination/<name> exists; otherwise return it as it is.
        progress: show a bar (on a terminal only).
        **options: options of the dataset, see `entry(name).parameters`.

    Returns:
        Path of the prepared folder.

    Raises:
        ValueError: unknown name, option or value of an option.
        PreparationError: files are missing, broken or contradict each other: all problems, one line each.
        OSError: the destination cannot be written.
    """
    found = entry(name)
    found.check_options(options)
    target = Path(destination) / name
    if target.is_dir() and not replace:
        return target
    folder = _check_source(found, source)
    plan = found.plan(folder, **options)
    if plan.problems or (plan.missing and not partial):
        hint = "" if partial else "; go on without by partial=True (`--partial`)"
        raise PreparationError(plan.problems + [line + hint for line in plan.missing])
    if not all(fold["train"] for fold in plan.folds):
        raise PreparationError(f"{folder}: a fold without any training image; complete the download")
    return write_dataset(plan, found, Path(destination), options, replace=replace, progress=progress)


def _check_source(found: Entry, source: str | Path | None) -> Path | None:
    if found.embedded:
        return None
    if source is None:
        raise PreparationError(f"dataset {found.slug!r} needs a source folder: {found.where}")
    folder = Path(source)
    if not folder.is_dir():
        raise PreparationError(f"{folder}: no such folder; {found.where}")
    return folder


def _import_datasets() -> Mapping[str, Any]:
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"data_prep.{name}") for name in modules if not name.startswith("_")}


_import_datasets()
