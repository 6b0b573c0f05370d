"""Folders as users bring them: read rightly, asked about, or refused with the reason; never guessed."""

import json

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

import data_prep
from data_prep import PreparationError, Prepared
from data_prep.__main__ import main

SHAPE = (16, 20)


def _image(path, seed=0, channels=3):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (*SHAPE, channels) if channels > 1 else SHAPE
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).save(path)


def _values(values=(0, 255), seed=0, share=0.2):
    """Make a mask with few pixels of every value but the first."""
    random = np.random.default_rng(seed)
    mask = np.where(random.random(SHAPE) < share, random.choice(values[1:] or values, SHAPE), values[0])
    mask.flat[: len(values)] = values
    return mask.astype(np.uint8)


def _mask(path, values=(0, 255), seed=0, share=0.2):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(_values(values, seed, share)).save(path)


def _pairs(root, names, values=(0, 255), masks="masks", share=0.2):
    for seed, name in enumerate(names):
        _image(root / "images" / f"{name}.png", seed)
        _mask(root / masks / f"{name}.png", values, seed, share)
    return root


@pytest.fixture
def own(tmp_path):
    return _pairs(tmp_path / "own", ["a", "b", "c", "d"])


def _prepare(root, **options):
    return Prepared(data_prep.prepare("folder", root, root.parent / "data", **options))


def _refuse(root, message, **options):
    with pytest.raises(PreparationError, match=message):
        data_prep.prepare("folder", root, root.parent / "data", **options)
    assert not list((root.parent / "data").glob("*"))


def _nifti(path, array, affine):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(array, affine), path)


# geometry


def _volumes(root, layout, mask_affine, flip=False):
    random = np.random.default_rng(0)
    folders = {"pairs": ("images", "masks"), "raw": ("imagesTr", "labelsTr")}[layout]
    for name in ("a", "b", "c"):
        image, mask = random.integers(0, 99, (8, 9, 7), np.int16), random.integers(0, 2, (8, 9, 7), np.uint8)
        ending = "_0000" if layout == "raw" else ""
        _nifti(root / folders[0] / f"{name}{ending}.nii.gz", image, np.diag([0.5, 0.5, 2.0, 1.0]))
        _nifti(root / folders[1] / f"{name}.nii.gz", mask[::-1] if flip else mask, mask_affine)
    if layout == "raw":
        content = {"channel_names": {"0": "MR"}, "labels": {"background": 0, "x": 1}, "file_ending": ".nii.gz"}
        (root / "dataset.json").write_text(json.dumps({**content, "numTraining": 3}))
    return root


FLIPPED = np.array([[-0.5, 0, 0, 3.5], [0, 0.5, 0, 0], [0, 0, 2.0, 0], [0, 0, 0, 1]])
MISPLACED = {
    "flipped": (FLIPPED, True),
    "shifted": (
        np.diag([0.5, 0.5, 2.0, 1.0])
        + np.eye(4)[:, [3]] @ np.zeros((1, 4))
        + np.array([[0, 0, 0, 5.0]] * 3 + [[0] * 4]),
        False,
    ),
    "other spacing": (np.diag([0.5, 0.6, 2.0, 1.0]), False),
}


@pytest.mark.parametrize("layout", ["pairs", "raw"])
@pytest.mark.parametrize("case", MISPLACED)
def test_masks_of_another_place_are_refused(tmp_path, layout, case):
    root = _volumes(tmp_path / "own", layout, *MISPLACED[case])
    _refuse(root, "must lie in the same place .* displace voxels by up to")
    if layout == "raw":
        assert "must lie in the same place" in data_prep.check(root)[0]


@pytest.mark.parametrize("layout", ["pairs", "raw"])
def test_small_displacements_are_noted(tmp_path, layout):
    affine = np.diag([0.5, 0.5, 2.0, 1.0])
    affine[0, 3] = 0.1
    root = _volumes(tmp_path / "own", layout, affine)
    with pytest.warns(UserWarning, match="displaced by up to 0.2 voxels"):
        data = _prepare(root)
    assert len([note for note in data.card.notes if "displaced" in note]) == 3


def test_rounding_of_large_coordinates_does_not_matter(tmp_path):
    affine = np.diag([0.5, 0.5, 2.0, 1.0])
    affine[:3, 3] = 0.002
    notes = _prepare(_volumes(tmp_path / "own", "pairs", affine)).card.notes
    assert not [note for note in notes if "displaced" in note]


def test_last_axis_of_one_is_dropped(tmp_path):
    for name in ("a", "b"):
        _nifti(tmp_path / "own/images" / f"{name}.nii.gz", np.ones((5, 6, 7, 1), np.int16), np.eye(4))
        mask = np.zeros((5, 6, 7, 1), np.uint8)
        mask[0] = 1
        _nifti(tmp_path / "own/masks" / f"{name}.nii.gz", mask, np.eye(4))
    data = _prepare(tmp_path / "own")
    assert (data.dims, data.image("a").shape, data.label("a").shape) == (3, (1, 7, 6, 5), (7, 6, 5))


# values


