"""`python -m workflow`: refusals within seconds, the Snakefile's jobs, and what is printed of them."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runs.failure import Failure, write_failure
from runs.plan import ExperimentPlan, read_plan
from runs.record import COMPLETED, RunRecord, write_record
from training.config import Config
from workflow import import_check
from workflow.__main__ import main
from workflow.jobs import follow
from workflow.jobs.grid import Grid
from workflow.notebook_session import given

ROOT = Path(__file__).parents[2]


def test_unknown_loss_is_refused_before_anything_runs(tmp_path, capsys):
    experiment = tmp_path / "mine.yaml"
    experiment.write_text("datasets: {synthetic2d: }\nlosses: [clos]\n")
    assert main([str(experiment), "--results", str(tmp_path / "results")]) == 2
    assert "'clos'; did you mean 'closs'" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_unknown_experiment_is_refused(tmp_path, capsys):
    assert main(["smok", "--results", str(tmp_path)]) == 2
    assert "did you mean 'smoke'" in capsys.readouterr().err


def test_name_of_a_paper_and_of_an_experiment_means_the_paper_and_with_quick_the_experiment(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    given = ["topomortar", "--data", str(tmp_path / "data"), "--results", str(tmp_path / "results"), "--plan"]
    assert main([*given, "--quick"]) == 0
    assert "TopoMortar, in-distribution, quick variant: 14 runs on topomortar" in capsys.readouterr().out
    assert main([*given, "--scale", "0.01"]) == 1
    assert "nothing of topomortar can be run" in capsys.readouterr().err


def test_snakefile_makes_every_step_of_the_plan(tmp_path, capsys):
    """A dry run of the real Snakefile: 2 datasets, 28 trainings, evaluations seven at a time, one report."""
    others = {"prepare": "2", "evaluate": "4", "measure": "2", "tables": "1"}
    assert main(["smoke", "--results", str(tmp_path), "--cores", "8", "--plan"]) == 0
    told = capsys.readouterr().out
    assert "28 trainings, each a job of its own" in told
    assert _steps(told) == others | {"train_baseline": "4", "train": "24", "evaluate": "14", "total": "48"}
    # two pretrainings, and of each dataset 13 fine-tunings in four jobs, one of them with Dice&CE
    assert main(["smoke", "--results", str(tmp_path), "--cores", "2", "--plan"]) == 0
    told = capsys.readouterr().out
    assert "28 trainings in 10 jobs" in told
    jobs = {"train_baseline": "2", "train_baselines_together": "2", "train_together": "6"}
    assert _steps(told) == others | jobs | {"total": "20"}
    assert json.loads((tmp_path / "smoke" / "plan.json").read_text())["smoke"] is True


def _steps(told):
    """Return how often Snakemake would run each rule."""
    counts = dict(line.split()[:2] for line in told.splitlines() if len(line.split()) == 2 and line[-1].isdigit())
    return {name: counts[name] for name in counts if name != "all"}


def test_steps_are_counted_and_the_rest_is_kept_in_the_log(tmp_path, capsys):
    (tmp_path / "demo").mkdir()
    script = "print('noise'); print('failed: b: no'); print('done: a in 1 s'); print('done: b in 2 s')"
    assert follow.follow([sys.executable, "-c", script], tmp_path / "demo", 2) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["[1/2", "[2/2", "[2/2"]  # b was tried again
    assert "noise" in (tmp_path / "demo" / "snakemake.log").read_text()


def test_failure_of_snakemake_itself_is_shown(tmp_path, capsys):
    (tmp_path / "demo").mkdir()
    assert follow.follow([sys.executable, "-c", "print('syntax error'); exit(3)"], tmp_path / "demo") == 3
    assert "syntax error" in capsys.readouterr().err


def test_name_that_snakemake_would_split_is_refused(tmp_path, capsys):
    experiment = tmp_path / "a,b.yaml"
    experiment.write_text("datasets: {synthetic2d: }\nlosses: [closs]\n")
    assert main([str(experiment), "--results", str(tmp_path / "results")]) == 2
    assert "allows none of , { }" in capsys.readouterr().err


def test_failures_are_listed_with_their_notebooks(tmp_path):
    """Of the runs, and of the preparation of the data, which has a folder of its own where datasets have options."""
    folder, data = tmp_path / "demo" / "runs", tmp_path / "data-demo"
    plan = ExperimentPlan("demo", folder=str(tmp_path / "demo"), results=str(tmp_path), data=str(data))
    grid = Grid([plan], tmp_path / "demo")
    write_failure(tmp_path / "demo", Failure("tables.ipynb", "ValueError: no runs"))
    assert follow.failures(grid) == [f"{tmp_path}/demo/tables.ipynb: ValueError: no runs"]
    write_failure(folder, Failure("train.ipynb", "ValueError: no"))
    write_failure(data / "notebooks" / "isbi12", Failure("prepare.ipynb", "OSError: full"))
    assert follow.failures(grid) == [
        f"{folder}/train.ipynb: ValueError: no",
        f"{data}/notebooks/isbi12/prepare.ipynb: OSError: full",
    ]  # the tables failed only because the others did


@pytest.mark.parametrize("library", ["yaml", "torch"])
def test_interrupt_while_the_libraries_load_is_one_line(library, tmp_path):
    """Ctrl-C in the first seconds, in the middle of an import that swallows the exception."""
    swallowing = "import os, signal\ntry:\n    os.kill(os.getpid(), signal.SIGINT)\nexcept BaseException:\n    pass\n"
    (tmp_path / f"{library}.py").write_text(swallowing)
    command = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv[1:] = ['smoke', '--plan']; "
    command += "import runpy; runpy.run_module('workflow', run_name='__main__')"
    started = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores interrupts
    )
    assert started.returncode == 130
    assert started.stderr == "interrupted; the same command goes on where it was\n"
    assert started.stdout == ""


def test_rooms_are_this_projects():
    import_check.check_rooms()


def test_foreign_room_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(import_check, "_foreign", lambda name: "/elsewhere/tables" if name == "tables" else None)
    with pytest.raises(ImportError, match="`tables` is /elsewhere/tables.*PyTables"):
        import_check.check_rooms()


def test_missing_variable_of_a_notebook_is_named():
    from workflow.table_forms import ExperimentTables

    assert given(ExperimentTables, {"experiment": "x", "other": 1}) == {"experiment": "x"}
    with pytest.raises(ValueError, match="must define experiment"):
        given(ExperimentTables, {})


def test_folder_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "results").write_text("a file, where a folder ought to be")
    assert main(["smoke", "--results", str(tmp_path / "results"), "--plan"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"{tmp_path / 'results'} cannot be used: ")
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("command", ["workflow smoke --plan --results {}", "tables index {}"])
def test_results_that_are_read_only_are_one_line(command, tmp_path):
    """On a file system that is mounted read-only, in processes of their own."""
    place = tmp_path / "results"
    (place / "demo" / "runs").mkdir(parents=True)
    mount = f"mount --bind {place} {place} && mount -o remount,ro,bind {place}"
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "sh", "-c", mount]).returncode:
        pytest.skip("mounting a folder read-only needs unshare and the rights of root")
    call = f"{mount} && exec {sys.executable} -m {command.format(place)}"
    done = subprocess.run(["unshare", "-m", "sh", "-c", call], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 2
    assert "Read-only file system" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_dry_run_leaves_the_plan_that_results_are_compared_with(tmp_path, capsys):
    """And a folder's name may be anything: no shell reads it, Snakemake does not take braces for wildcards."""
    results = tmp_path / "my {results} $(touch pwned) 'q' ü"
    assert main(["smoke", "--results", str(results), "--plan"]) == 0
    before = (results / "smoke" / "plan.json").read_bytes()
    assert main(["smoke", "--results", str(results), "--plan", "--set", "finetune.iterations=7"]) == 0
    assert (results / "smoke" / "plan.json").read_bytes() == before
    assert "total" in capsys.readouterr().out
    assert not list(tmp_path.rglob("pwned"))


