"""What every notebook does before anything else: stand in the right folder, and hand its parameters over."""

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from workflow.import_check import check_rooms
from workflow.places import project_root


def start() -> Path:
    """Open a notebook's session: check the rooms, stand in the project's folder, show the whole text of tables.

    Relative paths begin in the project's folder: JupyterLab starts a kernel beside its notebook and papermill where it
    was called; results would end up in different places.

    Returns:
        The working folder.

    Raises:
        ImportError: when another library is found under one of the rooms' names.
    """
    check_rooms()
    if Path.cwd() == project_root() / "notebooks":
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
        ValueError: when the parameters cell lacks some of them.
    """
    names = [field.name for field in fields(form)]
    missing = [name for name in names if name not in namespace]
    if missing:
        raise ValueError(f"the cell tagged `parameters` must define {', '.join(missing)}")
    return {name: namespace[name] for name in names}
