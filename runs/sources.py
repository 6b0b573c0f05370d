"""One hash for the source files that determine a result: a change of the code is a change of the run.

Imports of this project's packages are followed, from the file where something is computed downwards. Docstrings,
comment lines and blank lines are ignored.
"""

import ast
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_PACKAGE = __package__.rpartition(".")[0]  # that of the wheel, which has all rooms in one; "" in a checkout
_ROOMS = ("losses", "metrics", "topology", "training", "evaluation")
_COMMENT = re.compile(r"^\s*(#.*)?$")


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
    text = _as_in_checkout(path.read_text(encoding="utf-8"))
    tree = ast.parse(text)
    lines = text.splitlines()
    for node in ast.walk(tree):
        for number in _docstring(node):
            lines[number - 1] = ""
    code = "\n".join(line for line in lines if not _COMMENT.match(line))
    return hashlib.sha256(code.encode()).hexdigest(), tuple(_imports(tree))


def _as_in_checkout(text: str) -> str:
    """Undo what building the wheel does to the rooms' imports."""
    if not _PACKAGE:
        return text
    return text.replace(f"from {_PACKAGE} import ", "import ").replace(f"from {_PACKAGE}.", "from ")


def _docstring(node: ast.AST) -> range:
    """Return the line numbers of a docstring that shares no line with code."""
    if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) or not node.body:
        return range(0)
    first = node.body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return range(first.lineno, (first.end_lineno or first.lineno) + 1) if is_text else range(0)


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
