"""What notebooks share: change to the right folder, collect the parameters, show a picture that may not be there."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.nearest import unknown
from workflow.import_check import check_rooms
from workflow.places import project_root

if TYPE_CHECKING:
    from IPython.display import Image

_PAPERMILL = "# Parameters\n"  # the first line of the cell that papermill adds
_ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*)\s*(?::[^=\n]+)?=(?!=)", re.MULTILINE)
_DECLARATION = re.compile(r"^[A-Za-z_]\w*: (?:str|int|float|bool|dict|list) =", re.MULTILINE)


def start() -> Path:
    """Open a notebook's session: check the rooms, change to the project's folder, show the whole text of tables.

    Relative paths start from the project's folder: JupyterLab starts a kernel beside its notebook and papermill where
    it was called, so results would end up in different places.

    Returns:
        The working folder.

    Raises:
        ImportError: another library is found under one of the rooms' names.
    """
    check_rooms()
    if Path.cwd().is_relative_to(project_root()):
        os.chdir(project_root())
    import pandas as pd

    pd.set_option("display.max_colwidth", None)
    return Path.cwd()


def given(form: type, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Collect a notebook's parameters: the variables that a form has fields for.

    Args:
        form: a dataclass with a field for each parameter.
        namespace: the notebook's `globals()`.

    Returns:
        Values by name.

    Raises:
        ValueError: when the parameters cell lacks some of them, or a parameter is given that the form does not have:
            papermill only warns of it, and the defaults would run.
    """
    names = [field.name for field in fields(form)]
    missing = [name for name in names if name not in namespace]
    if missing:
        raise ValueError(f"the cell tagged `parameters` must define {', '.join(missing)}")
    problems = [unknown("parameter", name, names) for name in _assigned(namespace.get("In", [])) if name not in names]
    if problems:
        raise ValueError("; ".join(problems))
    return {name: namespace[name] for name in names}


def picture(path: str | Path | bool | None, instead: str = "not drawn: `pictures` is false") -> "Image | str":
    """Return what a cell ends with to show a figure.

    Args:
        path: of the figure; None or false where it was not drawn.
        instead: why it was not drawn.

    Returns:
        The figure, or the reason.
    """
    from IPython.display import Image

    return Image(path) if path else instead


def _assigned(cells: Sequence[str]) -> list[str]:
    """Return the names that the parameters' cells give values to: the notebook's own and the one papermill adds.

    Args:
        cells: sources of the cells that were run, the last one last; of a cell that was run again, the last counts.
    """
    own = [cell for cell in cells if _DECLARATION.search(cell)][-1:]
    added = [cell for cell in cells if cell.startswith(_PAPERMILL)][-1:]
    return [name for cell in own + added for name in _ASSIGNMENT.findall(cell)]
