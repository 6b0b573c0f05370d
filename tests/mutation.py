"""Mutation testing of a sample: change one operator or constant of a room, and see whether its tests fail.

    python tests/mutation.py tables/statistics.py tables/averages.py --tests tests/tables --number 40
    python tests/mutation.py tables/statistics.py:57 --tests tests/tables/test_statistics.py

Libraries are imported once; each mutant is tested in a fork of that process, in which the changed module takes the
place of the real one. The tests are run once without any change, to see which functions each of them calls and how
long it takes: a mutant meets the tests that call its function, then those that call others of its file, the quickest
first, until one fails. No file of the repository is written. Not part of CI: it takes too long.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import json
import math
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parents[1]
LIBRARIES = (
    "numpy",
    "scipy.stats",
    "pandas",
    "hypothesis",
    "torch",
    "skimage.morphology",
    "numba",
    "matplotlib.figure",
)

_SWAPS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield what can be changed: a node, and which of its fields. What has no effect on a result stays."""
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
    """Yield annotations, texts of errors and messages, sizes of caches, and what dataclasses generate."""
    parts = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    if isinstance(node, ast.Raise | ast.JoinedStr):
        parts = [node]
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        parts += [one for one in node.decorator_list if "cache" in ast.unparse(one) or "dataclass" in ast.unparse(one)]
    elif isinstance(node, ast.keyword) and node.arg in ("stacklevel", "strict", "repr", "compare"):
        parts = [node]
    for part in parts:
        if part is not None:
            yield from ast.walk(part)


def function(tree: ast.Module, node: ast.AST) -> int | None:
    """Return the first line of the innermost function around a node, as its code object has it."""
    around = [
        min([each.lineno, *(decorator.lineno for decorator in each.decorator_list)])
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef) and any(node is part for body in each.body for part in ast.walk(body))
    ]
    return max(around, default=None)


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


class Calls:
    """A plugin of pytest that notes of every test its CPU seconds and which functions of some files it calls."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.files = {str(path) for path in paths}
        self.seconds: dict[str, float] = {}
        self.called: dict[str, list[tuple[str, int]]] = {}
        self.failed: list[str] = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        """Watch one test and its fixtures."""
        called = set()

        def note(frame, event, _):
            if frame.f_code.co_filename in self.files:
                called.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

        before, begun = sys.gettrace(), _cpu_seconds()
        threading.settrace(note)
        sys.settrace(note)
        yield
        sys.settrace(before)
        threading.settrace(None)
        self.seconds[item.nodeid] = _cpu_seconds() - begun
        self.called[item.nodeid] = sorted(called)

    def pytest_runtest_logreport(self, report):
        """Note what fails."""
        if report.failed:
            self.failed.append(report.nodeid)

    def chosen(self, path: Path, first: int | None, budget: float) -> list[str]:
        """Return the tests for a function, the quickest first; then those that call others of its file."""
        of_file = [test for test, called in self.called.items() if any(name == str(path) for name, _ in called)]
        tests = [test for test in of_file or self.called if test not in self.failed]  # or it runs at import alone
        order = sorted(tests, key=lambda test: ((str(path), first) not in self.called[test], self.seconds[test]))
        total = 0.0
        chosen = []
        for test in order:
            total += self.seconds[test]
            if chosen and total > budget:
                break
            chosen.append(test)
        return chosen


def _cpu_seconds() -> float:
    """Return the time computed by this process and those that it has waited for; others may share the processor."""
    return sum(os.times()[:4])


class Only:
    """A plugin of pytest that runs some tests, in the given order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.order = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items):
        """Leave the others out."""
        items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda item: self.order[item.nodeid])


def run(tests: Sequence[str], *options: str, plugin: object) -> int:
    """Run pytest in silence; Hypothesis neither simplifies what fails nor keeps it for the next mutant."""
    profile = hypothesis.settings(
        deadline=None, database=None, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate]
    )
    hypothesis.settings.register_profile("mutants", profile)
    hypothesis.settings.load_profile("mutants")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    always = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts="]
    return int(pytest.main([*always, *options, *tests], plugins=[plugin]))


