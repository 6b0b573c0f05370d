import gzip
import json
import shutil

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

import data_prep
from data_prep import PreparationError, Prepared
from data_prep.reading import block_folds, interleaved_folds


@pytest.mark.parametrize(("name", "dims"), [("synthetic2d", 2), ("synthetic3d", 3)])
def test_reader_gives_what_training_needs(prepared, name, dims):
    data = Prepared(prepared / name)
    assert (data.name, data.dims, data.channels) == (name, dims, 1)
    case = data.cases("val", 2)[0]
    image, label = data.image(case), data.label(case)
    assert image.dtype == np.float32
    assert label.dtype == np.uint8
    assert image.shape == (1, *label.shape)
    assert data.spacing(case) == (1.0,) * dims
    assert len(data.checksum) == 64
    assert data.card.name == name


@pytest.mark.parametrize("name", ["synthetic2d", "synthetic3d"])
def test_folds_are_disjoint_and_cover_the_training_cases(prepared, name):
    data = Prepared(prepared / name)
    validated = []
    for fold in range(len(data.folds)):
        train, val = data.cases("train", fold), data.cases("val", fold)
        assert not set(train) & set(val)
        assert sorted(train + val) == data.cases("train")
        validated += val
    assert sorted(validated) == data.cases("train")
    assert not set(data.cases("test")) & set(data.cases("train"))


def test_fold_rules():
    cases = [f"{k}" for k in range(7)]
    assert [fold["val"] for fold in interleaved_folds(cases, 3)] == [["0", "3", "6"], ["1", "4"], ["2", "5"]]
    assert [fold["val"] for fold in block_folds(cases, 3)] == [["0", "1"], ["2", "3"], ["4", "5", "6"]]
    assert len(interleaved_folds(["a", "b"])) == 2
    assert block_folds(["a"]) == interleaved_folds(["a"]) == []


@pytest.mark.parametrize("fold", [5, -1, 1.0, True, None])
def test_fold_that_does_not_exist_is_refused(prepared, fold):
    with pytest.raises(ValueError, match=r"`fold` must lie in 0\.\.4 for dataset 'synthetic2d', got"):
        Prepared(prepared / "synthetic2d").cases("val", fold)


def test_unknown_part_group_and_case_are_refused(prepared):
    data = Prepared(prepared / "synthetic2d")
    with pytest.raises(ValueError, match="`part` must be 'train', 'val' or 'test', got 'valid'"):
        data.cases("valid", 0)
    with pytest.raises(ValueError, match="`group` must be a test group"):
        data.cases("test", group="angles")
    with pytest.raises(PreparationError, match="no case 'x'"):
        data.image("x")


def test_folder_that_does_not_exist_says_how_to_make_it(tmp_path):
    with pytest.raises(PreparationError, match="no such folder; make it by `python -m data_prep prepare"):
        Prepared(tmp_path / "nothing")


def test_changed_missing_and_added_files_are_all_refused(small):
    path = small / "imagesTr/train000_0000.png"
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(bytes(content))
    (small / "labelsTr/train001.png").unlink()
    shutil.copy(small / "labelsTr/train002.png", small / "labelsTr/extra.png")
    with pytest.raises(PreparationError) as caught:
        Prepared(small)
    missing, added, changed = caught.value.problems
    assert "labelsTr/train001.png: missing; prepare the dataset again" in missing
    assert "labelsTr/extra.png: not in checksums.json" in added
    assert "imagesTr/train000_0000.png: changed since it was prepared" in changed
    assert set(caught.value.problems) <= set(data_prep.check(small))


def test_changed_file_is_read_when_verification_is_off(small):
    label = Prepared(small).label("train000")
    Image.fromarray(1 - label).save(small / "labelsTr/train000.png")
    assert np.array_equal(Prepared(small, verify=False).label("train000"), 1 - label)


def test_checksum_follows_the_content(small, tmp_path):
    again = data_prep.prepare("synthetic2d", None, tmp_path / "again", train=3, test=1, size=64)
    other = data_prep.prepare("synthetic2d", None, tmp_path / "other", train=3, test=1, size=64, seed=1)
    assert Prepared(small).checksum == Prepared(again).checksum != Prepared(other).checksum


def test_hidden_files_do_not_matter(small):
    (small / ".DS_Store").write_text("x")
    assert Prepared(small).cases("train")
    assert data_prep.check(small) == []


def test_check_finds_what_checksums_cannot(small):
    (small / "checksums.json").unlink()
    Image.fromarray(np.zeros((64, 32), np.uint8)).save(small / "labelsTr/train000.png")
    Image.fromarray(np.full((64, 64), 255, np.uint8)).save(small / "labelsTr/train001.png")
    path = small / "imagesTr/train002_0000.png"
    path.write_bytes(path.read_bytes()[:100])
    label = Prepared(small).label("test000")
    Image.fromarray(1 - label).save(small / "labelsTs/test000.png")
    problems = " | ".join(data_prep.check(small))
    for words in ("train000: image (64, 64) and label (64, 32)", "train001.png: expected", "train002_0000.png: cannot"):
        assert words in problems
    assert "test000, class 1: Betti numbers" in problems


@pytest.mark.parametrize("name", ["dataset.json", "splits_final.json", "card.json", "checksums.json"])
def test_broken_json_is_named(small, name):
    if name != "checksums.json":
        (small / "checksums.json").unlink()
    (small / name).write_text("{")
    with pytest.raises(PreparationError, match=rf"{name}: cannot be read as JSON"):
        Prepared(small)
    assert len(data_prep.check(small)) == 1