@pytest.mark.parametrize("ending", [".jpg", ".webp"])
def test_lossy_masks_are_refused_with_the_reason(own, ending):
    (own / "masks/a.png").unlink()
    _mask(own / f"masks/a{ending}")
    _refuse(own, rf"a\{ending}: a mask in a lossy format has lost its values .* save it as PNG")


def test_stray_values_are_asked_about(own):
    values = np.array(Image.open(own / "masks/b.png"))
    values[3, 3], values[4, 4] = 1, 254
    Image.fromarray(values).save(own / "masks/b.png")
    _refuse(own, r"masks: the masks hold 4 values: 0 \(.*%, as in a\.png\), 1 \(0\.08%, as in b\.png\).*`classes=")


def test_number_of_values_is_limited_over_all_masks(own):
    for number, name in enumerate("abcd"):
        Image.fromarray(np.arange(320).reshape(SHAPE).astype(np.uint8) % 40 + 40 * number).save(
            own / f"masks/{name}.png"
        )
    _refuse(own, "the masks hold 160 values, from 0 to 159")


def test_masks_without_a_zero_are_asked_about(tmp_path):
    root = _pairs(tmp_path / "own", ["a", "b"], values=(1, 2))
    _refuse(root, r"no pixel of the masks is 0, they hold 1 \(.*\), 2 .*such as `background=1`")
    data = _prepare(root, background=1)
    assert data.classes == ["background", "foreground"]
    assert np.array_equal(data.label("a"), _values((1, 2), 0) == 2)


def test_255_beside_small_values_may_be_an_ignore_label(tmp_path):
    root = _pairs(tmp_path / "own", ["a", "b"], values=(0, 1, 255))
    _refuse(root, "255 beside small values is often an ignore label: `ignore=255` keeps it")
    data = _prepare(root, ignore=255)
    assert (data.classes, data.ignore_index, data.has_ignored) == (["background", "foreground"], 2, True)
    values = _values((0, 1, 255), 1)
    assert np.array_equal(data.label("b"), np.where(values == 255, 2, values))
    assert np.array_equal(data.ignored("b"), values == 255)
    assert json.loads((data.folder / "dataset.json").read_text())["labels"]["ignore"] == 2
    assert data.card.more["coding"] == {"0": "0 background", "1": "1 foreground", "255": "ignored"}
    assert data_prep.check(data.folder) == []
    # as classes, where the user says so
    assert _prepare(root, classes=["background", "x", "y"]).ignored("b") is None


def test_inverted_masks_are_warned_of(tmp_path):
    root = _pairs(tmp_path / "own", ["a", "b"], values=(255, 0), share=0.05)
    with pytest.warns(UserWarning, match="9.% of all pixels are foreground: if the masks are inverted"):
        data = _prepare(root)
    assert "inverted" in data.card.notes[0]
    assert _prepare(root, background=255).label("a").mean() < 0.1


def test_nan_voxels_are_refused(tmp_path):
    for name in ("a", "b"):
        image = np.ones((5, 6, 7), np.float32)
        image[0, 0, :2] = np.nan
        _nifti(tmp_path / "own/images" / f"{name}.nii.gz", image, np.eye(4))
        _nifti(
            tmp_path / "own/masks" / f"{name}.nii.gz",
            np.eye(5, 6, dtype=np.uint8)[..., None] * np.ones(7, np.uint8),
            np.eye(4),
        )
    _refuse(tmp_path / "own", "2 values of the image are NaN or infinite")


def test_coding_is_always_printed(own, capsys):
    arguments = ["prepare", "folder", "--source", str(own), "--destination", str(own.parent / "data")]
    assert main(arguments) == 0
    assert "coding: 0 is 0 background, 255 is 1 foreground" in capsys.readouterr().out


# layouts


@pytest.mark.parametrize("masks", ["masks", "mask", "labels", "Labels", "ground_truth"])
def test_folders_of_masks_are_found_by_their_usual_names(tmp_path, masks):
    data = _prepare(_pairs(tmp_path / "own", ["a", "b"], masks=masks))
    assert data.card.more["layout"] == f"images in images/, masks in {masks}/"


def test_two_folders_of_masks_are_asked_about(own):
    _mask(own / "labels/a.png")
    _refuse(own, r"own/masks and .*own/labels: which of them is it\?")


def test_masks_with_a_suffix(tmp_path):
    root = tmp_path / "own"
    for seed, name in enumerate(("a", "b_1")):
        _image(root / "images" / f"{name}.png", seed)
        _mask(root / "masks" / f"{name}_mask.png", seed=seed)
    data = _prepare(root)
    assert data.cases("train") == ["a", "b_1"]
    assert np.array_equal(data.label("b_1"), _values(seed=1) > 0)


def test_masks_beside_the_images(tmp_path):
    for seed, name in enumerate(("a", "b")):
        _image(tmp_path / "own" / f"{name}.bmp", seed)
        _mask(tmp_path / "own" / f"{name}_mask.png", seed=seed)
    assert _prepare(tmp_path / "own").cases("train") == ["a", "b"]


