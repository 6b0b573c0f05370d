"""Several evaluations in one process: the libraries are imported once, and not again by the second."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from runs import steps
from runs.plan import ExperimentPlan, Job, write_plan
from training.config import Config
from training.loop import train
from workflow import evaluate_runs, places

# those that an evaluation uses; of their modules few are small enough to be left for each evaluation
LIBRARIES = ["IPython", "PIL", "fontTools", "ipykernel", "matplotlib", "numba", "numpy", "pandas", "scipy", "skimage"]
_BEFORE = "import sys\nbefore = set(sys.modules)"
_AFTER = f"""\
import json, os
late = [name for name in set(sys.modules) - before if name.partition(".")[0] in {LIBRARIES}]
print(json.dumps([os.getpid(), os.getppid(), sorted(late)]))"""


@pytest.fixture
def noting(tmp_path, monkeypatch):
    """Let the evaluation's notebook say whose child it is, and what it has imported of others' libraries."""
    notebook = nbformat.read(places.notebook("evaluate"), 4)
    notebook.cells = [new_code_cell(_BEFORE), *notebook.cells, new_code_cell(_AFTER)]
    nbformat.write(notebook, tmp_path / "evaluate.ipynb")
    monkeypatch.setattr(places, "notebook", lambda name: tmp_path / f"{name}.ipynb")


@pytest.mark.usefixtures("noting")
def test_evaluations_of_a_job_share_one_import_of_the_libraries(tiny):
    """Each has a process of its own, a fork of one that has imported all but a few small modules."""
    folders = [train(Config(**tiny | {"seed": seed}), progress=False) for seed in range(2)]
    jobs = [Job(str(folder), evaluate={"run": str(folder), "metrics": ["dice", "cldice"]}) for folder in folders]
    results = tiny["results"]
    path = write_plan(ExperimentPlan("test", folder=f"{results}/test", results=results, jobs=jobs))
    assert evaluate_runs.main([*(steps.key(folder) for folder in folders), "--plan", str(path)]) == 0
    processes, parents, late = zip(*(_said(folder) for folder in folders), strict=True)
    assert len(set(processes)) == 2
    assert len(set(parents)) == 1
    for modules in late:
        assert len(modules) <= 15, modules


def _said(folder: Path) -> list:
    return json.loads(nbformat.read(folder / "evaluate.ipynb", 4).cells[-1]["outputs"][0]["text"])