def test_overlapping_and_unknown_folds_are_refused(small):
    (small / "checksums.json").unlink()
    folds = [{"train": ["train000", "train001"], "val": ["train001", "train009"]}]
    (small / "splits_final.json").write_text(json.dumps(folds))
    with pytest.raises(PreparationError) as caught:
        Prepared(small)
    assert ["train009" in line or "trains and validates on train001" in line for line in caught.value.problems] == [
        True,
        True,
    ]


def _write_own(folder, ending, write, shape, labels=None, channels=1, files=1):
    """Write a folder in nnU-Net's raw layout, as a user would."""
    rng = np.random.default_rng(0)
    for name in ("imagesTr", "labelsTr", "imagesTs"):
        (folder / name).mkdir(parents=True)
    for case in ("b", "a", "c_0", "d", "e", "f"):
        for number in range(files):
            write(folder / f"imagesTr/{case}_{number:04d}{ending}", rng.integers(0, 256, shape, np.uint8))
        spatial = shape[:2] if channels == 3 and files == 1 else shape
        write(folder / f"labelsTr/{case}{ending}", rng.integers(0, 3, spatial, np.uint8))
    for number in range(files):
        write(folder / f"imagesTs/x_{number:04d}{ending}", rng.integers(0, 256, shape, np.uint8))
    content = {
        "channel_names": {str(k): f"c{k}" for k in range(channels)},
        "labels": labels or {"background": 0, "artery": 1, "vein": 2},
        "numTraining": 6,
        "file_ending": ending,
    }
    (folder / "dataset.json").write_text(json.dumps(content))
    return folder


def _write_png(path, array):
    Image.fromarray(array).save(path)


def _write_tiff(path, array):
    tifffile.imwrite(path, array, photometric="rgb" if array.ndim == 3 and array.shape[-1] == 3 else "minisblack")


def _write_nifti(path, array):
    nibabel.save(nibabel.Nifti1Image(array.transpose(), np.diag([0.5, 0.75, 2.0, 1.0])), path)


@pytest.mark.parametrize(
    ("ending", "write", "shape", "channels", "files", "dims"),
    [
        (".png", _write_png, (12, 10), 1, 1, 2),
        (".png", _write_png, (12, 10, 3), 3, 1, 2),
        (".png", _write_png, (12, 10), 2, 2, 2),
        (".tif", _write_tiff, (12, 10, 3), 3, 1, 2),
        (".tif", _write_tiff, (7, 12, 10), 1, 1, 3),
        (".nii.gz", _write_nifti, (7, 12, 10), 2, 2, 3),
        (".nii", _write_nifti, (7, 12, 3), 1, 1, 3),
    ],
)
def test_folder_of_ones_own_is_used_as_it_is(tmp_path, ending, write, shape, channels, files, dims):
    data = Prepared(_write_own(tmp_path / "Dataset007_Own", ending, write, shape, channels=channels, files=files))
    assert (data.name, data.dims, data.channels) == ("Dataset007_Own", dims, channels)
    assert data.cases("train") == ["a", "b", "c_0", "d", "e", "f"]
    assert data.cases("val", 0) == ["a", "f"]
    assert len(data.folds) == 5
    spatial = data.label("c_0").shape
    assert data.image("c_0").shape == (channels, *spatial)
    assert data.spacing("a") == ((2.0, 0.75, 0.5) if ending.startswith(".nii") else (1.0,) * dims)
    assert data.cases("test") == ["x"]
    assert not data.has_label("x")
    with pytest.raises(PreparationError, match=r"labelsTs/x.*no such file"):
        data.label("x")
    assert len(data.checksum) == 64
    assert data_prep.check(data.folder) == []


def test_own_folder_without_a_label_or_with_odd_classes_is_refused(tmp_path):
    folder = _write_own(tmp_path / "own", ".png", _write_png, (12, 10))
    (folder / "labelsTr/a.png").unlink()
    with pytest.raises(PreparationError, match=r"labelsTr/a\.png: missing, but there is a_0000\.png"):
        Prepared(folder)
    for labels, words in (
        ({"background": 0, "x": 2}, "without gaps"),
        ({"background": 0, "x": [1, 2]}, "regions"),
        ({"background": 0, "ignore": 1, "x": 2}, "the ignore label must have the highest number"),
    ):
        shutil.rmtree(folder)
        _write_own(folder, ".png", _write_png, (12, 10), labels)
        with pytest.raises(PreparationError, match=words):
            Prepared(folder)


def test_own_folder_with_fewer_channels_than_named_is_refused(tmp_path):
    data = Prepared(_write_own(tmp_path / "own", ".png", _write_png, (12, 10), channels=2))
    with pytest.raises(PreparationError, match="names 2 channels, the image has 1"):
        data.image("a")


def test_truncated_nifti_is_named(prepared, tmp_path):
    folder = tmp_path / "synthetic3d"
    shutil.copytree(prepared / "synthetic3d", folder)
    path = folder / "imagesTr/train000_0000.nii.gz"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(PreparationError, match=r"train000_0000\.nii\.gz: cannot be read"):
        Prepared(folder, verify=False).image("train000")
    path.write_bytes(gzip.compress(b"a text file"))
    with pytest.raises(PreparationError, match=r"train000_0000\.nii\.gz: cannot be read"):
        Prepared(folder, verify=False).image("train000")
