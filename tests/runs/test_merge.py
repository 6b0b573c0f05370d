import json

import pytest

from runs.merge import merge
from runs.results import collect
from tables.__main__ import main
from tables.experiment import compare


@pytest.fixture
def machines(tmp_path, writer_of):
    """Two machines with one seed each, and a run that both have."""
    sources = []
    for number in (0, 1):
        writer = writer_of(tmp_path / f"machine{number}")
        writer.run(seed=5, dice=(0.5, 0.6, 0.7, 0.8))
        writer.run("closs", seed=number, dice=(0.1 * number, 0.2, 0.3, 0.4))
        writer.write_plan()
        sources.append(writer.results)
    return sources


def _spoil(folder, name, change):
    path = next(path for path in folder.rglob(name) if "dice_ce" in str(path))
    path.write_text(change(path.read_text()))


def test_runs_of_both_machines_make_one_table(machines, tmp_path):
    target = merge(machines, tmp_path / "all")
    results = collect(target / "demo")
    assert sorted((result.run.loss, result.run.seed) for result in results.runs) == [
        ("closs", 0), ("closs", 1), ("dice_ce", 5),
    ]  # fmt: skip
    (table, *_) = compare.comparisons(results)
    closs = next(row for row in table.rows if row.label == "CLoss")
    # the first case is 0 on one machine and 0.1 on the other
    assert closs.cells["dice"].mean == pytest.approx((0.05 + 0.2 + 0.3 + 0.4) / 4)
    assert closs.counted == "2"
    assert {result.state for result in results.runs} == {"done"}


def test_where_each_run_came_from_is_kept(machines, tmp_path):
    target = merge(machines, tmp_path / "all")
    origins = json.loads((target / "demo" / "merged.json").read_text())["runs"]
    by_run = {path.rpartition("runs/")[2]: origin for path, origin in origins.items()}
    assert by_run["roads/closs/fold0-seed1"]["source"] == "machine1"
    assert by_run["roads/closs/fold0-seed0"]["machine"]["processor"] == "a processor"
    assert (target / "demo/runs/roads/closs/fold0-seed1/run.json").is_file()


def test_two_results_under_one_key_are_refused(machines, tmp_path):
    _spoil(machines[1], "metrics.csv", lambda text: text.replace("0.6", "0.61"))
    with pytest.raises(ValueError, match="machine0/demo/.* and .*machine1/demo/.* are different results of one run"):
        merge(machines, tmp_path / "all")
    assert not (tmp_path / "all").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["machine0", "machine1"]


def test_other_parameters_under_one_key_are_refused(machines, tmp_path):
    _spoil(machines[1], "run.json", lambda text: text.replace('"hash": "h"', '"hash": "other"'))
    with pytest.raises(ValueError, match="different results of one run"):
        merge(machines, tmp_path / "all")


def test_nothing_is_overwritten(machines, tmp_path):
    (tmp_path / "all").mkdir()
    with pytest.raises(ValueError, match="all exists already"):
        merge(machines, tmp_path / "all")


@pytest.mark.parametrize("wrong", ["missing", "empty", "one"])
def test_folders_that_cannot_be_merged_are_named(machines, tmp_path, wrong):
    (tmp_path / "empty").mkdir()
    sources = [machines[0]] if wrong == "one" else [machines[0], tmp_path / wrong]
    with pytest.raises(
        ValueError, match={"one": "two results folders or more", "missing": "no such folder"}.get(wrong, "no runs")
    ):
        merge(sources, tmp_path / "all")


def test_command(machines, tmp_path, capsys):
    assert main(["merge", *map(str, machines), "-o", str(tmp_path / "all")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "all")
    assert main(["merge", *map(str, machines), "-o", str(tmp_path / "all")]) == 2
    assert "exists already" in capsys.readouterr().err
