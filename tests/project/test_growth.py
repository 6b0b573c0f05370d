import pandas as pd
import pytest

from benchmarks.growth import FLOOR_BYTES, bandwidth, draw, floors, main, measure


def test_growth_is_measured_drawn_and_compared_with_the_floor(tmp_path, capsys):
    arguments = ["-o", str(tmp_path), "--losses", "dice_ce", "topoloss_published", "--largest", str(256**2)]
    assert main(arguments) == 0
    table = pd.read_csv(tmp_path / "growth.csv")
    assert table.groupby("loss")["dims"].unique().map(list).to_dict() == {"dice_ce": [2, 3], "topoloss_published": [2]}
    assert (table["seconds"] > 0).all()
    assert (tmp_path / "growth.png").stat().st_size > 10_000
    above = pd.read_csv(tmp_path / "floors.csv")
    assert (above["times_floor"] > 1).all()
    assert (tmp_path / "provenance.json").exists()
    assert "times_floor" in capsys.readouterr().out


def test_a_size_that_would_take_too_long_is_left_out():
    rows = list(measure(["dice_ce"], {2: [32, 64, 128]}, "cpu", limit=0))
    assert [row["side"] for row in rows] == [32]


def test_the_floor_is_the_time_of_the_bytes():
    table = pd.DataFrame([{"loss": "dice_ce", "dims": 2, "side": 10, "pixels": 100, "seconds": 1e-3}])
    (row,) = floors(table, bytes_a_second=1e6).to_dict("records")
    assert row["floor_milliseconds"] == pytest.approx(100 * FLOOR_BYTES / 1e6 * 1e3)
    assert row["times_floor"] == pytest.approx(1e-3 / (100 * FLOOR_BYTES / 1e6))


def test_bandwidth_is_that_of_a_computer():
    assert 1e8 < bandwidth("cpu", 2**22) < 1e13


def test_losses_can_be_told_apart_without_colour():
    rows = [
        {"loss": loss, "dims": dims, "side": side, "pixels": side**dims, "seconds": side * 1e-3}
        for loss in ("dice_ce", "cldice", "scnp")
        for dims in (2, 3)
        for side in (8, 16)
    ]
    axes = draw(pd.DataFrame(rows), "CPU").axes[0]
    assert len({line.get_marker() for line in axes.lines}) == 3
