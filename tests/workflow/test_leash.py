"""Snakemake ends with its head, however that one ends; Ctrl-C is one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
HEAD = """
import sys
from pathlib import Path
from workflow.jobs.follow import follow
try:
    follow([sys.executable, "-c", sys.argv[2]], Path(sys.argv[1]))
except KeyboardInterrupt:
    print("interrupted", file=sys.stderr)
    sys.exit(130)
"""
# an engine with a job of its own in a session of its own, both deaf to SIGTERM if asked to
ENGINE = """
import signal, subprocess, sys, time
if {deaf}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
job = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
print("job", job.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture(params=[False, True], ids=["obedient", "deaf"])
def head(request, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HEAD, str(tmp_path), ENGINE.format(deaf=request.param)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a job in the background ignores interrupts, and so would all that it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    log = tmp_path / "snakemake.log"
    for _ in range(600):
        if log.is_file() and "job" in log.read_text():
            break
        time.sleep(0.1)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) == 3  # leash, engine, job
    yield process, family
    for each in family:
        if each.is_running():
            each.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_head(head, how):
    process, family = head
    os.kill(process.pid, how)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    status = process.wait(timeout=30)
    if how == signal.SIGINT:
        assert status == 130
        assert process.stderr.read() == "interrupted\n"


def test_exit_status_passes_through(tmp_path):
    command = [sys.executable, "-m", "workflow.jobs.leash", sys.executable, "-c", "import sys; sys.exit(3)"]
    assert subprocess.run(command, cwd=ROOT, input=b"").returncode == 128 + signal.SIGTERM
    held = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
    assert held.wait(timeout=60) == 3
