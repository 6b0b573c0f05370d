"""The rules for notebooks, over all of them."""

import ast
import dataclasses
import re
from pathlib import Path

import nbformat
import pytest

from training.config import Config, rules
from workflow import notebook_parameters
from workflow.forms import Evaluation, Pixels, Preparation
from workflow.scoring_form import Scoring
from workflow.table_forms import AllExperiments, Audit, ExperimentTables, Index, PaperTables

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
ROOMS = {
    "registry", "runs", "topology", "losses", "metrics", "data_prep", "pictures", "training", "evaluation", "tables",
    "workflow",
}  # fmt: skip
ALLOWED = ROOMS | {"pathlib", "IPython", "pandas"}
FORMS = {
    "audit": Audit,
    "prepare": Preparation,
    "score": Scoring,
    "scorecard": AllExperiments,
    "train": Config,
    "evaluate": Evaluation,
    "summary": AllExperiments,
    "tables": ExperimentTables,
    "index": Index,
    "paper": PaperTables,
    "tables_cldice": PaperTables,
    "tables_contextloss": PaperTables,
    "tables_hpm": PaperTables,
    "tables_scnp": PaperTables,
    "tables_topomortar": PaperTables,
    "critical_pixels": Pixels,
}
PARAMETER = re.compile(r"^[a-z_]+: (str|int|float|bool|dict|list) = .+  # \S.+$")

every = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list:
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


def parameters_cell(path: Path):
    (cell,) = [cell for cell in code_cells(path) if "parameters" in cell.metadata.get("tags", [])]
    return cell


def test_every_notebook_has_a_form():
    assert [path.stem for path in NOTEBOOKS] == sorted(FORMS)


@every
def test_first_code_cell_holds_the_parameters(path):
    assert code_cells(path)[0] == parameters_cell(path)


@every
def test_each_parameter_has_type_literal_and_comment(path):
    for line in filter(None, parameters_cell(path).source.splitlines()):  # blank lines separate groups
        assert PARAMETER.match(line), line
        ast.literal_eval(line.split(" = ", 1)[1].rsplit("  # ", 1)[0])


@every
def test_parameters_are_the_fields_of_the_form_that_checks_them(path):
    form = FORMS[path.stem]
    assert set(notebook_parameters.declared(path)) == {field.name for field in dataclasses.fields(form)}
    assert f"given({form.__name__}, globals())" in code_cells(path)[1].source


@every
def test_no_outputs(path):
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(path))


@every
def test_no_logic(path):
    forbidden = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda)
    for cell in code_cells(path):
        found = [type(node).__name__ for node in ast.walk(ast.parse(cell.source)) if isinstance(node, forbidden)]
        assert not found, cell.source


@every
def test_short(path):
    cells = code_cells(path)
    assert len(cells) <= 12
    # the train notebook has as many parameters as a training has; each is one line
    others = [cell for cell in cells if cell != parameters_cell(path)]
    assert all(len(cell.source.splitlines()) <= 15 for cell in others)


@every
def test_text_before_each_code_cell(path):
    kinds = [cell.cell_type for cell in nbformat.read(path, 4).cells]
    assert all(before == "markdown" for before, kind in zip(["code", *kinds], kinds, strict=False) if kind == "code")


@every
def test_imports_only_from_the_rooms(path):
    nodes = [node for cell in code_cells(path) for node in ast.walk(ast.parse(cell.source))]
    names = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    assert {name.partition(".")[0] for name in names} <= ALLOWED


def test_parameters_of_train_are_those_of_config_with_their_defaults_and_meanings():
    source = parameters_cell(next(path for path in NOTEBOOKS if path.stem == "train")).source
    namespace: dict = {}
    exec(source, namespace)
    assert {name: namespace[name] for name in rules()} == Config().as_dict()
    comments = {line.partition(":")[0]: line.partition("  # ")[2] for line in source.splitlines() if line}
    assert comments == {name: rule.meaning for name, rule in rules().items()}
