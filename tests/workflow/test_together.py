"""Several trainings, or evaluations, in one process: the libraries are imported once, and not again by the second."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from runs import steps
from runs.plan import ExperimentPlan, Job, write_plan
from training.config import Config
from training.loop import train
from workflow import places

# of their modules few are small enough to be left for each notebook
LIBRARIES = [
    "monai",
    "torch",
    "IPython",
    "PIL",
    "fontTools",
    "ipykernel",
    "matplotlib",
    "numba",
    "numpy",
    "pandas",
    "scipy",
    "skimage",
]
_BEFORE = "import sys\nbefore = set(sys.modules)"
_AFTER = f"""\
import json, os
late = [name for name in set(sys.modules) - before if name.partition(".")[0] in {LIBRARIES}]
print(json.dumps([os.getpid(), os.getppid(), sorted(late)]))"""


# a process of its own, since what is imported for the first warm kernel of a process is there for all of them
_PROGRAM = """\
import sys
from pathlib import Path
from workflow import places, together
places.notebook = lambda name: Path(sys.argv[1]) / f"{name}.ipynb"
sys.exit(together.main(sys.argv[2:]))"""


@pytest.fixture
def do_together(tmp_path, tiny):
    """Do a step of several runs with notebooks that say whose children they are, and what they have imported."""

    def do(step: str, jobs: list[Job]) -> None:
        notebook = nbformat.read(places.notebook(step), 4)
        notebook.cells = [new_code_cell(_BEFORE), *notebook.cells, new_code_cell(_AFTER)]
        nbformat.write(notebook, tmp_path / f"{step}.ipynb")
        results = tiny["results"]
        plan = write_plan(ExperimentPlan("test", folder=f"{results}/test", results=results, jobs=jobs))
        keys = [steps.key(job.folder) for job in jobs]
        command = [sys.executable, "-c", _PROGRAM, str(tmp_path), step, *keys, "--plan", str(plan)]
        subprocess.run(command, check=True)

    return do


def test_evaluations_of_a_job_share_one_import_of_the_libraries(tiny, do_together):
    """Each has a process of its own, a fork of one that has imported all but a few small modules."""
    configs = [Config(**tiny | {"seed": seed, "pictures": bool(seed)}) for seed in range(2)]
    folders = [train(config, progress=False) for config in configs]
    do_together(
        "evaluate", [Job(str(each), evaluate={"run": str(each), "metrics": ["dice", "cldice"]}) for each in folders]
    )
    assert all(steps.flag_of(each, "evaluated").exists() for each in folders)
    assert [(each / "figures").is_dir() for each in folders] == [False, True]
    _assert_shared([_said(folder / "evaluate.ipynb") for folder in folders])


def test_trainings_of_a_job_share_one_import_of_the_libraries(tiny, do_together):
    configs = [Config(**tiny | {"seed": seed, "pictures": bool(seed)}) for seed in range(2)]
    do_together("train", [Job(str(each.run_folder), train=each.as_dict()) for each in configs])
    assert all(steps.flag_of(each.run_folder, "trained").exists() for each in configs)
    _assert_shared([_said(each.run_folder / "train.ipynb") for each in configs])
    drawn = [{path.stem for path in each.run_folder.glob("figures/*.p*")} for each in configs]
    assert drawn == [set(), {"patches", "curve", "critical", "predictions"}]


def _assert_shared(said: list[list]) -> None:
    processes, parents, late = zip(*said, strict=True)
    assert len(set(processes)) == 2
    assert len(set(parents)) == 1
    for modules in late:
        assert len(modules) <= 15, modules


def _said(notebook: Path) -> list:
    return json.loads(nbformat.read(notebook, 4).cells[-1]["outputs"][0]["text"])
