"""One hash for the source files that determine a result: a change of the code is a change of the run.

Imports of this project's packages are followed, from the file where something is computed downwards. What counts is the
syntax tree: comments, docstrings, line breaks, brackets and quotes may change.
"""

import ast
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_PACKAGE = __package__.rpartition(".")[0]  # that of the wheel, which has all rooms in one; "" in a checkout
_ROOMS = ("losses", "metrics", "topology", "training", "evaluation")


def digest(modules: Sequence[str], without: Sequence[str] = ()) -> str:
    """Hash some modules and everything that they import from the packages that compute.

    Args:
        modules: dotted names, such as "losses.closs"; a package stands for its `__init__`.
        without: modules to ignore.

    Returns:
        64 hexadecimal digits; the same for the same code on every machine, from a checkout or an installed wheel.
    """
    names = {name.removeprefix(f"{_PACKAGE}.") for name in modules}
    return _digest(tuple(sorted(names)), frozenset(without))


@cache
def modules_of(package: str) -> tuple[str, ...]:
    """Return all modules of a package, such as "metrics"."""
    files = sorted((_ROOT / package).glob("*.py"))
    return tuple(f"{package}.{path.stem}" for path in files if path.stem != "__init__")


@cache
def _digest(modules: tuple[str, ...], without: frozenset[str]) -> str:
    found: dict[str, str] = {}
    waiting = [name for name in modules if name not in without]
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if name in found or path is None:
            continue
        found[name], imported = _read(path)
        waiting += [each for each in imported if each not in found and each not in without]
    lines = "".join(f"{found[name]}  {name}\n" for name in sorted(found))
    return hashlib.sha256(lines.encode()).hexdigest()


@cache
def _read(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the hash of a file's code, and the modules that it imports."""
    tree = ast.parse(_as_in_checkout(path.read_text(encoding="utf-8")))
    return hashlib.sha256(_code(tree).encode()).hexdigest(), tuple(_imports(tree))


def _code(node: Any) -> str:
    """Write a syntax tree as text, without docstrings and without what is empty, which differs between Pythons."""
    if isinstance(node, list):
        return f"[{','.join(map(_code, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    content = {name: value for name, value in ast.iter_fields(node) if value is not None and value != []}
    if _has_docstring(node):
        content["body"] = content["body"][1:]
    return f"{type(node).__name__}({','.join(f'{name}={_code(value)}' for name, value in content.items())})"


def _as_in_checkout(text: str) -> str:
    """Undo what building the wheel does to the rooms' imports."""
    if not _PACKAGE:
        return text
    return text.replace(f"from {_PACKAGE} import ", "import ").replace(f"from {_PACKAGE}.", "from ")


def _has_docstring(node: ast.AST) -> bool:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None


def _imports(tree: ast.AST) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [name for name in inner if _file(name)]
            # a name that is not a module is defined in the package's or module's own file
            names += modules if len(modules) == len(inner) else [*modules, node.module]
    return [name for name in names if name.partition(".")[0] in _ROOMS]


@cache
def _file(name: str) -> Path | None:
    """Return a module's file in this project; None for other modules."""
    place = _ROOT.joinpath(*name.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None
