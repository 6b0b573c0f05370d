"""Check a notebook's parameters against its parameters cell before a kernel starts.

papermill alone runs the defaults and exits with status 0 if a name is misspelt (only a warning) or the `parameters` tag
is missing (the values are then put above the notebook's own, which win).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from registry.nearest import unknown

_TYPES: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool, "dict": dict, "list": list}


class NotebookError(ValueError):
    """A notebook cannot be run as requested; the message lists everything that is wrong."""


def declared(notebook: Path) -> dict[str, str]:
    """Return name and annotated type of each parameter of a notebook.

    Args:
        notebook: path of the .ipynb file.

    Returns:
        Names to types, such as {"iterations": "int"}; "" for a parameter without annotation.

    Raises:
        NotebookError: the file is missing or unreadable, or does not have exactly one cell tagged `parameters`.
    """
    import nbformat
    import papermill

    if not notebook.is_file():
        raise NotebookError(f"there is no notebook {notebook}")
    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except Exception as error:
        raise NotebookError(f"{notebook} cannot be read as a notebook: {error}") from error
    tagged = sum("parameters" in cell.get("metadata", {}).get("tags", []) for cell in cells)
    if tagged != 1:
        raise NotebookError(
            f"{notebook} must have exactly one cell tagged `parameters`, it has {tagged}: the defaults would run "
            "whatever is asked for. Add the tag (JupyterLab: property inspector, cell tags)"
        )
    found = papermill.inspect_notebook(str(notebook))
    return {name: "" if (kind := str(entry["inferred_type_name"])) == "None" else kind for name, entry in found.items()}


def check(notebook: Path, given: Mapping[str, Any]) -> None:
    """Compare names and types of the given parameters with the notebook's.

    Args:
        notebook: path of the .ipynb file.
        given: parameters by name.

    Raises:
        NotebookError: all problems at once: unknown names with the nearest neighbour, values of another type.
    """
    names = declared(notebook)
    problems = [unknown("parameter", name, names) for name in given if name not in names]
    problems += [text for name in given if name in names and (text := _mismatch(name, given[name], names[name]))]
    if problems:
        raise NotebookError(f"{notebook.name}: {'; '.join(problems)}")


def parse(notebook: Path, texts: Mapping[str, str]) -> dict[str, Any]:
    """Read values from the command line as the notebook declares them: `0.1` as a number, or as text for a `str`.

    Args:
        notebook: path of the .ipynb file.
        texts: values as typed, by name.

    Returns:
        Values by name; what cannot be read stays text, which `check` then refuses.

    Raises:
        NotebookError: see `declared`.
    """
    names = declared(notebook)
    return {name: _read(text, names.get(name, "")) for name, text in texts.items()}


def _read(text: str, kind: str) -> Any:
    base = kind.partition("[")[0]
    if base == "str":
        return text
    number: Callable[[str], Any] | None = {"int": int, "float": float}.get(base)
    try:
        return number(text) if number else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError):
        return text


def _mismatch(name: str, value: Any, kind: str) -> str:
    """Return what is wrong with a value's type; "" if nothing."""
    wanted = _TYPES.get(kind.partition("[")[0])
    if wanted is None or (type(value) is wanted) or (wanted is float and type(value) is int):
        return ""
    if wanted is list and isinstance(value, tuple):
        return ""
    return f"`{name}` must be of type {kind}, got {value!r} ({type(value).__name__})"
