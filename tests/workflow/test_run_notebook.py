"""What the runner refuses before a kernel starts, and what it keeps of a failure."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from runs.record import RunRecord, write_record
from workflow import run_notebook
from workflow.notebook_parameters import NotebookError, check, declared, parse

ROOT = Path(__file__).parents[2]
WARM = "workflow.warm_imports.evaluate"
PARAMETERS = (
    'loss: str = "dice_ce"  # slug\n'
    "iterations: int = 10  # number\n"
    "rate: float = 0.1  # rate\n"
    "sizes: list = []  # sides\n"
    "flag: bool = False  # yes or no"
)


@pytest.fixture
def write(tmp_path):
    def _write(*sources, tags=("parameters",)):
        cells = [new_code_cell(source) for source in sources]
        cells[0].metadata["tags"] = list(tags)
        path = tmp_path / "notebook.ipynb"
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
        return path

    return _write


def test_declared_names_and_types(write):
    kinds = {"loss": "str", "iterations": "int", "rate": "float", "sizes": "list", "flag": "bool"}
    assert declared(write(PARAMETERS)) == kinds


def test_four_trainings_on_four_gpus_each_see_their_own(write, tmp_path):
    """As the local profile starts them; the GPUs are pretended, since only their names are handed out."""
    wait = (
        "import os, pathlib, time\n"
        "place = pathlib.Path(loss)\n"
        "(place / os.environ['CUDA_VISIBLE_DEVICES']).touch()\n"
        "while len(list(place.iterdir())) < 4:\n    time.sleep(0.2)"
    )
    source, seen = write(PARAMETERS, wait), tmp_path / "seen"
    seen.mkdir()
    command = [sys.executable, "-m", "workflow.run_notebook", str(source), "--gpus", "0,1,2,3", "-p", "loss", str(seen)]
    outputs = [str(tmp_path / f"{number}" / "out.ipynb") for number in range(4)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}  # where the slots' locks are
    four = [subprocess.Popen([*command[:4], output, *command[4:]], cwd=ROOT, env=environment) for output in outputs]
    assert [each.wait(timeout=300) for each in four] == [0, 0, 0, 0]
    assert {path.name for path in seen.iterdir()} == {"0", "1", "2", "3"}


def test_missing_tag_is_refused(write):
    with pytest.raises(NotebookError, match="exactly one cell tagged `parameters`, it has 0"):
        check(write(PARAMETERS, tags=()), {"loss": "closs"})


def test_missing_notebook_is_refused(tmp_path):
    with pytest.raises(NotebookError, match="there is no notebook"):
        check(tmp_path / "none.ipynb", {})


def test_broken_notebook_is_refused(tmp_path):
    (tmp_path / "broken.ipynb").write_text("{")
    with pytest.raises(NotebookError, match="cannot be read"):
        check(tmp_path / "broken.ipynb", {})


def test_misspelt_name_comes_with_its_neighbour(write):
    with pytest.raises(NotebookError, match="'los'; did you mean 'loss'"):
        check(write(PARAMETERS), {"los": "closs"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("iterations", 1.5), ("iterations", "5"), ("iterations", True), ("loss", 3), ("sizes", {}), ("flag", 0)],
)  # fmt: skip
def test_wrong_type_is_refused(write, name, value):
    with pytest.raises(NotebookError, match=f"`{name}` must be of type"):
        check(write(PARAMETERS), {name: value})


def test_integer_is_taken_for_a_float(write):
    check(write(PARAMETERS), {"rate": 1})


def test_all_problems_come_together(write):
    with pytest.raises(NotebookError, match="(?s)'los'.*`rate`"):
        check(write(PARAMETERS), {"los": "closs", "rate": "fast"})


def test_values_are_read_as_the_notebook_declares_them(write):
    texts = {"loss": "5", "iterations": "20", "rate": "1e-3", "sizes": "[1, 2]", "flag": "true"}
    assert parse(write(PARAMETERS), texts) == {
        "loss": "5",
        "iterations": 20,
        "rate": 1e-3,
        "sizes": [1, 2],
        "flag": True,
    }


def test_refusal_starts_no_kernel_and_leaves_nothing(write, tmp_path, capsys):
    status = run_notebook.main([str(write(PARAMETERS)), str(tmp_path / "out" / "o.ipynb"), "-p", "los", "closs"])
    assert status == 2
    assert not (tmp_path / "out").exists()
    assert capsys.readouterr().err.startswith("refused: notebook: ")


def test_failed_notebook_is_kept_and_succeeds_later(write, tmp_path, capsys):
    """One kernel start for each half; the second run clears away the first one's failure."""
    output, source = tmp_path / "out" / "o.ipynb", f"{PARAMETERS}\nfail: bool = True  # whether"
    path = write(source, "if fail:\n    raise ValueError('the disk\\nis full')")
    assert run_notebook.main([str(path), str(output)]) == 1
    assert "ValueError: the disk is full" in capsys.readouterr().err
    assert json.loads((output.parent / "failure.json").read_text())["error"] == "ValueError: the disk is full"
    kinds = [each.output_type for cell in nbformat.read(output, 4).cells for each in cell.get("outputs", [])]
    assert "error" in kinds
    assert run_notebook.main([str(path), str(output), "-p", "fail", "false"]) == 0
    assert sorted(file.name for file in output.parent.iterdir()) == ["o.ipynb"]


