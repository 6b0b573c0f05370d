"""`python -m metrics score` from outside: the command line and the notebook."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from fixtures.scored_masks import run


def test_the_command_line(pairs, tmp_path):
    pairs()
    command = [sys.executable, "-m", "metrics", "score", str(tmp_path / "predicted"), str(tmp_path / "truth")]
    done = subprocess.run([*command, "-o", str(tmp_path / "out")], capture_output=True, text=True, check=True)
    assert "| Dice ↑ |" in done.stdout
    assert str(tmp_path / "out" / "scores.html") in done.stdout
    failed = subprocess.run([*command, "--preset", "topcow24"], capture_output=True, text=True, cwd=tmp_path)
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1


def test_metrics_do_not_know_of_the_room_above():
    code = "import sys, metrics; print([m for m in sys.modules if m.split('.')[0] in ('tables', 'evaluation')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_notebook_gives_the_same(pairs, tmp_path):
    papermill = pytest.importorskip("papermill")
    pairs()
    expected = run(tmp_path)
    folders = {"predictions": "predicted", "ground_truth": "truth", "output": "by_notebook"}
    parameters = {name: str(tmp_path / folder) for name, folder in folders.items()} | {"workers": 1}
    notebook = Path(__file__).parents[2] / "notebooks" / "score.ipynb"
    papermill.execute_notebook(str(notebook), str(tmp_path / "out.ipynb"), parameters, progress_bar=False)
    found = pd.read_csv(tmp_path / "by_notebook" / "metrics.csv", dtype={"case": str, "class": str})
    pd.testing.assert_frame_equal(found, expected)
    assert "image/png" in (tmp_path / "out.ipynb").read_text()


def test_wrong_notebook_parameters_stop_together(tmp_path):
    from workflow.scoring_form import Scoring

    with pytest.raises(ValueError, match="`predictions`: 'no'.*\n`ground_truth`: 'neither'"):
        Scoring("no", "neither")
    with pytest.raises(ValueError, match="`binary` must be of type bool, got 1"):
        Scoring(str(tmp_path), str(tmp_path), binary=1)
