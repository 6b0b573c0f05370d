"""The destination is as before when something stops the preparation half way."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import data_prep
from data_prep import PreparationError, Prepared
from data_prep._plan import Case
from data_prep.prepared.workers import count_workers, run_all


@pytest.fixture
def own(tmp_path):
    """Sixty images that take a while to read and to write."""
    rng = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (tmp_path / "own" / kind).mkdir(parents=True)
    pixels = rng.integers(0, 256, (500, 500, 3), np.uint8)
    for number in range(60):
        Image.fromarray(pixels).save(tmp_path / "own" / "images" / f"{number:02d}.bmp")
        Image.fromarray((pixels[..., 0] > 99).astype(np.uint8)).save(tmp_path / "own" / "masks" / f"{number:02d}.png")
    return tmp_path / "own"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_interrupt_half_way(own, tmp_path, workers):
    destination = tmp_path / "data"
    (destination / "folder").mkdir(parents=True)
    (destination / "folder" / "before.txt").write_text("here before")
    command = [sys.executable, "-m", "data_prep", "prepare", "folder", "--source", str(own), "--workers", workers]
    process = subprocess.Popen(
        [*command, "--destination", str(destination)],
        cwd=Path(data_prep.__file__).parents[1],
        stderr=subprocess.PIPE,
        text=True,
        # as a terminal does: the interrupt goes to all processes
        start_new_session=True,
        # a job in the background ignores interrupts, and so would all that it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while len(list(destination.rglob("*_0000.png"))) < 20:  # by then every process is at work
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip().splitlines() == ["interrupted; the destination is as before"]
    assert sorted(path.name for path in destination.rglob("*")) == ["before.txt", "folder"]


def test_full_disk_half_way(small, monkeypatch, capsys):
    from data_prep.__main__ import main

    before = Prepared(small).checksum
    write, count = Path.write_bytes, []

    def write_until_full(path, data):
        count.append(path)
        if len(count) > 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", write_until_full)
    assert main(["prepare", "synthetic2d", "--destination", str(small.parent), "--option", "size=64"]) == 1
    monkeypatch.undo()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert f"no space left in {small.parent}, which is as before; free some" in lines[0]
    assert Prepared(small).checksum == before
    assert os.listdir(small.parent) == ["synthetic2d"]


def test_several_processes_write_the_same_bytes(own, tmp_path):
    alone = data_prep.prepare("folder", own, tmp_path / "a", workers=1)
    together = data_prep.prepare("folder", own, tmp_path / "b", workers=2)
    assert (alone / "checksums.json").read_bytes() == (together / "checksums.json").read_bytes()


def test_problems_from_other_processes_come_in_the_order_of_the_cases(own, tmp_path):
    for number in (50, 3):
        path = own / "images" / f"{number:02d}.bmp"
        path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(PreparationError) as caught:
        data_prep.prepare("folder", own, tmp_path / "data", workers=2)
    assert [Path(line.split(": ")[0]).name for line in caught.value.problems] == ["03.bmp", "50.bmp"]
    assert os.listdir(tmp_path / "data") == []


def test_workers_are_bounded_by_cases_memory_and_use(tmp_path, monkeypatch):
    path = tmp_path / "big"
    path.touch()
    os.truncate(path, 1 << 30)
    cases = [Case(str(number), dict, (path,)) for number in range(9)]
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 200 << 18, "SC_PAGE_SIZE": 1 << 12}.__getitem__)
    # 200 GiB of memory, of which a half is used; 20 bytes for each byte of the source
    assert count_workers(cases) == 5
    assert count_workers(cases, 20) == 9
    os.truncate(path, 1 << 20)
    assert count_workers(cases) == 1
    with pytest.raises(ValueError, match="`workers` must be 0"):
        count_workers(cases, -1)


def test_few_cases_wait_at_a_time():
    taken = []

    def cases():
        for number in range(100):
            taken.append(number)
            yield Case(str(number), dict)

    results = run_all(_name, cases(), workers=2)
    assert next(results) == "0" or len(taken) <= 5
    assert len(taken) <= 5
    assert len(list(results)) == 99


def _name(case):
    return case.name
