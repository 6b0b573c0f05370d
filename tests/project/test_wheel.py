"""The wheel: one import name, nothing of a user's own shadowed, and everything in it that a run and a table need."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from training.config import Config
from training.sources import of_training

ROOT = Path(__file__).parents[2]
NAME = "topology_loss_benchmark"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = ["-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--quiet", "-w", str(folder)]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def user(wheel, tmp_path_factory):
    """A user's folder with `losses`, `metrics` and `tables` of their own, and an environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("user")
    venv.create(folder / "environment", symlinks=True)
    site = folder / "environment" / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))  # the libraries, without this checkout
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for name in ("losses", "metrics", "tables"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(f"MINE = {name!r}\n")
    return folder


def run(user, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(user / "environment" / "bin" / "python"), *arguments]
    done = subprocess.run(command, cwd=user, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_has_one_top_level_name(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition("/")[0] for name in archive.namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {NAME}


def test_wheel_leaves_the_users_own_names_alone(user):
    code = f"""
import losses, metrics, tables
from {NAME} import losses as ours, __version__
assert (losses.MINE, metrics.MINE, tables.MINE) == ("losses", "metrics", "tables")
assert "closs" in ours.names() and __version__
import sys
assert not [name for name in sys.modules if name.partition(".")[0] in ("topology", "registry", "runs", "training")]
"""
    run(user, "-c", code)


def test_losses_of_the_wheel_keep_their_contract(user):
    sys.path.insert(0, str(ROOT))
    try:
        from setup import rewrite
    finally:
        sys.path.remove(str(ROOT))
    for path in [ROOT / "tests" / "contract" / "test_losses_contract.py", *(ROOT / "tests" / "reference").glob("*.py")]:
        target = user / "checks" / path.relative_to(ROOT / "tests")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(rewrite(path.read_text()))
    tests = [
        "checks/contract",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "thin_closs",
        "--rootdir",
        "checks",
    ]
    assert "passed" in run(user, "-m", "pytest", *tests, "-o", "pythonpath=checks")


def test_training_and_table_from_the_wheel(user):
    """From a folder outside the checkout, with rooms of the same names lying there."""
    network = "{network_parameters: {channels: [4, 8]}, patch_size: [32, 32], max_test_cases: 1}"
    stages = "pretrain: {iterations: 2}\nfinetune: {iterations: 1}\nmetrics: [dice]\n"
    (user / "small.yaml").write_text(f"datasets: {{synthetic2d: {{}}}}\nlosses: [closs]\ncommon: {network}\n{stages}")
    printed = run(user, "-m", f"{NAME}.workflow", "small.yaml", "--results", "mine")
    assert "CLoss" in printed
    assert (user / "mine" / "small" / "tables" / "comparison.csv").is_file()
    (record,) = (user / "mine" / "small").glob("runs/synthetic2d/closs/*/run.json")
    assert json.loads(record.read_text())["sources"] == of_training(Config(loss="closs"))
