import dataclasses

import numpy as np
import pytest
import tifffile

import data_prep
from data_prep import PreparationError, Prepared
from data_prep.datasets.massachusetts_roads import PROTOCOLS, white_share
from topology import betti_numbers


def _prepare(root, tmp_path, **options):
    return Prepared(data_prep.prepare("massachusetts_roads", root, tmp_path / "out", **options))


def test_both_layouts_give_the_official_split(roads_source, tmp_path):
    data = _prepare(roads_source.parent, tmp_path)
    assert [len(data.cases(part, 0)) for part in ("train", "val", "test")] == [4, 2, 2]
    assert data.cases("test") == ["12028690_15", "12128690_15"]
    assert data.card.partial is False
    image = next(roads_source.rglob("10228690_15.tiff"))
    mask = next(path for path in roads_source.rglob("10228690_15.tif"))
    assert np.array_equal(data.image("10228690_15").transpose(1, 2, 0), tifffile.imread(image))
    assert np.array_equal(data.label("10228690_15") * 255, tifffile.imread(mask))
    assert data_prep.check(data.folder) == []


def test_white_tiles_are_left_out_on_demand_and_named(roads_source, tmp_path):
    data = _prepare(roads_source, tmp_path, max_white=0.3)
    assert data.cases("train", 0) == ["10028690_15", "10128690_15"]
    assert [line.split(":")[0] for line in data.card.exclusions] == ["10228690_15", "10328690_15"]
    with pytest.raises(ValueError, match=r"`max_white` must lie in \[0, 1\], got 4"):
        _prepare(roads_source, tmp_path, max_white=4)


def test_blank_area_can_be_made_background(roads_source, tmp_path):
    data = _prepare(roads_source, tmp_path)
    assert data.label("10328690_15")[:12].any()
    data = _prepare(roads_source, tmp_path, blank="background")
    assert not data.label("10328690_15")[:12].any()
    assert data.label("10328690_15")[12:].any()
    assert data.card.more["blank"] == "no roads where a tile is white"


def _set_protocol(monkeypatch, name, **changes):
    monkeypatch.setitem(PROTOCOLS, name, dataclasses.replace(PROTOCOLS[name], **changes))


def test_hpm_has_all_tiles_in_five_folds_and_no_test(roads_source, tmp_path):
    data = _prepare(roads_source, tmp_path, protocol="hpm")
    assert (len(data.cases("train", 0)) + len(data.cases("val", 0)), data.cases("test")) == (8, [])
    assert sorted(case for fold in data.folds for case in fold["val"]) == sorted(
        data.folds[0]["train"] + data.folds[0]["val"]
    )
    assert len(data.folds) == 5
    assert data.card.notes == ["the paper has 1171 + 0 images, these rules give 8 + 0"]


def test_contextloss_leaves_white_tiles_out_of_training_alone(roads_source, tmp_path, monkeypatch):
    data = _prepare(roads_source, tmp_path, protocol="contextloss")
    assert sorted(data.folds[0]["train"] + data.folds[0]["val"]) == ["10028690_15", "11028690_15"]
    assert data.cases("test") == ["12028690_15", "12128690_15"]
    assert len(data.card.exclusions) == 4
    assert data.card.notes == ["the paper has 421 + 49 images, these rules give 2 + 2"]
    assert data.card.partial is False
    _set_protocol(monkeypatch, "contextloss", images=(2, 2))
    assert _prepare(roads_source, tmp_path, protocol="contextloss").card.notes == []


def test_contextloss_takes_training_tiles_alone_where_they_have_the_paper_s_number(roads_source, tmp_path, monkeypatch):
    _set_protocol(monkeypatch, "contextloss", images=(2, 2), max_white=0.3)
    data = _prepare(roads_source, tmp_path, protocol="contextloss")
    assert sorted(data.folds[0]["train"] + data.folds[0]["val"]) == ["10028690_15", "10128690_15"]


def test_cldice_leaves_out_tiles_without_roads_and_takes_so_many(roads_source, tmp_path, monkeypatch):
    tifffile.imwrite(next(roads_source.rglob("10128690_15.tif")), np.zeros((16, 20), np.uint8))
    _set_protocol(monkeypatch, "cldice", max_white=1.0, limits=(4, 1))
    data = _prepare(roads_source, tmp_path, protocol="cldice")
    assert data.card.exclusions == ["10128690_15: 0.0% road, less than 2.0%"]
    assert sorted(data.folds[0]["train"] + data.folds[0]["val"]) == [
        "10028690_15",
        "10228690_15",
        "10328690_15",
        "11028690_15",
    ]
    assert data.cases("test") == ["12028690_15"]
    assert [len(fold["val"]) for fold in data.folds] == [2, 1, 1]
    with pytest.raises(ValueError, match="`protocol` must be one of 'official'"):
        _prepare(roads_source, tmp_path, protocol="clDice")


def test_wrong_count_stops_unless_partial_and_training_tiles_stand_in(roads_source, tmp_path):
    for path in [*roads_source.rglob("12*.tif*")]:
        path.unlink()
    with pytest.raises(PreparationError, match="test: 0 images of 2"):
        _prepare(roads_source, tmp_path)
    data = _prepare(roads_source, tmp_path, partial=True)
    assert data.card.partial is True
    assert data.cases("test") == ["10328690_15"]
    assert "stand in" in data.card.notes[0]


def test_missing_partner_broken_and_mislabelled_files_stop(roads_source, tmp_path):
    next(roads_source.rglob("10028690_15.tif")).unlink()
    with pytest.raises(PreparationError, match=r"10028690_15\.tif: missing, but its partner .*10028690_15\.tiff"):
        _prepare(roads_source, tmp_path)
    next(roads_source.rglob("10028690_15.tiff")).unlink()
    image = next(roads_source.rglob("10128690_15.tiff"))
    image.write_bytes(image.read_bytes()[:-40])
    tifffile.imwrite(next(roads_source.rglob("10228690_15.tif")), np.full((16, 20), 1, np.uint8))
    tifffile.imwrite(next(roads_source.rglob("10328690_15.tif")), np.zeros((20, 16), np.uint8))
    with pytest.raises(PreparationError) as caught:
        _prepare(roads_source, tmp_path, partial=True)
    # all four training tiles are missing or broken
    truncated, value, size, *_, last = caught.value.problems
    assert "a fold without any training image is left" in last
    assert "10128690_15.tiff" in truncated
    assert "0, 255, got also 1" in value
    assert "16 x 20, mask 20 x 16" in size


def test_folder_of_something_else_stops(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(PreparationError, match="mass_roads/{train,valid,test}"):
        _prepare(tmp_path / "empty", tmp_path)


def test_sample_has_the_values_of_its_description(shared_data, tmp_path):
    data = _prepare(shared_data, tmp_path, partial=True)
    cases = data.cases("train") + data.cases("test")
    assert len(cases) == 10
    labels = {case: data.label(case) for case in cases}
    shares = [label.mean() for label in labels.values()]
    assert (np.mean(shares), min(shares), max(shares)) == pytest.approx((0.056, 0.006, 0.138), abs=6e-4)
    betti = np.array([betti_numbers(label) for label in labels.values()])
    assert betti.mean(axis=0) == pytest.approx([6.4, 55], abs=0.5)
    white = {case: white_share(data.image(case).astype(np.uint8)) for case in cases}
    assert white["11278645_15"] == pytest.approx(0.87, abs=5e-3)
    assert sorted(white.values())[-2] < 0.47
