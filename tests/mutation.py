"""Mutation testing of a sample: change one operator or constant of a room, and see whether its tests fail.

    python tests/mutation.py tables/statistics.py tables/averages.py --tests tests/tables --number 40

Libraries are imported once; each mutant is tested in a fork of that process, in which the changed module takes the
place of the real one. No file is written. Not part of CI: a mutant takes as long as the tests up to the first failure.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import math
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIBRARIES = ("numpy", "scipy.stats", "pandas", "hypothesis", "pytest", "torch", "skimage.morphology")

_SWAPS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield what can be changed: a node, and which of its fields. Annotations and texts stay."""
    hidden = {id(part) for node in ast.walk(tree) for part in _without_effect(node)}
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in _SWAPS:
            yield node, "op"
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPS:
            yield node, "ops"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub | ast.Invert):
            yield node, "operand"
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
            yield node, "value"


def _without_effect(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("annotation", "returns"):
        part = getattr(node, name, None)
        if part is not None:
            yield from ast.walk(part)


def mutate(tree: ast.Module, number: int) -> tuple[ast.Module, str]:
    """Return a copy with one place changed, and a line that says what was changed."""
    changed = copy.deepcopy(tree)
    node, field = list(places(changed))[number]
    before = ast.unparse(node)
    if field == "op":
        node.op = _SWAPS[type(node.op)]()  # type: ignore[attr-defined]
    elif field == "ops":
        node.ops[0] = _SWAPS[type(node.ops[0])]()  # type: ignore[attr-defined]
    elif field == "operand":
        node.op = ast.UAdd() if not isinstance(node.op, ast.Not) else ast.Not()  # type: ignore[attr-defined]
        if isinstance(node.op, ast.Not):  # type: ignore[attr-defined]
            node.operand = ast.UnaryOp(ast.Not(), node.operand)  # type: ignore[attr-defined]
    else:
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1  # type: ignore[attr-defined]
    return ast.fix_missing_locations(changed), f"line {node.lineno}: {before}  ->  {ast.unparse(node)}"  # type: ignore[attr-defined]


class Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from a changed syntax tree."""

    def __init__(self, path: Path, tree: ast.Module) -> None:
        self.name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        self.path, self.tree = path, tree

    def find_spec(self, name, path=None, target=None):
        """Find the changed module, and no other."""
        if name != self.name:
            return None
        packages = [str(self.path.parent)] if self.path.stem == "__init__" else None
        spec = importlib.util.spec_from_loader(name, self, origin=str(self.path), is_package=bool(packages))
        spec.submodule_search_locations = packages
        spec.has_location = True
        return spec

    def get_source(self, name: str) -> None:
        """Give no source: it would not be that of the code."""

    def get_code(self, name: str):
        """Compile the changed tree."""
        return compile(self.tree, str(self.path), "exec")


def survives(path: Path, tree: ast.Module, tests: list[str], limit: int) -> bool:
    """Run the tests in a fork with a changed module; what takes too long or dies has been caught."""
    child = os.fork()
    if child == 0:
        import pytest

        signal.alarm(limit)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        sys.meta_path.insert(0, Changed(path, tree))
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", *tests]
        os._exit(int(pytest.main(options)) if tests else 0)
    return os.waitpid(child, 0)[1] == 0


def main() -> int:
    """Test a sample of mutants; print the survivors and the share of the caught ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--tests", nargs="+", required=True, help="files or folders of tests, the quickest first")
    parser.add_argument("--number", type=int, default=40, help="mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=300, help="seconds for one mutant")
    given = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in LIBRARIES:
        importlib.import_module(name)
    trees = {path.resolve(): ast.parse(path.read_text(encoding="utf-8")) for path in given.files}
    known = [(path, number) for path, tree in trees.items() for number in range(len(list(places(tree))))]
    sample = random.Random(given.seed).sample(known, min(given.number, len(known)))
    if not survives(sample[0][0], trees[sample[0][0]], given.tests, given.limit):
        print("the tests fail without any change, or take longer than the limit")
        return 2
    caught = 0
    for done, (path, number) in enumerate(sample, 1):
        tree, text = mutate(trees[path], number)
        begun, alive = time.monotonic(), survives(path, tree, given.tests, given.limit)
        caught += not alive
        verdict = "SURVIVED" if alive else "caught"
        print(f"{done:3} {verdict:8} {time.monotonic() - begun:4.0f} s  {path.relative_to(ROOT)} {text}", flush=True)
    share = caught / len(sample)
    error = 1.96 * math.sqrt(share * (1 - share) / len(sample))
    print(f"caught {caught} of {len(sample)} (of {len(known)}): {share:.0%} +- {error:.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
