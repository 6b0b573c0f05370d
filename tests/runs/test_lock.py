"""One process at a time in a run's folder."""

import errno
import fcntl
import os
import subprocess
import sys

import pytest

from runs.lock import alone, sole

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


@pytest.mark.parametrize("guard", [alone, lambda folder: sole(folder, "this test")], ids=["alone", "sole"])
@pytest.mark.parametrize(("number", "message"), [(errno.ENOLCK, "no locks"), (errno.EIO, "Input/output error")])
def test_a_file_system_without_locks_is_told_from_other_errors(tmp_path, monkeypatch, guard, number, message):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(OSError, match=message) as error, guard(tmp_path):
        pass
    assert error.value.errno == number


def test_who_holds_a_results_folder_is_said(tmp_path):
    with (
        sole(tmp_path, "the first one"),
        pytest.raises(OSError, match="in use by the first one; wait"),
        sole(tmp_path, "the second one"),
    ):
        pass
    with sole(tmp_path, "the third one"):
        pass
