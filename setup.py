"""Build the wheel with one import name, `topology_loss_benchmark`, from rooms that lie side by side in the repository.

In the repository, and in an editable install, the rooms are imported by their own names (`import losses`). Names such
as `losses` and `tables` are taken elsewhere as well, so that a wheel that installed them would shadow other people's
code. The wheel therefore has all rooms inside one package, and the imports among them are rewritten while it is built,
as pip does with the libraries that it vendors.
"""

import ast
import json
import re
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

NAME = "topology_loss_benchmark"
ROOT = Path(__file__).parent
ROOMS = (
    "registry", "runs", "topology", "losses", "metrics", "data_prep", "pictures", "training", "evaluation", "tables",
    "integrations", "workflow", "benchmarks",
)  # fmt: skip
# what the rooms need beside Python files, and the notebooks, which are no package
DATA = {
    "evaluation": ["scoring/presets/*.yaml"],
    "tables": ["*.yaml", "*.bib", "published/*.csv"],
    "workflow": ["Snakefile", "experiments/*.yaml", "profiles/*/*.yaml"],
    "notebooks": ["*.ipynb"],
}
COMMAND = re.compile(rf"\bpython -m ({'|'.join(ROOMS)})\b")


def rewrite(source: str) -> str:
    """Rewrite the rooms' names in absolute imports, and in commands such as `python -m workflow`.

    Args:
        source: Python code.

    Returns:
        The code with `from losses import x` as `from topology_loss_benchmark.losses import x`, lines where they were.

    Raises:
        ValueError: for `import losses.topoloss`, which binds a name that the wheel does not have; write
            `from losses import topoloss`.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and _is_room(node.module or ""):
            _replace(lines, node, f"from {node.module}", f"from {NAME}.{node.module}")
        elif isinstance(node, ast.Import) and any(_is_room(alias.name) for alias in node.names):
            _replace(lines, node, ast.unparse(node), "; ".join(_import(alias) for alias in node.names))
    return COMMAND.sub(rf"python -m {NAME}.\1", "".join(lines))


def rewrite_notebook(text: str) -> str:
    """Rewrite the imports in a notebook's code cells and the commands in its text.

    Args:
        text: the notebook as JSON.

    Returns:
        The notebook as JSON.
    """
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        new = rewrite(source) if cell["cell_type"] == "code" else COMMAND.sub(rf"python -m {NAME}.\1", source)
        cell["source"] = new.splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _is_room(module: str) -> bool:
    return module.partition(".")[0] in ROOMS


def _import(alias: ast.alias) -> str:
    renamed = f" as {alias.asname}" if alias.asname else ""
    if not _is_room(alias.name):
        return f"import {alias.name}{renamed}"
    package, _, module = f"{NAME}.{alias.name}".rpartition(".")
    if "." in alias.name and not alias.asname:
        raise ValueError(f"`import {alias.name}` cannot be rewritten: write `from {package} import {module}`")
    return f"from {package} import {module}{renamed}"


def _replace(lines: list[str], node: ast.stmt, old: str, new: str) -> None:
    line = lines[node.lineno - 1]
    before, after = line[: node.col_offset], line[node.col_offset :]
    if not after.startswith(old):
        raise ValueError(f"line {node.lineno}: expected {old!r}, found {after!r}")
    lines[node.lineno - 1] = before + new + after.removeprefix(old)


class BuildOneName(build_py):
    """Copies the rooms into one package and rewrites their imports on the way."""

    def run(self) -> None:
        """Copy everything, then rewrite what was copied."""
        super().run()
        if self.editable_mode:
            return
        package = Path(self.build_lib) / NAME
        version = f'"""{self.distribution.get_description()}"""\n\n__version__ = "{self.distribution.get_version()}"\n'
        (package / "__init__.py").write_text(version, encoding="utf-8")
        for path in [*package.rglob("*.py"), *package.rglob("Snakefile"), *package.rglob("*.ipynb")]:
            text = path.read_text(encoding="utf-8")
            path.write_text(_rewrite_file(path, text), encoding="utf-8")


def _rewrite_file(path: Path, text: str) -> str:
    if path.suffix == ".py":
        return rewrite(text)
    if path.suffix == ".ipynb":
        return rewrite_notebook(text)
    # a Snakefile is no Python that `ast` can read; its imports each take one line
    text = re.sub(rf"^(\s*)from ({'|'.join(ROOMS)})\b", rf"\1from {NAME}.\2", text, flags=re.MULTILINE)
    return COMMAND.sub(rf"python -m {NAME}.\1", text)


def _one_name() -> dict[str, object]:
    """Return packages, their folders and their data as the wheel has them."""
    found = [name for room in ROOMS if (ROOT / room).is_dir() for name in (room, *_below(room))]
    folders = {f"{NAME}.{name}": name.replace(".", "/") for name in [*found, "notebooks"]}
    data = {f"{NAME}.{name}": patterns for name, patterns in DATA.items()}
    return {"packages": list(folders), "package_dir": folders, "package_data": data}


def _below(room: str) -> list[str]:
    return [f"{room}.{name}" for name in find_packages(str(ROOT / room))]


def _side_by_side() -> dict[str, object]:
    """Return the rooms as an editable install has them: by their own names."""
    rooms = [room for room in ROOMS if room != "benchmarks"]
    return {"packages": find_packages(str(ROOT), include=[f"{room}*" for room in rooms])}


if __name__ == "__main__":
    layout = _side_by_side() if "editable_wheel" in sys.argv else _one_name()
    setup(cmdclass={"build_py": BuildOneName}, **layout)
