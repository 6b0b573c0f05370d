"""The campaign for a lent GPU: its pieces, what is left of them, and that they go on where they stopped; on the CPU."""

import json

import pytest

from benchmarks import campaign
from benchmarks.campaign import Piece, main
from runs.record import read_record

SMALL = ["--small", "--device", "cpu"]


def test_dry_run_lists_everything_with_an_estimate_and_starts_nothing(tmp_path, capsys):
    assert main(["-o", str(tmp_path / "out"), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "pretrain: 5 left" in told
    assert "train: 50 left" in told
    assert "estimated, never measured" in told
    assert "-m benchmarks.campaign" in told
    assert not (tmp_path / "out").exists()


def test_a_seed_is_complete_before_the_next(tmp_path):
    seeds = [job.train["seed"] for job in campaign.jobs(tmp_path, "", False)]
    assert seeds == sorted(seeds)
    assert len(set(seeds)) == 5


def test_small_campaign_is_done_piece_by_piece_and_not_again(tmp_path, capfd):
    listed = list(campaign.pieces(tmp_path, "", "cpu", True))
    for kind in ("values", "steps", "pretrain", "train"):
        first = next(piece for piece in listed if piece.kind == kind)
        assert campaign.run([first], tmp_path, 5) == 0
        assert first.flag(tmp_path).is_file()
    (values,) = json.loads((tmp_path / "values.json").read_text())
    assert values["loss"] == "dice_ce"
    assert all(values[dims]["difference"] < 1e-5 and values[dims]["gradient"] < 1e-4 for dims in ("2D", "3D"))
    (step,) = json.loads((tmp_path / "steps.json").read_text())
    assert (step["setting"], step["loss"]) == ("2d-1280x1024", "dice_ce")
    trained = next(job for job in campaign.jobs(tmp_path, "", True) if job.after)
    assert read_record(trained.folder).exit_cause == "completed"
    assert main(["-o", str(tmp_path), *SMALL, "--dry-run"]) == 0
    told = capfd.readouterr().out
    assert "values: 2 left" in told
    assert "pretrain: 0 left" in told


@pytest.fixture
def slow():
    return Piece("values", "slow", ["-c", "import time; time.sleep(60)"])


def test_piece_that_does_not_fit_is_cut_off_and_left(tmp_path, slow, capsys):
    assert campaign.run([slow], tmp_path, 0.01) == 0
    assert not slow.flag(tmp_path).exists()
    assert "cut off: values slow; the same command goes on" in capsys.readouterr().out


def test_failed_piece_is_told_and_the_next_one_runs(tmp_path, capsys):
    bad, good = Piece("values", "bad", ["-c", "raise SystemExit(3)"]), Piece("values", "good", ["-c", "print(1)"])
    assert campaign.run([bad, good], tmp_path, 5) == 1
    assert "failed: values bad (status 3)" in capsys.readouterr().out
    assert (bad.flag(tmp_path).exists(), good.flag(tmp_path).exists()) == (False, True)