def test_too_few_open_files_are_named_as_the_reason(write, tmp_path):
    """With so few, the kernel cannot even format the error, and papermill tells none."""
    path = write(PARAMETERS, 'files = [open("/dev/null") for _ in range(64)]')
    command = f"ulimit -n 64; exec {sys.executable} -m workflow.run_notebook {path} {tmp_path / 'out.ipynb'}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 1
    assert "OSError: [Errno 24] Too many open files" in done.stderr
    assert "OSError" in json.loads((tmp_path / "failure.json").read_text())["error"]
    assert "CellExecutionError" not in done.stderr
    assert "Traceback" not in done.stderr


def test_record_that_contradicts_is_a_failure(tmp_path):
    from training.config import Config

    config = Config(loss="dice_ce", results=str(tmp_path))
    record = config.run_folder
    write_record(record, RunRecord(run=config.run, parameters=config.as_dict()))
    run_notebook._compare(record, {"loss": "dice_ce", "data": "elsewhere"})
    with pytest.raises(run_notebook.NotebookFailure, match="`loss` was asked to be 'closs' and was 'dice_ce'"):
        run_notebook._compare(record, {"loss": "closs"})


def test_warm_kernels_have_their_imports_and_nothing_of_each_other(write, tmp_path):
    """What evaluations import is there before the first cell; what another notebook of the process did is not."""
    script = (
        "import os, sys\n"
        "print(os.getpid(), 'evaluation.evaluate' in sys.modules, hasattr(sys, 'mark'), os.environ['W'])\n"
        "sys.mark = 1"
    )
    path, said = write(PARAMETERS, script), []
    for number in range(2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("W", str(number))
            output = tmp_path / f"{number}.ipynb"
            assert run_notebook.main([str(path), str(output), "--warm", WARM]) == 0
        said.append(nbformat.read(output, 4).cells[-1]["outputs"][0]["text"].split())
    assert said[0][0] != said[1][0]
    assert [each[1:] for each in said] == [["True", "False", "0"], ["True", "False", "1"]]


def test_warm_kernel_that_fails_or_dies_is_told(write, tmp_path, capsys):
    for script, told in (("1 / 0", "ZeroDivisionError"), ("import os; os._exit(1)", "Kernel died")):
        assert run_notebook.main([str(write(PARAMETERS, script)), str(tmp_path / "o.ipynb"), "--warm", WARM]) == 1
        assert told in capsys.readouterr().err
