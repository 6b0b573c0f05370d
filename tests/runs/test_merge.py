import json
import os
import subprocess
import sys

import pytest

from runs import choices
from runs.choices import Choice, Choices, Trial
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


def _a_run_of(results):
    return next(results.rglob("run.json")).parent


STRANGERS = {
    "out of the folder": lambda path, outside: path.symlink_to(outside / "secret.txt"),
    "out of the folder, to /dev/zero": lambda path, outside: path.symlink_to("/dev/zero"),
    "neither a file": lambda path, outside: os.mkfifo(path),
    "not to a file": lambda path, outside: path.symlink_to("."),
}


@pytest.mark.parametrize("problem", STRANGERS)
def test_nothing_strange_is_read_or_copied(machines, tmp_path, problem):
    (tmp_path / "secret.txt").write_text("secret")
    run = _a_run_of(machines[1])
    (run / "deeper").mkdir()
    for name in ("metrics.csv", "run.json", "deeper/extra.npz"):
        place = run / name
        kept = place.read_bytes() if place.exists() else b""
        place.unlink(missing_ok=True)
        STRANGERS[problem](place, tmp_path)
        with pytest.raises(ValueError, match=f"{place} is .*{problem}"):
            merge(machines, tmp_path / "all")
        assert not (tmp_path / "all").exists()
        place.unlink()
        place.write_bytes(kept)


def test_the_command_does_not_read_a_device_without_end(machines, tmp_path):
    """In a process of its own, with a limit on time."""
    place = _a_run_of(machines[1]) / "metrics.csv"
    place.unlink()
    place.symlink_to("/dev/zero")
    command = [sys.executable, "-m", "tables", "merge", *map(str, machines), "-o", str(tmp_path / "all")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stdout
    assert f"{place} is a link out of the folder, to /dev/zero" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_a_link_out_of_the_source_is_refused(machines, tmp_path):
    run = _a_run_of(machines[1])
    run.rename(tmp_path / "elsewhere")
    run.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=f"{run} leads out of {machines[1]}"):
        merge(machines, tmp_path / "all")


def test_a_plan_that_is_a_device_is_refused(machines, tmp_path):
    plan = machines[0] / "demo" / "plan.json"
    plan.unlink()
    plan.symlink_to("/dev/zero")
    with pytest.raises(ValueError, match=f"{plan} leads out of"):
        merge(machines, tmp_path / "all")


def test_links_to_files_inside_are_copied_as_files(machines, tmp_path):
    run = _a_run_of(machines[0])
    (run / "again.csv").symlink_to("metrics.csv")
    copied = merge(machines, tmp_path / "all") / run.relative_to(machines[0]) / "again.csv"
    assert not copied.is_symlink()
    assert copied.read_bytes() == (run / "metrics.csv").read_bytes()


def test_command(machines, tmp_path, capsys):
    assert main(["merge", *map(str, machines), "-o", str(tmp_path / "all")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "all")
    assert main(["merge", *map(str, machines), "-o", str(tmp_path / "all")]) == 2
    assert "exists already" in capsys.readouterr().err


def _tuned(dataset, chosen=0, rule="clDice on the validation cases"):
    trials = [Trial({"gamma": gamma}, {"cldice": 0.5 + gamma}) for gamma in (0.1, 0.2)]
    return Choices("cldice", rule, [Choice(dataset, "CLoss (gamma tuned)", "closs", trials, chosen)])


def test_what_was_chosen_on_each_machine_is_joined(machines, tmp_path):
    for source, dataset in zip(machines, ("roads", "walls"), strict=True):
        choices.write_choices(source / "demo", _tuned(dataset))
    joined = choices.read_choices(merge(machines, tmp_path / "all") / "demo")
    assert [choice.dataset for choice in joined.choices] == ["roads", "walls"]
    assert joined.choices[0] == _tuned("roads").choices[0]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (_tuned("roads", chosen=1), "CLoss .* on roads was tuned twice"),
        (_tuned("walls", rule="Dice"), "different rules.*Dice"),
    ],
)
def test_values_chosen_differently_are_refused(machines, tmp_path, other, message):
    choices.write_choices(machines[0] / "demo", _tuned("roads"))
    choices.write_choices(machines[1] / "demo", other)
    with pytest.raises(ValueError, match=message):
        merge(machines, tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_choices_that_are_a_link_out_of_the_folder_are_refused(machines, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    (machines[0] / "demo" / "tuning").mkdir()
    (machines[0] / "demo" / "tuning" / "choices.json").symlink_to(secret)
    with pytest.raises(ValueError, match="choices.json"):
        merge(machines, tmp_path / "all")
