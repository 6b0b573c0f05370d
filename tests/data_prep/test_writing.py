import gzip
import io
import os
import pickle

import nibabel
import numpy as np
import pytest
from PIL import Image

import data_prep
from data_prep import PreparationError, Prepared
from data_prep._plan import Case, Plan, Sample
from data_prep.prepared.encode import encode
from data_prep.prepared.write import write_dataset
from data_prep.reading import decode


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("shape", [(300, 260), (3, 300, 260), (1, 1)])
def test_png_round_trip(tmp_path, shape, stored):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    path = tmp_path / "x.png"
    path.write_bytes(encode(image, (1.0, 1.0), stored=stored))
    array, spacing = decode(path)
    assert np.array_equal(array, image if image.ndim == 2 else image.transpose(1, 2, 0))
    assert spacing == ()


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, ">i2"])
def test_nifti_round_trip(tmp_path, dtype, stored):
    volume = np.random.default_rng(0).integers(0, 100, (5, 60, 70)).astype(dtype)
    path = tmp_path / "x.nii.gz"
    path.write_bytes(encode(volume, (2.0, 0.5, 0.25), stored=stored))
    array, spacing = decode(path)
    assert np.array_equal(array, volume)
    assert spacing == (2.0, 0.5, 0.25)
    # x, y, z for every other tool
    assert nibabel.load(path).shape == (70, 60, 5)


def test_bytes_carry_no_time_and_follow_the_formats():
    volume = np.zeros((3, 4, 5), np.uint8)
    for stored in (True, False):
        assert encode(volume, (1.0,) * 3, stored=stored)[4:8] == bytes(4)
    assert len(gzip.decompress(encode(volume, (1.0,) * 3, stored=True))) == 352 + 60
    png = encode(np.zeros((4, 5), np.uint8), (1.0, 1.0), stored=True)
    assert Image.open(io.BytesIO(png)).size == (5, 4)


def test_2d_image_that_is_not_8_bit_is_refused():
    with pytest.raises(ValueError, match="must be uint8"):
        encode(np.zeros((4, 5), np.uint16), (1.0, 1.0), stored=True)


def _sample(value=1, shape=(8, 8)):
    return Sample(np.zeros((1, 8, 8), np.uint8), np.full(shape, value, np.uint8))


def _write(destination, cases, replace=True, **plan):
    entry = data_prep.entry("synthetic2d")
    content = {"name": "synthetic2d", "dims": 2, "classes": entry.classes, "channels": ["grey"], "folds": []} | plan
    return write_dataset(Plan(cases=cases, **content), entry, destination, {}, replace=replace, progress=False)


def test_samples_that_contradict_the_plan_are_all_named(tmp_path):
    cases = [
        Case("a", _sample),
        Case("b", lambda: _sample(2)),
        Case("c", lambda: _sample(shape=(8, 9))),
        Case("d", lambda: Sample(np.zeros((3, 8, 8), np.uint8), np.zeros((8, 8), np.uint8))),
    ]
    with pytest.raises(PreparationError) as caught:
        _write(tmp_path, cases)
    assert [line.split(":")[0] for line in caught.value.problems] == ["b", "c", "d"]
    assert list(tmp_path.iterdir()) == []


def _interrupt():
    raise KeyboardInterrupt


def _no_space():
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("stop", "error"), [(_interrupt, KeyboardInterrupt), (_no_space, OSError)])
def test_destination_is_as_before_when_writing_stops_half_way(small, stop, error):
    before = Prepared(small).checksum
    with pytest.raises(error):
        _write(small.parent, [Case("a", _sample), Case("b", stop)])
    assert Prepared(small).checksum == before
    assert os.listdir(small.parent) == ["synthetic2d"]


def test_preparing_again_replaces(small):
    (small / "labelsTr/train000.png").write_bytes(b"")
    data_prep.prepare("synthetic2d", None, small.parent, train=2, test=1, size=64)
    assert Prepared(small).cases("train") == ["train000", "train001"]
    assert os.listdir(small.parent) == ["synthetic2d"]


def test_preparing_without_replacing_keeps_what_is_there(small):
    before = Prepared(small).checksum
    assert data_prep.prepare("synthetic2d", None, small.parent, replace=False, train=2, size=64) == small
    assert Prepared(small).checksum == before


def test_process_that_comes_second_keeps_the_folder_of_the_first(small):
    before = Prepared(small).checksum
    assert _write(small.parent, [Case("a", _sample)], replace=False) == small
    assert Prepared(small).checksum == before
    assert os.listdir(small.parent) == ["synthetic2d"]


def test_error_keeps_its_lines_on_the_way_between_processes():
    error = pickle.loads(pickle.dumps(PreparationError(["a: missing", "b: truncated"])))
    assert error.problems == ["a: missing", "b: truncated"]
    assert str(error) == "a: missing\nb: truncated"
