"""Official sets as they really lie on people's disks, each case as a small made file."""

import gzip
import importlib
import shutil

import numpy as np
import pytest
from fixtures.layouts import chase_db1, crack500_photographs, drive, grey, hrf, save, stare, structure
from fixtures.volume_layouts import LAYOUTS as VOLUMES
from fixtures.volume_layouts import labels, nifti, nuinsseg, volume
from PIL import Image

import data_prep
from data_prep import PreparationError, Prepared
from data_prep.reading import Listing


def _prepare(slug, tmp_path, **options):
    return Prepared(data_prep.prepare(slug, tmp_path / "source", tmp_path / "data", **options))


# TopoMortar


def test_six_pixels_of_topomortar_163_are_background(topomortar_source, tmp_path):
    dataset = topomortar_source / "dataset"
    for kind in ("images", "accurate"):
        (dataset / f"test/{kind}/121.png").rename(dataset / f"test/{kind}/163.png")
    for name in ("splits.yaml", "splits_small.yaml", "dataset_types.txt"):
        (dataset / name).write_text((dataset / name).read_text().replace("121", "163"))
    path = dataset / "test/accurate/163.png"
    values = np.array(Image.open(path))
    expected = values == 255
    expected[0, :6], values[0, :6] = False, 8
    Image.fromarray(values).save(path)
    data = Prepared(data_prep.prepare("topomortar", topomortar_source, tmp_path / "data"))
    assert np.array_equal(data.label("163"), expected)
    assert "163: six pixels of 8 are background" in data.card.notes[0]
    # nowhere else
    Image.fromarray(values).save(dataset / "test/accurate/122.png")
    with pytest.raises(PreparationError, match=r"122\.png: a mask may hold the values 0, 255, got also 8"):
        data_prep.prepare("topomortar", topomortar_source, tmp_path / "data")


# fundus photographs


@pytest.mark.parametrize("change", ["upper case", "other folder", "png"])
def test_drive_in_other_spellings(tmp_path, change):
    files = drive(tmp_path / "source")
    expected = {name: structure(int(name[:2])) for name in files}
    for image, mask in files.values():
        if change == "upper case":
            image.rename(image.with_suffix(".TIF"))
            mask.rename(mask.with_suffix(".GIF"))
        if change == "png":
            Image.open(mask).convert("L").save(mask.with_suffix(".png"))
            mask.unlink()
    if change == "other folder":
        (tmp_path / "source/DRIVE/training").rename(tmp_path / "source/DRIVE/Training")
    data = _prepare("drive", tmp_path)
    assert (len(data.cases("train")), len(data.cases("test"))) == (20, 20)
    assert all(np.array_equal(data.label(name), mask) for name, mask in expected.items())


def test_drive_as_released_today_is_complete(tmp_path):
    for name, (_, mask) in drive(tmp_path / "source").items():
        if name.endswith("test"):
            mask.unlink()
    data = _prepare("drive", tmp_path)
    assert (len(data.cases("train")), len(data.cases("test")), data.card.partial) == (20, 0, False)
    assert data.card.exclusions == ["20 test images: today's release has no manual segmentation of them"]


def test_what_is_missing_is_never_dropped_behind_another_message(tmp_path):
    for name, paths in drive(tmp_path / "source").items():
        if name.endswith("training"):
            for path in paths:
                path.unlink()
    with pytest.raises(PreparationError) as caught:
        _prepare("drive", tmp_path, partial=True)
    assert [
        "a fold without any training image" in caught.value.problems[0],
        "DRIVE: 20 of 40 images" in caught.value.problems[1],
    ]


def _fields(slug, root):
    """Write a mask of the field of view for every image, in the place that each dataset has for it."""
    build = {"drive": drive, "hrf": hrf, "chase_db1": chase_db1, "stare": stare}[slug]
    fields = {}
    for seed, (name, (image, _)) in enumerate(build(root).items()):
        fields[name] = structure(seed + 500)
        paths = {
            "drive": image.parents[1] / f"mask/{name}_mask.gif",
            "hrf": image.parents[1] / f"mask/{name}_mask.tif",
            "chase_db1": image.parent / f"mask/Image_{name}_mask.png",
            "stare": image.parents[1] / f"mask/{name}_mask.png",
        }
        save(paths[slug], grey(fields[name]))
    return fields


@pytest.mark.parametrize("slug", ["drive", "hrf", "chase_db1", "stare"])
def test_fields_of_view_are_kept(tmp_path, slug):
    fields = _fields(slug, tmp_path / "source")
    data = _prepare(slug, tmp_path)
    assert data.has_ignored
    for name, field in fields.items():
        assert np.array_equal(data.field_of_view(name), field)
        assert np.array_equal(data.ignored(name), ~field)
        assert data.ignored(name, field_of_view=False) is None
    assert any("the field of view is kept" in note for note in data.card.notes)
    assert data_prep.check(data.folder) == []


def test_without_fields_of_view_nothing_is_ignored(tmp_path):
    drive(tmp_path / "source")
    data = _prepare("drive", tmp_path)
    assert not data.has_ignored
    assert data.ignored("21_training") is None


# Crack500


def test_crops_are_asked_for_by_name_where_only_photographs_are_there(tmp_path, monkeypatch):
    crack500_photographs(tmp_path / "source")
    with pytest.raises(PreparationError, match="where only .*data are there, give images='photographs'"):
        _prepare("crack500", tmp_path)


