import json

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

import data_prep
from data_prep import PreparationError, Prepared
from data_prep.reading import grouped_folds


def _write_pairs(root, names, values=(0, 255), shape=(16, 20), ending=".png", seed=0):
    rng = np.random.default_rng(seed)
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.fromarray(rng.integers(0, 256, (*shape, 3), np.uint8)).save(root / "images" / f"{name}{ending}")
        mask = rng.choice(values, shape).astype(np.uint8)
        mask.flat[: len(values)] = values
        Image.fromarray(mask).save(root / "masks" / f"{name}.png")
    return root


@pytest.fixture
def own(tmp_path):
    return _write_pairs(tmp_path / "own", [f"wall{number}" for number in range(6)])


def test_images_and_masks_become_a_dataset(own, tmp_path):
    _write_pairs(own / "test", ["other1", "other2"])
    folder = data_prep.prepare("folder", own, tmp_path / "data", called="walls", classes=["background", "crack"])
    assert folder == tmp_path / "data" / "walls"
    data = Prepared(folder)
    assert (data.name, data.dims, data.channels, data.classes) == ("walls", 2, 3, ["background", "crack"])
    assert data.cases("test") == ["other1", "other2"]
    assert len(data.folds) == 5
    mask = np.asarray(Image.open(own / "masks" / "wall3.png"))
    assert np.array_equal(data.label("wall3"), mask == 255)
    image = np.asarray(Image.open(own / "images" / "wall3.png"))
    assert np.array_equal(data.image("wall3"), image.transpose(2, 0, 1))
    assert data.card.more["coding"] == {"0": "0 background", "255": "1 crack"}
    assert data_prep.check(folder) == []


def test_values_are_the_classes_in_ascending_order(tmp_path):
    root = _write_pairs(tmp_path / "own", ["a", "b"], values=(0, 7, 200))
    classes = ["background", "cell", "gap"]
    data = Prepared(data_prep.prepare("folder", root, tmp_path / "data", classes=classes))
    assert data.classes == classes
    mask = np.asarray(Image.open(root / "masks" / "a.png"))
    assert np.array_equal(data.label("a"), np.searchsorted([0, 7, 200], mask))


def test_background_is_a_class_even_where_every_pixel_is_foreground(tmp_path):
    root = _write_pairs(tmp_path / "own", ["a", "b"], values=(255,))
    data = Prepared(data_prep.prepare("folder", root, tmp_path / "data"))
    assert data.classes == ["background", "foreground"]
    assert (data.label("a") == 1).all()


@pytest.mark.parametrize("ending", [".nii.gz", ".tif"])
def test_volumes(tmp_path, ending):
    rng = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (tmp_path / "own" / kind).mkdir(parents=True)
    for name in ("a", "b", "c"):
        for kind, high in (("images", 900), ("masks", 2)):
            volume = rng.integers(0, high, (5, 8, 3)).astype(np.int16 if kind == "images" else np.uint8)
            volume.flat[:2] = 0, high - 1
            path = tmp_path / "own" / kind / f"{name}{ending}"
            if ending == ".tif":
                # a last axis of 3 would look like colours
                tifffile.imwrite(path, np.pad(volume, ((0, 0), (0, 0), (0, 4))), photometric="minisblack")
            else:
                nibabel.save(nibabel.Nifti1Image(volume.transpose(), np.diag([0.5, 0.5, 2.0, 1.0])), path)
    data = Prepared(data_prep.prepare("folder", tmp_path / "own", tmp_path / "data"))
    assert data.dims == 3
    assert data.spacing("a") == ((2.0, 0.5, 0.5) if ending == ".nii.gz" else (1.0, 1.0, 1.0))
    assert data.image("a").max() == 899
    assert set(np.unique(data.label("b"))) == {0, 1}


def test_raw_layout_is_taken_over_with_its_folds(prepared, tmp_path):
    own = prepared / "synthetic3d"
    folder = data_prep.prepare("folder", own, tmp_path, called="again")
    first, second = Prepared(own), Prepared(folder)
    assert second.folds == first.folds
    assert second.classes == first.classes
    for case in (*first.cases("train"), *first.cases("test")):
        assert np.array_equal(first.label(case), second.label(case))
        assert np.array_equal(first.image(case), second.image(case))
        assert first.spacing(case) == second.spacing(case)


