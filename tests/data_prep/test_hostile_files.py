"""Damaged and hostile files end in one line with their path: no crash, no endless loop, no other program started."""

import contextlib
import gzip
import importlib
import struct

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy.io import loadmat, savemat

from data_prep import PreparationError
from data_prep.reading import decode, read_matlab
from data_prep.reading.tiff import check_directories


def _refuse(path, message):
    with pytest.raises(PreparationError, match=message) as caught:
        decode(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_tiff_whose_directories_run_in_a_circle(tmp_path, byte_order, big):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((3, 4, 5), np.uint8), photometric="minisblack", byteorder=byte_order, bigtiff=big)
    check_directories(path)
    data = bytearray(path.read_bytes())
    first = struct.unpack_from(byte_order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    count = struct.unpack_from(byte_order + ("Q" if big else "H"), data, first)[0]
    struct.pack_into(
        byte_order + ("Q" if big else "I"), data, first + (8 + 20 * count if big else 2 + 12 * count), first
    )
    path.write_bytes(data)
    _refuse(path, "its directories run in a circle")


def test_postscript_is_never_given_to_another_program(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n")
    _refuse(path, "cannot be read")


def test_picture_that_claims_too_many_pixels(tmp_path, monkeypatch):
    Image.new("L", (200, 200)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    _refuse(tmp_path / "a.png", "cannot be read .*decompression bomb")


def test_nifti_that_claims_more_than_it_can_hold(tmp_path):
    for name in ("a.nii", "a.nii.gz"):
        image = nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4))
        data = bytearray(image.to_bytes())
        struct.pack_into("<8h", data, 40, 3, 30000, 30000, 30000, 1, 1, 1, 1)
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        _refuse(tmp_path / name, "truncated, or its header is wrong: 27000000000000 bytes are claimed")


@pytest.mark.parametrize("zoom", [float("nan"), float("inf")])
def test_spacing_that_is_no_length(tmp_path, zoom):
    image = nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4))
    data = bytearray(image.to_bytes())
    struct.pack_into("<f", data, 80, zoom)
    (tmp_path / "a.nii").write_bytes(data)
    _refuse(tmp_path / "a.nii", "the spacing must be positive numbers, got")


def test_header_that_makes_no_sense(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4))
    data = bytearray(image.to_bytes())
    struct.pack_into("<h", data, 70, 12345)
    (tmp_path / "a.nii").write_bytes(data)
    _refuse(tmp_path / "a.nii", "cannot be read")


@pytest.mark.parametrize("error", [MemoryError(), OverflowError("too large"), RecursionError("too deep")])
def test_whatever_a_library_raises_comes_with_the_path(tmp_path, monkeypatch, error):
    Image.new("L", (4, 4)).save(tmp_path / "a.png")

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Image, "open", fail)
    _refuse(tmp_path / "a.png", type(error).__name__ if not str(error) else str(error))


def test_packed_picture_has_a_limit(tmp_path, monkeypatch):
    (tmp_path / "a.ppm.gz").write_bytes(gzip.compress(b"P5 2000 2000 255 " + bytes(4_000_000)))
    assert decode(tmp_path / "a.ppm.gz")[0].shape == (2000, 2000)
    monkeypatch.setattr(importlib.import_module("data_prep.reading.decode"), "_MOST_BYTES", 1 << 20)
    _refuse(tmp_path / "a.ppm.gz", "more than 0 GiB when unpacked")


def _content(kind):
    random = np.random.default_rng(0)
    truth = np.zeros((1, 1), dtype=[("Segmentation", object), ("Boundaries", object)])
    truth["Segmentation"][0, 0] = random.integers(1, 5, (6, 7)).astype(np.uint8)
    truth["Boundaries"][0, 0] = random.random((6, 7)) < 0.5
    volumes = {"a": random.random((3, 4, 5)), "b": random.integers(-99, 99, (3, 4, 5)).astype(kind), "text": "words"}
    return {"groundTruth": truth, **volumes}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ["u1", "i2", "u4", "i8", "f4"])
def test_matlab_files_read_as_scipy_reads_them(tmp_path, compressed, kind):
    savemat(tmp_path / "a.mat", _content(kind), do_compression=compressed)
    found, expected = read_matlab(tmp_path / "a.mat"), loadmat(tmp_path / "a.mat")
    for name in ("a", "b"):
        assert found[name].dtype == expected[name].dtype
        assert np.array_equal(found[name], expected[name])
    for field in ("Segmentation", "Boundaries"):
        assert np.array_equal(found["groundTruth"][field], expected["groundTruth"][field][0, 0])


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_matlab_files_end_in_one_line(tmp_path, compressed):
    path = tmp_path / "a.mat"
    savemat(path, _content("i2"), do_compression=compressed)
    whole, random = path.read_bytes(), np.random.default_rng(1)
    for trial in range(300):
        data = bytearray(whole[: random.integers(100, len(whole))] if trial % 3 == 0 else whole)
        for place in random.integers(100, len(data), 4) if len(data) > 100 else ():
            data[place] = random.integers(256)
        path.write_bytes(data)
        # anything else that is raised fails the test, as does the end of the process
        with contextlib.suppress(PreparationError):
            read_matlab(path)


def test_matlab_structure_within_itself_without_end(tmp_path):
    import zlib

    content = b""
    for _ in range(40):
        packed = zlib.compress(content)
        content = struct.pack("<II", 15, len(packed)) + packed
    (tmp_path / "a.mat").write_bytes(bytes(124) + b"\0\1IM" + content)
    with pytest.raises(PreparationError, match="nested too deeply"):
        read_matlab(tmp_path / "a.mat")
