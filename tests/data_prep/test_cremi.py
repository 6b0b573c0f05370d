import pickle

import h5py
import numpy as np
import pytest
from fixtures.volume_layouts import cremi
from hypothesis import given, settings
from hypothesis import strategies as st

import data_prep
from data_prep import PreparationError, Prepared
from data_prep.datasets.cremi import membranes


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setattr("data_prep.datasets.cremi.SLICES", 12)
    monkeypatch.setattr("data_prep.datasets.cremi._CLDICE_TEST", 3)
    return tmp_path / "source"


def _slow_membranes(ids, radius):
    """Walk from every pixel: is there another id within `radius` steps up, down, left and right?"""
    height, width = ids.shape
    near = np.zeros(ids.shape, bool)
    for y in range(height):
        for x in range(width):
            steps = [(y, x, 0)]
            seen = {(y, x)}
            border = set()
            while steps:
                row, column, far = steps.pop(0)
                for r, c in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                    if 0 <= r < height and 0 <= c < width:
                        if ids[r, c] != ids[row, column]:
                            border.add(far + 1)
                        if (r, c) not in seen:
                            seen.add((r, c))
                            steps.append((r, c, far + 1))
            near[y, x] = bool(border) and min(border) <= radius
    return near


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), radius=st.integers(1, 4), height=st.integers(1, 7), width=st.integers(1, 7))
def test_membranes_lie_within_the_radius_of_another_neuron(seed, radius, height, width):
    ids = np.random.default_rng(seed).integers(0, 3, (height, width), np.uint64)
    assert np.array_equal(membranes(ids, radius), _slow_membranes(ids, radius))


def test_area_of_no_neuron_has_a_rim_and_no_inside():
    ids = np.full((9, 9), 7, np.uint64)
    ids[2:7, 2:7] = 0
    found = membranes(ids, 1)
    assert found[2, 4]
    assert found[1, 4]
    assert not found[3:6, 3:6].any()
    assert not membranes(np.zeros((4, 4), np.uint64), 2).any()


def test_cases_are_small_and_travel_between_processes(source):
    cremi(source, "A")
    for case in data_prep.entry("cremi_a").plan(source).cases:
        data = pickle.dumps(case)
        # a path and a number, not pixels
        assert len(data) < 2000
        assert np.array_equal(pickle.loads(data).load().label, case.load().label)


@pytest.mark.parametrize("letter", "ABC")
def test_one_sample(source, tmp_path, letter):
    ids = cremi(source, letter)[letter]
    data = Prepared(data_prep.prepare(f"cremi_{letter.lower()}", source, tmp_path / "data", radius=1))
    assert (len(data.cases("train")), data.cases("test"), len(data.folds)) == (12, [], 5)
    for number in (0, 7):
        expected = np.zeros(ids.shape[1:], bool)
        expected[:, :-1] |= ids[number, :, :-1] != ids[number, :, 1:]
        expected[:, 1:] |= ids[number, :, :-1] != ids[number, :, 1:]
        expected[:-1] |= ids[number, :-1] != ids[number, 1:]
        expected[1:] |= ids[number, :-1] != ids[number, 1:]
        assert np.array_equal(data.label(f"{letter}{number:03d}"), expected)
    # neighbours look alike: validation is a block
    assert data.folds[1]["val"] == [f"{letter}{number:03d}" for number in (2, 3)]


def test_all_samples_in_the_numbers_of_cldice(source, tmp_path):
    cremi(source, "ABC")
    data = Prepared(data_prep.prepare("cremi", source, tmp_path / "data"))
    assert (len(data.cases("train")), len(data.cases("test")), len(data.folds)) == (27, 9, 3)
    assert data.folds[0]["val"] == [f"{letter}{number:03d}" for letter in "ABC" for number in range(3)]
    assert data.cases("test", group="B") == ["B009", "B010", "B011"]
    # officially: 125 - 17 slices of each sample
    assert 3 * (125 - 17) == 324
    assert 3 * 17 == 51


def test_damaged_sections_are_left_out_and_named(source, tmp_path):
    cremi(source, "C")
    with h5py.File(source / "sample_C_20160501.hdf", "r+") as file:
        file["volumes/raw"][4] = 0
    data = Prepared(data_prep.prepare("cremi_c", source, tmp_path / "data"))
    assert len(data.cases("train")) == 11
    assert data.card.exclusions == ["C004: a constant image (a damaged section)"]


def test_wrong_number_of_slices_needs_partial(source, tmp_path):
    cremi(source, "A", slices=11)
    with pytest.raises(PreparationError, match="CREMI-A: 11 slices of 12"):
        data_prep.prepare("cremi_a", source, tmp_path / "data")
    assert Prepared(data_prep.prepare("cremi_a", source, tmp_path / "data", partial=True)).card.partial


@pytest.mark.parametrize("content", ["truncated", "text", "empty"])
def test_broken_file_is_named(source, tmp_path, content):
    cremi(source, "A")
    path = source / "sample_A_20160501.hdf"
    data = path.read_bytes()
    if content == "empty":
        with h5py.File(path, "w") as file:
            file["volumes/other"] = np.zeros(3)
    else:
        path.write_bytes(data[: len(data) // 2] if content == "truncated" else b"<html></html>")
    with pytest.raises(PreparationError, match=r"sample_A_20160501.hdf: .*get (this file again|the cropped)"):
        data_prep.prepare("cremi_a", source, tmp_path / "data")


def test_shapes_that_differ_are_named(source, tmp_path):
    cremi(source, "A")
    with h5py.File(source / "sample_A_20160501.hdf", "r+") as file:
        del file["volumes/labels/neuron_ids"]
        file["volumes/labels/neuron_ids"] = np.zeros((12, 3, 3), np.uint64)
    with pytest.raises(PreparationError, match="of one shape"):
        data_prep.prepare("cremi_a", source, tmp_path / "data")


def test_lacking_sample_and_wrong_radius(source, tmp_path):
    cremi(source, "AB")
    with pytest.raises(PreparationError, match="sample_C_20160501.hdf: missing"):
        data_prep.prepare("cremi", source, tmp_path / "data")
    with pytest.raises(ValueError, match="`radius` must be a whole number"):
        data_prep.prepare("cremi_a", source, tmp_path / "data", radius=0)
