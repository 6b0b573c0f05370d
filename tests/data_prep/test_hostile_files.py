"""Damaged and hostile files end in one line with their path: no crash, no endless loop, no other program started."""

import gzip
import importlib
import struct

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from data_prep import PreparationError
from data_prep.reading import decode
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