def watched(paths: Sequence[Path], tests: Sequence[str], keyword: str) -> Calls:
    """Run the tests without any change, in a fork, and return what they call."""
    calls = Calls(paths)
    with tempfile.NamedTemporaryFile("r") as file:
        child = os.fork()
        if child == 0:
            run(tests, "-k", keyword, plugin=calls)
            Path(file.name).write_text(json.dumps([calls.seconds, calls.called, calls.failed]))
            os._exit(0)
        os.waitpid(child, 0)
        calls.seconds, called, calls.failed = json.load(file)
    calls.called = {test: [(name, line) for name, line in pairs] for test, pairs in called.items()}
    return calls


def verdict(path: Path, tree: ast.Module, tests: Sequence[str], limit: int) -> str:
    """Run the tests in a fork with a changed module; what takes too long or dies has been caught."""
    if not tests:
        return "NO TEST"
    child = os.fork()
    if child == 0:
        signal.alarm(limit)
        sys.meta_path.insert(0, Changed(path, tree))
        os._exit(run(sorted({test.partition("::")[0] for test in tests}), "-x", plugin=Only(tests)))
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "too long" if os.WTERMSIG(status) == signal.SIGALRM else "died"
    return "SURVIVED" if status == 0 else "caught"


def sampled(given: Sequence[str], number: int, seed: int) -> tuple[dict[Path, ast.Module], list[tuple[Path, int]], int]:
    """Return the files' trees, the places drawn, and how many there are; of `file:line`, all of that line."""
    wanted = [(ROOT / name, int(line or 0)) for name, _, line in (text.partition(":") for text in given)]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path, _ in wanted}
    known = [
        (path, place)
        for path, tree in trees.items()
        for place, (node, _) in enumerate(places(tree))
        if not {(path, 0), (path, node.lineno)}.isdisjoint(wanted)  # type: ignore[attr-defined]
    ]
    return trees, random.Random(seed).sample(known, min(number, len(known))), len(known)


def main() -> int:
    """Test a sample of mutants; print the survivors and the share of the caught ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="files to be changed, or file:line for all places of a line")
    parser.add_argument("--tests", nargs="+", required=True, help="files or folders of tests")
    parser.add_argument("--keyword", default="", help="which of these tests, as pytest's -k")
    parser.add_argument("--number", type=int, default=40, help="mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=120, help="CPU seconds of tests for one mutant")
    given = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in LIBRARIES:
        importlib.import_module(name)
    trees, sample, known = sampled(given.files, given.number, given.seed)
    calls = watched(list(trees), given.tests, given.keyword)
    print(f"{len(calls.seconds)} tests in {sum(calls.seconds.values()):.0f} CPU seconds", flush=True)
    print(*(f"left out, fails without any change: {test}" for test in calls.failed), sep="\n", flush=True)
    path = sample[0][0]
    if verdict(path, trees[path], calls.chosen(path, None, given.budget), 3600) != "SURVIVED":
        print("tests that fail in a fork without any change")
        return 2
    caught = 0
    for done, (path, number) in enumerate(sample, 1):
        tree, text = mutate(trees[path], number)
        node, _ = list(places(trees[path]))[number]
        tests = calls.chosen(path, function(trees[path], node), given.budget)
        limit = int(120 + 10 * sum(calls.seconds[test] for test in tests))
        begun = time.monotonic()
        found = verdict(path, tree, tests, limit)
        caught += not found.isupper()
        effort = f"{time.monotonic() - begun:4.0f} s {len(tests):4} tests"
        print(f"{done:3} {found:8} {effort}  {path.relative_to(ROOT)} {text}", flush=True)
    share = caught / len(sample)
    error = 1.96 * math.sqrt(share * (1 - share) / len(sample))
    print(f"caught {caught} of {len(sample)} (of {known}): {share:.0%} +- {error:.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
