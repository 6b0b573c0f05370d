"""`make notebooks`: all of them, in an order that works from nothing, and what failed is said."""

from pathlib import Path

import pytest

from runs.record import read_record
from workflow import example, notebooks
from workflow.forms import Evaluation
from workflow.places import project_root
from workflow.scoring_form import Scoring
from workflow.table_forms import AllExperiments, ExperimentTables


def test_every_notebook_is_run_once_and_trainings_for_each_loss():
    steps = list(notebooks.steps())
    names = {name for name, _, _ in steps}
    assert names == {path.stem for path in (project_root() / "notebooks").glob("*.ipynb")}
    outputs = [output for _, output, _ in steps]
    assert len(set(outputs)) == len(outputs)
    assert outputs.index("prepare") < outputs.index("train_closs") < outputs.index("evaluate") < outputs.index("tables")
    assert outputs[-1] == "index"


@pytest.mark.parametrize("failing", [None, "summary"])
def test_what_failed_is_said(failing, monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "run_notebook", lambda words: int(Path(words[1]).stem == failing))
    assert notebooks.main() == int(failing is not None)
    printed = capsys.readouterr()
    assert ("results/notebooks/summary.ipynb" in printed.err) == (failing is not None)
    total = len(list(notebooks.steps()))
    assert f"{total - bool(failing)} of {total} notebooks ran" in printed.out


def test_interruption_is_one_line(monkeypatch, capsys):
    def interrupted(words):
        raise KeyboardInterrupt

    monkeypatch.setattr(notebooks, "run_notebook", interrupted)
    assert notebooks.main() == 130
    assert capsys.readouterr().err == "interrupted; the same command runs them again\n"


def test_notebooks_that_are_given_nothing_show_an_example(tmp_path, monkeypatch):
    """In a folder where nothing has been run: each form finds results by its defaults."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(example, "LOSSES", ("closs",))
    tables = ExperimentTables()
    assert tables.folder == Path("results/example")
    assert read_record(example.run_folder()).is_smoke
    assert read_record(Evaluation().run_folder).run.loss == "closs"
    assert (Evaluation().run_folder / "metrics.csv").is_file()
    assert AllExperiments().experiments == ["results"]
    assert Path(Scoring().predictions).is_dir()
    assert Path(Scoring().ground_truth).is_dir()
    changed = (Evaluation().run_folder / "checkpoint.pt").stat().st_mtime_ns
    example.make()
    assert (Evaluation().run_folder / "checkpoint.pt").stat().st_mtime_ns == changed
