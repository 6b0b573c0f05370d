"""What the head asks of Slurm and reads from it, with stand-ins for Slurm's commands."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workflow.__main__ import main
from workflow.jobs import cluster, engine, remote
from workflow.jobs.head import head

CONFIG = "MinJobAge = 300 sec\nAccountingStorageType   = {}\n"


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Put commands first in the path; each writes its arguments into a file and prints what it is told to print."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def command(name, prints="", status=0, body=""):
        (folder / f"{name}.out").write_text(prints)
        script = f'#!/bin/sh\necho "$@" >> {folder}/{name}.calls\n{body}\ncat {folder}/{name}.out\nexit {status}\n'
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
        return folder / f"{name}.calls"

    command.folder = folder
    return command


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("accounting_storage/none", False), ("(null)", False), ("accounting_storage/slurmdbd", True)],
)
def test_status_is_asked_of_what_the_cluster_has(slurm, tmp_path, kind, expected):
    slurm("scontrol", CONFIG.format(kind))
    assert cluster.has_accounting() is expected
    options = cluster.options(tmp_path, tmp_path / "logs")
    assert options[options.index("--slurm-status-command") + 1] == ("sacct" if expected else "squeue")
    assert options[options.index("--slurm-logdir") + 1] == str(tmp_path / "logs")


def test_jobs_of_this_folder_are_cancelled_and_no_others(slurm, tmp_path):
    own, other = cluster.prefix(tmp_path / "a"), cluster.prefix(tmp_path / "b")
    assert own != other
    slurm("squeue", f"11|11|{own}_u1\n13|12|{own}_u1\n14|12|{own}_u1\n15|15|{other}_u2\n16|16|wrap\n")
    calls = slurm("scancel", body=f": > {slurm.folder}/squeue.out")
    assert cluster.left_over(tmp_path / "a") == {"11", "12"}
    assert cluster.cancel(tmp_path / "a") == 2
    assert calls.read_text() == "11 12\n"


def test_nothing_is_cancelled_where_nothing_is_left(slurm, tmp_path):
    slurm("squeue")
    calls = slurm("scancel")
    assert cluster.cancel(tmp_path) == 0
    assert not calls.exists()


def test_prefix_is_that_of_the_folder_however_it_is_written(tmp_path, monkeypatch):
    (tmp_path / "results").mkdir()
    (tmp_path / "link").symlink_to("results")
    monkeypatch.chdir(tmp_path)
    assert cluster.prefix("results") == cluster.prefix(tmp_path / "results") == cluster.prefix("link")


def test_job_that_does_not_end_is_named(slurm, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE", 0.1)
    monkeypatch.setattr(cluster, "_PULSE", 0.1)
    slurm("squeue", f"11|11|{cluster.prefix(tmp_path)}_u1\n")
    slurm("scancel", status=1)
    with pytest.raises(cluster.ClusterError, match="do not end: 11"):
        cluster.cancel(tmp_path)


def test_machine_without_slurm_is_refused_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster.shutil, "which", lambda name: None)
    assert main(["smoke", "--results", str(tmp_path / "r"), "--profile", "slurm"]) == 2
    assert capsys.readouterr().err == (
        "sbatch, squeue, scancel, scontrol not found: start this where jobs are submitted, on a login node\n"
    )
    assert not (tmp_path / "r").exists()


def test_second_head_is_refused_in_one_line(tmp_path, capsys):
    inside = "with sole(sys.argv[1], 'login1, process 7'): print('in', flush=True); time.sleep(60)"
    held = "import sys, time; from runs.lock import sole\n" + inside
    first = subprocess.Popen([sys.executable, "-c", held, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout.readline() == "in\n"
        assert main(["smoke", "--results", str(tmp_path)]) == 2
        refusal = capsys.readouterr().err
        assert refusal == f"{tmp_path} cannot be used: it is in use by login1, process 7; wait, or stop that first\n"
    finally:
        first.kill()
        first.wait()


def test_folder_without_locks_is_refused_before_anything_is_submitted(slurm, tmp_path, monkeypatch, capsys):
    import errno
    import fcntl

    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    for name in ("squeue", "scancel", "scontrol"):
        slurm(name)
    calls = slurm("sbatch")
    monkeypatch.setattr(cluster.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr("workflow.command.check_rooms", lambda: None)
    assert main(["smoke", "--results", str(tmp_path), "--profile", "slurm"]) == 2
    refusal = capsys.readouterr().err
    assert refusal.count("\n") == 1
    assert "no locks (flock)" in refusal
    assert not calls.exists()


def test_logs_are_read_as_they_grow(tmp_path):
    logs = remote.JobLogs(tmp_path / "logs")
    assert list(logs.news()) == []
    log = tmp_path / "logs" / "rule_train" / "a" / "7.log"
    log.parent.mkdir(parents=True)
    log.write_text("noise\nbegun: train x\ndone: tr")
    assert list(logs.news()) == ["noise\n"]
    with log.open("a") as file:
        file.write("ain x in 3 s\n")
    assert list(logs.news()) == ["done: train x in 3 s\n"]
    assert list(logs.news()) == []
    log.write_text("begun: train x\n")  # the job was requeued
    assert list(logs.news()) == []
    with log.open("a") as file:
        file.write("done: train x in 4 s\n")
    assert list(logs.news()) == ["done: train x in 4 s\n"]


@pytest.mark.parametrize(
    ("remark", "told"),
    [
        (" DUE TO TIME LIMIT", "failed: train x: TIMEOUT, its time is over"),
        (" DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS", "failed: train x: node failure"),
        (" DUE TO PREEMPTION", "failed: train x: preempted"),
        (" DUE TO JOB REQUEUE", "requeued: train x"),
        ("", "failed: train x: cancelled (scancel)"),
    ],
)
def test_killed_job_is_told_with_title_reason_and_log(tmp_path, remark, told):
    log = tmp_path / "7.log"
    log.write_text(f"begun: train x\nslurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-21T16:00:00{remark} ***\n")
    assert list(remote.JobLogs(tmp_path).news()) == [f"{told}: job 7 on n1, log {log}\n"]


def test_failures_that_were_not_made_good_are_listed_with_cause_and_log(tmp_path):
    log = tmp_path / "logs" / "rule_train" / "12_3.log"
    log.parent.mkdir(parents=True)
    log.write_text("begun: train x\n")
    wrong = tmp_path / "logs" / "rule_train" / "run_a" / "12_3.log"
    output = tmp_path / "snakemake.log"
    output.write_text(
        "Error in rule train:\n    message: SLURM-job '12_3' failed, SLURM status is: 'TIMEOUT'. For further error "
        f"details see\n    jobid: 4\n    log: {wrong} (check log file(s) for error details)\n"
        "Error in rule prepare:\n    message: sbatch failed: no partition\n    jobid: 5\n    output: d/x.prepared\n"
        "Error in rule evaluate:\n    message: it failed once\n    jobid: 6\nFinished jobid: 6 (Rule: evaluate)\n"
    )
    assert remote.failures(output) == [
        f"train x: SLURM-job '12_3' failed, SLURM status is: 'TIMEOUT'. Log: {log}",
        "prepare x.prepared: sbatch failed: no partition",
    ]


def test_head_script_passes_the_end_of_its_time_on(tmp_path):
    """Slurm sends SIGTERM to the script two minutes before the end; the head then ends in order."""
    (tmp_path / "Makefile").write_text("setup:\n\t@true\n")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ntrap "echo ended; exit 130" TERM\necho "$@"\nwhile :; do sleep 0.1; done\n')
    python.chmod(0o755)
    script = Path(__file__).parents[2] / "workflow" / "profiles" / "slurm" / "head.sh"
    environment = os.environ | {"SLURM_SUBMIT_DIR": str(tmp_path), "EXPERIMENT": "desk", "DATA": "/my data"}
    head = subprocess.Popen(["bash", script, "--quick"], env=environment, stdout=subprocess.PIPE, text=True)
    assert head.stdout.readline() == ("-m workflow desk --results results --profile slurm --data /my data --quick\n")
    head.terminate()
    assert head.communicate(timeout=30)[0] == "ended\n"
    assert head.returncode == 130


def test_second_signal_does_not_keep_the_jobs_in_the_queue(tmp_path, monkeypatch):
    cancelled = []
    before = signal.getsignal(signal.SIGINT)  # ignored where the tests themselves run in the background

    def cancel(results):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        cancelled.append(results)

    monkeypatch.setattr(cluster, "check", lambda: None)
    monkeypatch.setattr(cluster, "cancel", lambda results: 0)

    def interrupted():
        with head(str(tmp_path), engine.profile("slurm")):
            monkeypatch.setattr(cluster, "cancel", cancel)
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert cancelled == [str(tmp_path)]
    assert signal.getsignal(signal.SIGINT) is before
