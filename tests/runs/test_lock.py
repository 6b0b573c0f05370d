"""One process at a time in a run's folder."""

import subprocess
import sys

from runs.lock import alone

HOLD = """
import sys, time
from runs.lock import alone
with alone(sys.argv[1]):
    print("in", flush=True)
    time.sleep(300)
"""


def hold(folder):
    command = [sys.executable, "-c", HOLD, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_killed_process_lets_go(tmp_path):
    holder = hold(tmp_path)
    assert holder.stdout.readline() == "in\n"
    waiting = hold(tmp_path)
    assert waiting.stderr.readline().startswith("waiting for another process that writes into")
    assert waiting.poll() is None
    holder.kill()
    assert waiting.stdout.readline() == "in\n"
    waiting.kill()
    waiting.wait()
    with alone(tmp_path) as waited:
        assert not waited