def test_turned_masks_of_photographs_are_noted(tmp_path, monkeypatch):
    module = importlib.import_module("data_prep.datasets.crack500")
    files = crack500_photographs(tmp_path / "source")
    monkeypatch.setattr(module, "COUNTS", {"photographs": {"train": 6, "val": 2, "test": 3}})
    for number, (image, mask) in enumerate(files.values()):
        crack = structure(number)
        save(mask, grey(crack))
        dark = crack[::-1, ::-1] if number == 4 else crack
        save(image, np.where(dark, 40, 180)[..., None].repeat(3, axis=2).astype(np.uint8), quality=95)
    with pytest.warns(UserWarning, match="better if turned by 180 degrees"):
        data = _prepare("crack500", tmp_path, images="photographs")
    assert len(data.card.notes) == 1


# litter, pointers, spellings of endings


LITTERED = ("cirrmri600", "pulmonary_va", "cld", "vessap")


@pytest.mark.parametrize("layout", [layout for layout in VOLUMES if layout.slug in LITTERED], ids=str)
def test_litter_is_no_case_and_unpacked_volumes_are(layout, tmp_path, monkeypatch):
    for name, value in layout.constants.items():
        monkeypatch.setattr(importlib.import_module(f"data_prep.datasets.{layout.slug}"), name, value)
    files = layout.build(tmp_path / "source")
    for images, label in files.values():
        for path in (*images, label):
            path.with_name(f"._{path.name}").write_bytes(b"\0")
            path.with_name("Thumbs.db").write_bytes(b"\0")
    images, label = next(iter(files.values()))
    for path in (*images, label):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    data = Prepared(data_prep.prepare(layout.slug, tmp_path / "source", tmp_path / "data", **layout.options))
    assert sorted(files) == sorted(data.cases("train") + data.cases("test"))


def test_litter_beside_deepglobe_tiles_is_no_case(tmp_path, monkeypatch):
    from fixtures.layouts import deepglobe_roads

    monkeypatch.setattr(importlib.import_module("data_prep.datasets.deepglobe_roads"), "COUNTS", {"labelled": 20})
    files = deepglobe_roads(tmp_path / "source")
    for image, mask in files.values():
        for path in (image, mask):
            path.with_name(f"._{path.name}").write_bytes(b"\0")
    assert len(_prepare("deepglobe_roads", tmp_path).cases("train")) == 16


def test_listing_ignores_case_and_litter(tmp_path):
    for name in ("Train/A.PNG", "Train/._A.PNG", "train.txt", "Thumbs.db", "__MACOSX/x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = Listing(tmp_path)
    assert files.glob("train/*.png") == [tmp_path / "Train/A.PNG"]
    assert files.find("train/a.png") == tmp_path / "Train/A.PNG"
    assert files.find("val/b.png") == tmp_path / "val/b.png"
    assert files.glob("*") == [tmp_path / "Train", tmp_path / "train.txt"]


def test_opaque_alpha_of_official_images_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.import_module("data_prep.datasets.nuinsseg"), "COUNTS", {"labelled": 20})
    nuclei = nuinsseg(tmp_path / "source")
    for path in (tmp_path / "source").rglob("*.png"):
        with Image.open(path) as image:
            rgba = image.convert("RGBA")
        rgba.save(path)
    data = _prepare("nuinsseg", tmp_path)
    assert all(np.array_equal(data.label(name), mask) for name, mask in nuclei.items())


def test_pointer_of_git_lfs_is_named_as_such(tmp_path):
    image, _ = drive(tmp_path / "source")["21_training"]
    image.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 758672\n")
    with pytest.raises(PreparationError, match=r"21_training\.tif: a pointer of Git LFS.*`git lfs pull`"):
        _prepare("drive", tmp_path)


def test_mask_without_its_images_is_left_out_when_partial(tmp_path, monkeypatch):
    layout = next(layout for layout in VOLUMES if layout.slug == "isles24")
    for name, value in layout.constants.items():
        monkeypatch.setattr(importlib.import_module("data_prep.datasets.isles24"), name, value)
    images, label = next(iter(layout.build(tmp_path / "source").values()))
    extra = label.parents[2] / "sub-stroke9999/ses-02" / label.name.replace(label.parents[1].name, "sub-stroke9999")
    extra.parent.mkdir(parents=True)
    shutil.copy(label, extra)
    with pytest.raises(PreparationError, match="sub-stroke9999.*missing, but its partner"):
        _prepare("isles24", tmp_path)
    data = _prepare("isles24", tmp_path, partial=True)
    assert "sub-stroke9999" not in data.cases("train")
    assert any("sub-stroke9999" in line for line in data.card.missing)


# geometry of official volumes: a share of the voxel, not of a millimetre


@pytest.mark.parametrize(("shift", "outcome"), [(0.002, "same"), (0.2, "noted"), (0.7, "refused")])
def test_geometry_is_measured_in_voxels(tmp_path, monkeypatch, shift, outcome):
    import nibabel

    monkeypatch.setattr(importlib.import_module("data_prep.datasets.minivess"), "COUNT", 3)
    size = 0.01
    for number in range(1, 4):
        nifti(tmp_path / f"source/mv{number}.nii.gz", volume(number), (size,) * 3)
        affine = np.diag([size, size, size, 1.0])
        affine[1, 3] = shift * size
        path = nifti(tmp_path / f"source/mv{number}_y.nii.gz", labels(number), (size,) * 3)
        nibabel.save(nibabel.Nifti1Image(labels(number).transpose(), affine), path)
    if outcome == "refused":
        with pytest.raises(PreparationError, match="displace voxels by up to 0.7 voxels"):
            _prepare("minivess", tmp_path)
    elif outcome == "noted":
        with pytest.warns(UserWarning, match="displaced by up to 0.2 voxels"):
            assert len(_prepare("minivess", tmp_path).card.notes) == 3
    else:
        assert _prepare("minivess", tmp_path).card.notes == []