def test_parameter_that_no_form_has_stops_the_notebook():
    """papermill adds a cell with what it was given, and only warns of unknown names."""
    from workflow.table_forms import ExperimentTables

    own = 'experiment: str = "results/smoke"  # folder\nother: int = 3  # what == is not'
    added = '# Parameters\nexperimental = "mine"\n'
    values = {"experiment": "x"}
    with pytest.raises(ValueError, match="'experimental'; did you mean 'experiment'"):
        given(ExperimentTables, values | {"In": ["", own.splitlines()[0], added]})
    with pytest.raises(ValueError, match="unknown parameter 'other'"):
        given(ExperimentTables, values | {"In": ["", own]})
    corrected = ["", own, added, own.splitlines()[0], added.replace("experimental", "experiment"), "folder = 3"]
    assert given(ExperimentTables, values | {"In": corrected}) == values


@pytest.fixture
def finished(tmp_path):
    """An experiment file, and a plan of it whose runs are all recorded as finished, with weights."""
    path = tmp_path / "mine.yaml"
    path.write_text("datasets: {synthetic2d: }\nlosses: [dice_ce, closs]\n")
    assert main([str(path), "--results", str(tmp_path / "results"), "--plan"]) == 0
    for job in read_plan(tmp_path / "results" / "mine").jobs:
        config = Config(**job.train)
        write_record(job.folder, RunRecord(run=config.run, parameters=config.as_dict(), exit_cause=COMPLETED))
        (config.run_folder / "checkpoint.pt").write_text("weights")
    return path


def test_experiment_with_other_parameters_is_refused(finished, tmp_path, capsys):
    asked = [str(finished), "--results", str(tmp_path / "results"), "--set", "finetune.iterations=7"]
    assert main(asked) == 2
    message = capsys.readouterr().err
    assert "`iterations` 1000 instead of 7 (dice_ce on synthetic2d, fold 0, seed 0 and 1 more)" in message
    assert "--overwrite" in message
    assert main([*asked, "--overwrite", "--plan"]) == 0


def test_force_makes_finished_runs_again(finished, tmp_path, monkeypatch, capsys):
    """Snakemake is not run here: what it would be left to do is in the flags and on the screen."""
    monkeypatch.setattr(follow, "follow", lambda *_: 1)
    monkeypatch.setattr("workflow.command._render", lambda plan: None)
    asked = [str(finished), "--results", str(tmp_path / "results")]
    weights = list((tmp_path / "results" / "mine").rglob("checkpoint.pt"))
    main(asked)
    assert len(weights) == 3
    assert all(path.is_file() for path in weights)
    main([*asked, "--force"])
    assert not any(path.is_file() for path in weights)
    assert all(job.train["overwrite"] for job in read_plan(tmp_path / "results" / "mine").jobs)


def test_log_reaches_every_training(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(follow, "follow", lambda *_: 1)
    monkeypatch.setattr("workflow.command._render", lambda plan: None)
    main([str(finished), "--results", str(tmp_path / "results"), "--force", "--log", "tensorboard"])
    assert all(job.train["log"] == "tensorboard" for job in read_plan(tmp_path / "results" / "mine").jobs)
