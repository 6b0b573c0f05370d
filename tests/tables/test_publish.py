import fcntl

import pandas as pd
import pytest

from runs.lock import NOTEBOOK
from tables.__main__ import main
from tables.experiment import publish, render


@pytest.fixture
def experiment(writer):
    for loss in ("dice_ce", "closs", "scnp"):
        writer.run(loss)
    return writer.write_plan()


def test_everything_worth_keeping_is_there_and_small(experiment, tmp_path):
    target = tmp_path / "published"
    assert main(["publish", str(experiment), "-o", str(target)]) == 0
    names = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert {
        "tables/comparison.csv",
        "tables/comparison.md",
        "scorecard.md",
        "scorecard.json",
        "runs.csv",
        "values/roads.csv.xz",
    } <= names
    assert not [name for name in names if name.endswith((".html", ".tex", ".pdf"))]
    assert {
        "figures/advice.png",
        "figures/metrics-roads.png",
        "figures/ranks.png",
        "figures/cost.png",
        "figures/datasets.png",
    } <= names
    runs = pd.read_csv(target / "runs.csv")
    assert list(runs["loss"]) == ["dice_ce", "closs", "scnp"]
    assert set(runs["commit"]) == {"0123456789abcdef"}
    values = pd.read_csv(target / "values" / "roads.csv.xz")
    # three runs, four cases, with and without post-processing
    assert len(values) == 3 * 4 * 2
    assert {"dice", "betti0_error"} <= set(values.columns)


def test_too_much_is_refused(experiment, tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "_write", lambda *_: [experiment / "plan.json"])
    monkeypatch.setattr(publish, "LIMIT", 1000)
    with pytest.raises(ValueError, match="publish fewer datasets"):
        publish.publish(experiment, tmp_path / "published")


@pytest.mark.parametrize("command", [["publish", "-o", "published"], ["render"]], ids=lambda command: command[0])
def test_the_notebook_of_the_tables_does_not_write_meanwhile(command, experiment, tmp_path, monkeypatch):
    """Figures of one state of the code once lay beside tables of another, as both wrote into one folder."""
    tried = []

    def rendered(*_):
        with (experiment / NOTEBOOK).open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        tried.append(True)
        raise ValueError("far enough")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(render, "render", rendered)
    assert main([command[0], str(experiment), *command[1:]]) == 2
    assert tried
