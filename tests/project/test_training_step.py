import json

import pytest

from benchmarks.training_step import SETTINGS, main, side_lengths


def test_sizes_are_scnp_s_and_can_be_halved():
    assert side_lengths("2d-1280x1024", 1.0) == (1280, 1024)
    assert side_lengths("3d-160x128x112", 1.0) == (160, 128, 112)
    for setting in SETTINGS:
        assert all(side % 16 == 0 and side >= 32 for side in side_lengths(setting, 0.1))


def test_steps_are_measured_and_failures_named(tmp_path, monkeypatch):
    path = tmp_path / "steps.json"
    arguments = [
        "-o",
        str(path),
        "--losses",
        "dice_ce",
        "--settings",
        "2d-1280x1024",
        "--share",
        "0.05",
        "--repeats",
        "1",
    ]
    assert main(arguments) == 0
    (entry,) = json.loads(path.read_text())
    assert (entry["setting"], entry["loss"], entry["size"]) == ("2d-1280x1024", "dice_ce", [64, 48])
    assert entry["seconds"] > 0
    assert entry["ratio"] == pytest.approx(entry["seconds"] / entry["seconds_dice_ce"])  # of the one pair
    assert entry["peak_bytes"] > 0
    assert "one thread" in entry["device"]
    assert json.loads((tmp_path / "steps.provenance.json").read_text())["machine"]["cores"] > 0
