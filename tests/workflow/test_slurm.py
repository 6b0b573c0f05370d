"""The workflow on a real Slurm: queueing, refusals, ends of the head and of its jobs, and the numbers that come out.

The cluster needs a partition `held` whose jobs stay in the queue, and may be disturbed: a test takes its node down
(`.ci/slurm` starts one). Those that take minutes are marked `slow`.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from runs.record import read_record
from training.config import Config
from training.loop import train
from workflow.experiment import merge
from workflow.jobs import cluster

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


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Where the tests run in the background, Ctrl-C is ignored, and heads would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def place(tmp_path) -> Iterator[Path]:
    """A results folder, none of whose jobs outlives the test."""
    yield tmp_path / "results"
    cluster.cancel(tmp_path / "results")


@pytest.fixture
def held(tmp_path) -> Path:
    """The profile with everything in the partition whose jobs never start."""
    return _profile(tmp_path / "held", **{"default-resources": {"slurm_partition": "'held'"}})


def _profile(folder: Path, **changes: object) -> Path:
    """Write the profile with other settings; a dictionary changes what it names."""
    settings = yaml.safe_load(PROFILE.read_text())
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(merge(settings, changes)))
    return folder


def _experiment(folder: Path, seeds: int, **changes: object) -> Path:
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
    path.write_text(yaml.safe_dump(content | changes))
    return path


def _prepared(results: Path) -> None:
    """Let the first jobs be trainings."""
    import data_prep

    data_prep.prepare("synthetic2d", None, results / "data")


def _start(experiment: Path, results: Path, profile: Path | str, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "workflow", str(experiment), "--results", str(results), "--profile", str(profile)]
    command += more
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


@pytest.mark.slow
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


def test_failed_job_ends_the_head_without_accounting(tmp_path, place):
    """Its line comes within a minute, the head ends within two, and names run, cause and log."""
    (tmp_path / "data" / "empty").mkdir(parents=True)
    experiment = _experiment(tmp_path, 1, datasets={"crackforest": {"source": "empty"}})
    head = _start(experiment, place, _profile(tmp_path / "once", retries=0), "--data", str(tmp_path / "data"))
    *_, line = _read_until(head, "failed: ")
    told = time.time()
    log = next((place / "waiting" / ".steps" / "slurm_logs").rglob("*.log"))
    failed = log.stat().st_mtime
    _, summary = head.communicate(timeout=240)
    assert told - failed < 60
    assert time.time() - failed < 120
    assert head.returncode == 1
    assert "failed: prepare crackforest: " in line
    assert "prepare.ipynb: " in summary
    assert str(log) in summary
    assert "Traceback" not in summary


@pytest.mark.slow
def test_numbers_are_those_of_the_local_profile(tmp_path):
    """Four losses, one of them with two parameters, byte for byte."""
    written = []
    for profile in ("slurm", "local"):
        results = tmp_path / profile
        head = _start(_experiment(tmp_path, 1), results, profile)
        _, told = head.communicate(timeout=1800)
        assert head.returncode == 0, told
        paths = sorted((results / "waiting").rglob("metrics.csv"))
        written.append({str(path.relative_to(results)): path.read_bytes() for path in paths})
    assert len(written[0]) >= 5
    assert written[0] == written[1]


@pytest.mark.slow
def test_disturbed_trainings_end_with_the_same_weights(tmp_path):
    """One is cancelled, one requeued, one reaches its time limit, and then the node fails: no help is needed.

    Each is stopped at its first checkpoint, so that it cannot end before it is disturbed, however fast the machine is.
    """
    trainings = {"pretrain": {"iterations": 1500}, "losses": ["dice_ce"]}
    trainings["common"] = {"optimizer": "adamw", "overlap": 0.0, "batch_size": 2, "checkpoint_every": 20}
    results = tmp_path / "slurm"
    _prepared(results)
    # for all three at a time, also with twice the memory at the second attempt
    profile = _profile(tmp_path / "small", **{"set-resources": {"train_baseline": {"mem_mb": "2000 * attempt"}}})
    head = _start(_experiment(tmp_path, 3, **trainings), results, profile)
    folders = [results / f"waiting/runs/synthetic2d/dice_ce,stage=pretrain/fold0-seed{seed}" for seed in range(3)]
    try:
        running = dict(enumerate(folders))
        while running:
            _until(lambda: any((folder / "checkpoint.pt").is_file() for folder in running.values()), head)
            seed = next(seed for seed, folder in running.items() if (folder / "checkpoint.pt").is_file())
            _stop(_log_of(results, f"seed {seed}").stem)
            del running[seed]
        cancelled, requeued, overdue = (_log_of(results, f"seed {seed}").stem for seed in range(3))
        _slurm("scontrol", "update", f"jobid={overdue}", "timelimit=1")
        _slurm("scancel", cancelled)
        _slurm("scontrol", "requeue", requeued)

        def shows(state: str) -> Callable[[], bool]:
            return lambda: state in _slurm("squeue", "--noheader", "--format=%T", "--job", requeued)

        _until(shows("PENDING"), head)
        lines = _read_until(head, "TIMEOUT")
        _until(shows("RUNNING"), head)  # Slurm waits for two minutes before it starts a job again
        node = _slurm("sinfo", "--noheader", "--format=%n").split()[0]
        _slurm("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        time.sleep(20)  # for the processes to end: one node stands for all
        if "down" in _slurm("sinfo", "--noheader", "--format=%T", f"--nodes={node}"):  # some return by themselves
            _slurm("scontrol", "update", f"nodename={node}", "state=resume")
        more, told = head.communicate(timeout=2400)
        text = "".join(lines) + more
    finally:
        head.kill()
        cluster.cancel(results)
    assert head.returncode == 0, told
    for words in ("cancelled (scancel)", "requeued: ", "TIMEOUT, its time is over", "node failure"):
        assert words in text, text
    for folder in folders:
        disturbed = read_record(folder)
        calm = train(Config(**disturbed.parameters | {"results": str(tmp_path / "calm")}), progress=False)
        assert disturbed.resumed_at
        assert disturbed.weights_sha256 == read_record(calm).weights_sha256


def _stop(job: str) -> None:
    """Let a training stand still while Slurm's time goes on. With `--full`, only the shell around it would."""
    _slurm("scancel", "--signal=STOP", job)


def _slurm(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _until(condition: Callable[[], bool], head: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 600
    while not condition():
        assert head.poll() is None, head.communicate()
        assert time.monotonic() < end
        time.sleep(0.5)


def _log_of(results: Path, title: str) -> Path:
    """Return the log of the last job that has begun something."""
    logs = [path for path in results.rglob("slurm_logs/rule_train_baseline/**/*.log") if title in path.read_text()]
    return max(logs, key=lambda path: path.stat().st_mtime)


def _read_until(head: "subprocess.Popen[str]", words: str) -> list[str]:
    assert head.stdout is not None
    lines = []
    while words not in (line := head.stdout.readline()):
        assert line, head.communicate()
        lines.append(line)
    return [*lines, line]