def test_raw_layout_of_rgb_with_one_named_channel(own, tmp_path):
    raw = tmp_path / "Dataset001_Walls"
    (raw / "imagesTr").mkdir(parents=True)
    (raw / "labelsTr").mkdir()
    for path in sorted((own / "images").iterdir()):
        path.rename(raw / "imagesTr" / f"{path.stem}_0000.png")
        mask = np.asarray(Image.open(own / "masks" / path.name)) // 255
        Image.fromarray(mask).save(raw / "labelsTr" / path.name)
    content = {"channel_names": {"0": "RGB"}, "labels": {"background": 0, "crack": 1}, "file_ending": ".png"}
    (raw / "dataset.json").write_text(json.dumps(content))
    data = Prepared(data_prep.prepare("folder", raw, tmp_path / "data", folds=3))
    assert (data.channels, data.classes, len(data.folds)) == (3, ["background", "crack"], 3)


def test_images_of_one_patient_stay_together(tmp_path):
    root = _write_pairs(tmp_path / "own", [f"p{patient}_eye{eye}" for patient in range(4) for eye in "LR"])
    data = Prepared(data_prep.prepare("folder", root, tmp_path / "data", patient="(.*)_eye", folds=4))
    assert [fold["val"] for fold in data.folds] == [[f"p{patient}_eyeL", f"p{patient}_eyeR"] for patient in range(4)]


def test_grouped_folds_validate_on_each_case_once():
    owners = {f"v{volume}s{piece}": f"v{volume}" for volume in range(7) for piece in range(volume + 1)}
    folds = grouped_folds(owners, 3)
    assert sorted(case for fold in folds for case in fold["val"]) == sorted(owners)
    for fold in folds:
        assert not {owners[case] for case in fold["val"]} & {owners[case] for case in fold["train"]}
        assert sorted([*fold["train"], *fold["val"]]) == sorted(owners)


def test_a_single_patient_is_no_fold():
    assert grouped_folds({"a": "x", "b": "x"}) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"called": "../evil"}, "`called` must consist of letters"),
        ({"folds": 1}, "`folds` must be a whole number of 2 or more"),
        ({"classes": ["a", "b", "c"]}, "`classes` must be a list of 2 different names"),
        ({"patient": "("}, "`patient` must be a regular expression"),
        ({"patient": "wall"}, "`patient` must have one group"),
        ({"patient": "(x)"}, "does not match the case 'wall0'"),
    ],
)
def test_wrong_options(own, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        data_prep.prepare("folder", own, tmp_path / "data", **options)
    assert not (tmp_path / "data").exists()


def _spoil_lone(root):
    (root / "masks" / "wall2.png").unlink()


def _spoil_twice(root):
    (root / "images" / "wall2.png").rename(root / "images" / "wall1.jpg")


def _spoil_size(root):
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(root / "masks" / "wall4.png")


def _spoil_jpeg(root):
    gradient = np.arange(320, dtype=np.uint8).reshape(16, 20)
    Image.fromarray(gradient).save(root / "masks" / "wall4.png")


def _spoil_depth(root):
    Image.fromarray(np.zeros((16, 20), np.uint16)).save(root / "images" / "wall5.png")


def _spoil_colour(root):
    colours = np.zeros((16, 20, 3), np.uint8)
    colours[0, 0, 0] = 255
    Image.fromarray(colours).save(root / "masks" / "wall4.png")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_spoil_lone, r"masks/wall2\.\*: missing, but its partner .*wall2.png is there"),
        (_spoil_twice, r"wall1.png: wall1.jpg has the same name"),
        (_spoil_size, r"wall4.png: image and mask must have the same size, got image 16 x 20, mask 9 x 9"),
        (_spoil_jpeg, r"masks: the masks hold 256 values, from 0 to 255; save class indices"),
        (_spoil_depth, r"wall5.png: a 2D image must have channels of 8 bits, got uint16"),
        (_spoil_colour, r"wall4.png: a mask must have one channel, got colours"),
    ],
)
def test_broken_pairs_are_named(own, tmp_path, spoil, message):
    spoil(own)
    with pytest.raises(PreparationError, match=message):
        data_prep.prepare("folder", own, tmp_path / "data")
    assert not (tmp_path / "data").exists() or not list((tmp_path / "data").iterdir())


def test_empty_folder_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(PreparationError, match=r"empty: expected dataset\.json, or images in images/"):
        data_prep.prepare("folder", tmp_path / "empty", tmp_path / "data")
