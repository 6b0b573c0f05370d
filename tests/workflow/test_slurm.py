"""The workflow on a real Slurm: queueing, refusals and ends of the head, with jobs that only wait.

The cluster needs a partition `held` whose jobs stay in the queue (`.ci/slurm` starts one).
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from workflow import cluster

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "workflow" / "profiles" / "slurm" / "config.yaml"


def _why_not() -> str:
    if shutil.which("sbatch") is None:
        return "slurm-wlm is not installed"
    if find_spec("snakemake_executor_plugin_slurm") is None:
        return "Snakemake's plugin for Slurm is not installed (extra `slurm`)"
    answer = subprocess.run(["sinfo", "--noheader", "--format=%P"], capture_output=True, text=True)
    return "" if "held" in answer.stdout.split() else "no Slurm runs here that has a partition `held`"


pytestmark = pytest.mark.skipif(bool(_why_not()), reason=_why_not())


@pytest.fixture
def place(tmp_path) -> Iterator[Path]:
    """A results folder, none of whose jobs outlives the test."""
    yield tmp_path / "results"
    cluster.cancel(tmp_path / "results")


@pytest.fixture
def held(tmp_path) -> Path:
    """The profile with everything in the partition whose jobs never start."""
    settings = yaml.safe_load(PROFILE.read_text())
    settings["default-resources"]["slurm_partition"] = "'held'"
    folder = tmp_path / "held"
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return folder


def _experiment(folder: Path, seeds: int) -> Path:
    path = folder / "waiting.yaml"
    content = {
        "title": "Waiting",
        "datasets": {"synthetic2d": {"common": {"network_parameters": {"channels": [4, 8]}, "patch_size": [32, 32]}}},
        "losses": ["dice_ce", "scnp", {"cldice": {"iterations": 2}}, {"closs": {"gamma": 0.1, "normalize": "mask"}}],
        "metrics": ["dice"],
        "seeds": list(range(seeds)),
        "common": {"optimizer": "adamw", "overlap": 0.0, "batch_size": 2, "checkpoint_every": 1},
        "pretrain": {"iterations": 2},
        "finetune": {"iterations": 1},
    }
    path.write_text(yaml.safe_dump(content))
    return path


def _prepared(results: Path) -> None:
    """Let the first jobs be trainings."""
    import data_prep

    data_prep.prepare("synthetic2d", None, results / "data")


def _start(experiment: Path, results: Path, profile: Path | str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "workflow", str(experiment), "--results", str(results), "--profile", str(profile)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, text=True, start_new_session=True, **pipes)


def _queue(results: Path, form: str = "%i|%j") -> list[str]:
    command = ["squeue", "--me", "--array", "--noheader", f"--format=%j {form}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split(maxsplit=1)[1] for line in lines if line.startswith(cluster.prefix(results))]


def _wait(results: Path, number: int, head: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 300
    while len(_queue(results)) != number:
        assert head.poll() is None, head.communicate()
        assert time.monotonic() < end, f"{len(_queue(results))} jobs instead of {number}"
        time.sleep(1)


def _ended(head: "subprocess.Popen[str]", how: signal.Signals) -> str:
    os.kill(head.pid, how)
    return head.communicate(timeout=120)[1]


def test_killed_head_doubles_nothing_and_another_is_refused(tmp_path, place, held):
    """250 jobs stay 250 after SIGKILL and the same command; a stage is one call of sbatch; SIGTERM leaves none."""
    _prepared(place)
    experiment = _experiment(tmp_path, 250)
    first = _start(experiment, place, held)
    _wait(place, 250, first)
    assert len({line.split("_")[0] for line in _queue(place, "%i")}) <= 10
    assert {line.split()[0] for line in _queue(place, "%l")} == {"4:00:00"}
    assert {int(line.removesuffix("M")) for line in _queue(place, "%m")} == {16002}  # 2 MB for the list of an array
    shown = subprocess.run(["scontrol", "show", "job", _queue(place, "%A")[0]], capture_output=True, text=True).stdout
    assert "TresPerJob=gres:gpu:1" in shown
    second = _start(experiment, place, held)
    _, refusal = second.communicate(timeout=200)
    assert second.returncode == 2
    assert refusal.count("\n") == 1
    assert f"process {first.pid}" in refusal
    _ended(first, signal.SIGKILL)
    assert len(_queue(place)) == 250
    again = _start(experiment, place, held)
    end = time.monotonic() + 300
    while "cancelled" not in (line := again.stdout.readline()):
        assert line
        assert time.monotonic() < end
    _wait(place, 250, again)
    assert "Traceback" not in _ended(again, signal.SIGTERM)
    assert again.returncode == 130
    assert _queue(place) == []


def test_interrupt_cancels_the_jobs_of_this_folder_only(tmp_path, held):
    results = [tmp_path / "a", tmp_path / "b"]
    heads = [_start(_experiment(tmp_path, 1), each, held) for each in results]
    try:
        for each, head in zip(results, heads, strict=True):
            _wait(each, 1, head)
        told = _ended(heads[0], signal.SIGINT)
        assert told.endswith("interrupted; the same command goes on where it was\n")
        assert "Traceback" not in told
        assert _queue(results[0]) == []
        assert len(_queue(results[1])) == 1
    finally:
        for each, head in zip(results, heads, strict=True):
            head.kill()
            head.communicate()
            cluster.cancel(each)


def test_wrong_partition_is_told_with_the_reason(tmp_path, place, held):
    path = held / "config.yaml"
    path.write_text(path.read_text().replace("held", "no_such_partition").replace("retries: 2", "retries: 0"))
    head = _start(_experiment(tmp_path, 1), place, held)
    _, told = head.communicate(timeout=400)
    assert head.returncode == 1
    assert "invalid partition specified: no_such_partition" in told
    assert "Traceback" not in told