@pytest.mark.parametrize("inside", [True, False], ids=["train/images", "images/train"])
def test_train_val_test(tmp_path, inside):
    for part, names in {"train": "abc", "valid": "de", "test": "fg"}.items():
        for seed, name in enumerate(names):
            place = [f"{part}/images", f"{part}/masks"] if inside else [f"images/{part}", f"masks/{part}"]
            _image(tmp_path / "own" / place[0] / f"{name}.png", seed)
            _mask(tmp_path / "own" / place[1] / f"{name}.png", seed=seed)
    data = _prepare(tmp_path / "own")
    assert data.folds == [{"train": ["a", "b", "c"], "val": ["d", "e"]}]
    assert data.cases("test") == ["f", "g"]


def test_names_in_train_and_test_are_told_apart(own):
    _pairs(own / "test", ["a", "x"])
    with pytest.warns(UserWarning, match="1 names are in training and test"):
        data = _prepare(own)
    assert data.cases("test") == ["test_a", "x"]


def test_litter_beside_images_does_not_matter(own):
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "._a.png"):
        (own / "images" / name).write_bytes(b"\0")
        (own / "masks" / name).write_bytes(b"\0")
    (own / "__MACOSX").mkdir()
    assert _prepare(own).cases("train") == ["a", "b", "c", "d"]


def test_test_images_without_masks_are_predicted_and_not_measured(own):
    _image(own / "test/images/x.png")
    with pytest.warns(UserWarning, match="1 test images have no ground truth: they are predicted, not measured"):
        data = _prepare(own)
    assert data.cases("test") == ["x"]
    assert not data.has_label("x")
    assert data_prep.check(data.folder) == []


def test_raw_layout_without_test_labels(own, tmp_path):
    raw = _prepare(own).folder
    (raw / "checksums.json").unlink()
    (raw / "card.json").unlink()
    _image(raw / "imagesTs/x_0000.png")
    with pytest.warns(UserWarning, match="predicted, not measured"):
        data = Prepared(data_prep.prepare("folder", raw, tmp_path / "again"))
    assert (data.cases("test"), data.has_label("x"), data.channels) == (["x"], False, 3)


def test_patients_fewer_than_folds(tmp_path):
    root = _pairs(tmp_path / "own", [f"p{patient}_{number}" for patient in "123" for number in range(2)])
    data = _prepare(root, patient="(p.)_", folds=5)
    assert len(data.folds) == 3
    assert data.card.more["folds"].startswith("3 (5 asked for, but there are 3 patients)")


# kinds of images


def test_palette_masks_are_indices(own):
    for name in "abcd":
        indices = Image.fromarray(_values((0, 1)), mode="P")
        indices.putpalette([0, 0, 0, 200, 30, 30])
        indices.save(own / f"masks/{name}.png")
    assert np.array_equal(_prepare(own).label("a"), _values((0, 1)))


def test_opaque_alpha_does_not_count(own):
    for name in "abcd":
        for kind in ("images", "masks"):
            with Image.open(own / kind / f"{name}.png") as image:
                rgba = image.convert("RGBA")
            rgba.save(own / kind / f"{name}.png")
    data = _prepare(own)
    assert (data.channels, data.classes) == (3, ["background", "foreground"])


def test_transparency_is_refused(own):
    Image.fromarray(np.full((*SHAPE, 4), 9, np.uint8)).save(own / "images/a.png")
    _refuse(own, "a.png: a 2D image must have channels of 8 bits, got transparency")


def test_raw_layout_of_several_channels(tmp_path):
    root = tmp_path / "own"
    (root / "imagesTr").mkdir(parents=True)
    for seed, name in enumerate("ab"):
        _image(root / f"imagesTr/{name}_0000.png", seed)
        _image(root / f"imagesTr/{name}_0001.png", seed, channels=1)
        _mask(root / f"labelsTr/{name}.png", (0, 1), seed)
    content = {"channel_names": {"0": "RGB", "1": "NIR"}, "labels": {"background": 0, "x": 1}, "file_ending": ".png"}
    (root / "dataset.json").write_text(json.dumps(content))
    data = _prepare(root)
    assert data.channel_names == ["R", "G", "B", "NIR"]
    expected = [
        *np.asarray(Image.open(root / "imagesTr/a_0000.png")).transpose(2, 0, 1),
        Image.open(root / "imagesTr/a_0001.png"),
    ]
    assert np.array_equal(data.image("a"), np.stack([np.asarray(channel) for channel in expected]))


def test_tiff_of_four_channels(tmp_path):
    for seed, name in enumerate("ab"):
        pixels = np.random.default_rng(seed).integers(0, 256, (*SHAPE, 4), np.uint8)
        (tmp_path / "own/images").mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(tmp_path / f"own/images/{name}.tif", pixels, photometric="rgb", extrasamples=["unspecified"])
        _mask(tmp_path / f"own/masks/{name}.png", seed=seed)
    data = _prepare(tmp_path / "own")
    assert data.channels == 4
    assert np.array_equal(data.image("b"), pixels.transpose(2, 0, 1))
