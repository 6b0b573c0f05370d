"""Every dataset of volumes in its official layout: what comes out, and what happens when the layout is broken."""

import importlib
import pickle
import shutil

import nibabel
import numpy as np
import pytest
import tifffile
from fixtures.volume_layouts import (
    AXONS,
    LAYOUTS,
    SPACING,
    Layout,
    axons,
    cirrmri600,
    icas_d,
    labels,
    minivess,
    nifti,
    vessap,
    vesselnn,
    volume,
)
from scipy.io import savemat

import data_prep
from data_prep import PreparationError, Prepared
from data_prep.reading import decode

every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
NIFTI = [layout for layout in LAYOUTS if layout.slug not in ("vesselnn", "axons")]
# here a lone file is how an incomplete copy of the repository looks
STRICT = [layout for layout in LAYOUTS if layout.slug != "vesselnn"]


@pytest.fixture
def files(layout: Layout, tmp_path, monkeypatch):
    module = importlib.import_module(f"data_prep.datasets.{layout.slug}")
    for name, value in layout.constants.items():
        monkeypatch.setattr(module, name, value)
    return layout.build(tmp_path / "source")


def _prepare(layout, tmp_path, **options):
    return data_prep.prepare(layout.slug, tmp_path / "source", tmp_path / "data", **{**layout.options, **options})


def _truth(layout, path):
    if layout.slug == "axons":
        return labels(AXONS.index(path.parent.name))
    values = decode(path)[0]
    return (values > 0).astype(np.uint8) if layout.slug == "vesselnn" else values


def _image(path):
    if path.suffix == ".h5":
        import h5py

        with h5py.File(path) as file:
            return file["raw"][()].squeeze()
    return decode(path)[0]


@every_layout
def test_official_layout(layout, files, tmp_path):
    folder = _prepare(layout, tmp_path)
    data = Prepared(folder)
    assert data.dims == 3
    assert (len(data.cases("train")), len(data.cases("test"))) == (layout.training, layout.test)
    assert sorted(files) == sorted(data.cases("train") + data.cases("test"))
    assert len(data.folds) == layout.folds
    assert (len(data.classes) - 1, data.channels) == (layout.classes, layout.channels)
    for fold in data.folds:
        assert sorted([*fold["train"], *fold["val"]]) == data.cases("train")
    assert not data.card.partial
    for entry in ("foreground", "folds", "unchecked"):
        assert data.card_content[entry]
    for case, (images, label) in files.items():
        assert np.array_equal(data.image(case), np.stack([_image(path) for path in images]))
        assert np.array_equal(data.label(case), _truth(layout, label)), case
        if label.name.endswith(".nii.gz"):
            assert data.spacing(case) == SPACING
    assert data_prep.check(folder) == []


@pytest.mark.parametrize("layout", STRICT, ids=str)
@pytest.mark.parametrize("which", ["image", "label"])
def test_missing_partner_is_named(layout, files, tmp_path, which):
    images, label = list(files.values())[1]
    (images[-1] if which == "image" else label).unlink()
    with pytest.raises(PreparationError, match="missing, but its partner"):
        _prepare(layout, tmp_path)
    assert not (tmp_path / "data").exists()


@every_layout
def test_missing_case_stops_without_partial_and_is_on_the_card_with_it(layout, files, tmp_path):
    images, label = list(files.values())[1]
    for path in (*images, label, *label.parent.glob("crop01*"), *images[0].parent.glob("crop01*")):
        path.unlink(missing_ok=True)
    with pytest.raises(PreparationError, match="complete the download; go on without by partial=True"):
        _prepare(layout, tmp_path)
    data = Prepared(_prepare(layout, tmp_path, partial=True))
    assert data.card.partial
    assert len(data.cases("train")) + len(data.cases("test")) == len(files) - 1


@every_layout
@pytest.mark.parametrize("which", ["image", "label"])
@pytest.mark.parametrize("content", ["truncated", "text"])
def test_unreadable_file_is_named(layout, files, tmp_path, which, content):
    images, label = list(files.values())[2]
    path = images[-1] if which == "image" else label
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] if content == "truncated" else b"<html>please log in</html>")
    with pytest.raises(PreparationError) as caught:
        _prepare(layout, tmp_path)
    assert [line for line in caught.value.problems if str(path) in line]
    assert not list((tmp_path / "data").glob("*"))


@pytest.mark.parametrize("layout", NIFTI, ids=str)
def test_label_of_another_size_or_place_is_named(layout, files, tmp_path):
    images, label = list(files.values())[2]
    whole = decode(label)[0]
    nifti(label, whole[:, :, 1:])
    with pytest.raises(PreparationError, match="must have the same size, got 6 x 9 x 12 and 6 x 9 x 11"):
        _prepare(layout, tmp_path)
    nifti(label, whole, (2.0, 0.5, 0.3))
    with pytest.raises(PreparationError) as caught:
        _prepare(layout, tmp_path)
    assert any(str(label) in line and "must lie in the same place" in line for line in caught.value.problems)


@pytest.mark.parametrize("layout", NIFTI, ids=str)
def test_unexpected_label_value_is_named(layout, files, tmp_path):
    label = list(files.values())[2][1]
    values = decode(label)[0]
    values[0, 0, 0] = 9
    nifti(label, values)
    with pytest.raises(PreparationError) as caught:
        _prepare(layout, tmp_path)
    assert any(str(label) in line and "got also 9" in line for line in caught.value.problems)


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout not in NIFTI], ids=str)
def test_label_of_another_size_is_named_in_other_formats(layout, files, tmp_path):
    label = list(files.values())[2][1]
    if layout.slug == "axons":
        savemat(label, {"myelinated_axons": labels(2)[1:].transpose()})
    else:
        tifffile.imwrite(label, labels(2)[1:] * np.uint8(255), photometric="minisblack", compression="lzw")
    with pytest.raises(PreparationError) as caught:
        _prepare(layout, tmp_path)
    assert any(str(label) in line and "must have the same size, got " in line for line in caught.value.problems)


def test_unexpected_value_in_vesselnn_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("data_prep.datasets.vesselnn.COUNT", 7)
    label = vesselnn(tmp_path / "source")["santos2015_tumor"][1]
    tifffile.imwrite(label, labels(2) * np.uint8(128), photometric="minisblack", compression="lzw")
    with pytest.raises(PreparationError, match=rf"{label.name}: a mask may hold the values 0, 254, 255, got also 128"):
        data_prep.prepare("vesselnn", tmp_path / "source", tmp_path / "data")


@every_layout
def test_cases_are_small_and_travel_between_processes(layout, files, tmp_path):
    for case in data_prep.entry(layout.slug).plan(tmp_path / "source", **layout.options).cases:
        data = pickle.dumps(case)
        # paths, not pixels
        assert len(data) < 5000
        assert np.array_equal(pickle.loads(data).load().label, case.load().label)


@every_layout
def test_empty_folder_says_what_was_expected(layout, tmp_path):
    (tmp_path / "source").mkdir()
    with pytest.raises(PreparationError, match=r"source: expected .* \(also looked in the folders below\)"):
        _prepare(layout, tmp_path)


def test_fourth_axis_of_length_one_is_dropped(tmp_path):
    from data_prep.reading.volumes import read_volume

    array = volume(1).transpose()[..., np.newaxis]
    nibabel.save(nibabel.Nifti1Image(array, np.diag([*reversed(SPACING), 1.0])), tmp_path / "x.nii.gz")
    found, spacing = read_volume(tmp_path / "x.nii.gz")
    assert np.array_equal(found, volume(1))
    assert spacing == SPACING


def test_axons_of_one_animal_stay_together_and_are_read_in_both_formats(tmp_path):
    files = axons(tmp_path / "source")
    data = Prepared(data_prep.prepare("axons", tmp_path / "source", tmp_path / "data"))
    # MATLAB's older format is no HDF5, the newer one is
    assert {label.read_bytes()[:6] == b"MATLAB" for _, label in files.values()} == {True, False}
    for number, case in enumerate(files):
        assert np.array_equal(data.image(case)[0], volume(number).astype(np.uint8)), case
        assert np.array_equal(data.label(case), labels(number)), case
        assert data.spacing(case) == pytest.approx((0.05, 0.015, 0.015))
    assert [fold["val"] for fold in data.folds] == [
        [f"{animal}_contra", f"{animal}_ipsi"] for animal in ("Sham_25", "Sham_49", "TBI_2", "TBI_24", "TBI_28")
    ]


@pytest.mark.parametrize("case", ["TBI_2_ipsi", "TBI_24_ipsi"])
@pytest.mark.parametrize("length", [0, 60, 127, 131, 180, 300])
def test_axons_cut_off_anywhere_are_named(tmp_path, case, length):
    label = axons(tmp_path / "source")[case][1]
    # a download that stopped early, as it is or with the space set aside for it
    for rest in (0, 500):
        data = label.read_bytes()
        assert len(data) > length
        label.write_bytes(data[:length] + bytes(rest))
        with pytest.raises(
            PreparationError, match=rf"{label.name}: (cannot be read as (HDF5|MATLAB)|expected one array)"
        ):
            data_prep.prepare("axons", tmp_path / "source", tmp_path / "data")
        label.write_bytes(data)


@pytest.mark.parametrize("arrays", [0, 2])
def test_axons_with_no_or_two_volumes_are_named(tmp_path, arrays):
    label = axons(tmp_path / "source")["Sham_25_ipsi"][1]
    savemat(label, {"flat": np.zeros((3, 3)), **{f"volume{n}": labels(n) for n in range(arrays)}})
    found = "volume0, volume1" if arrays else "none"
    with pytest.raises(PreparationError, match=rf"{label.name}: expected one array with three axes, found {found}"):
        data_prep.prepare("axons", tmp_path / "source", tmp_path / "data")


def test_minivess_skips_other_files_and_reads_uncompressed_ones(tmp_path, monkeypatch):
    monkeypatch.setattr("data_prep.datasets.minivess.COUNT", 8)
    files = minivess(tmp_path / "source")
    shutil.copy(files["mv01"][1], tmp_path / "source/mv01_old.nii.gz")
    for path in (files["mv02"][0][0], files["mv02"][1]):
        nifti(path.with_suffix(""), decode(path)[0])
        path.unlink()
    data = Prepared(data_prep.prepare("minivess", tmp_path / "source", tmp_path / "data"))
    assert len(data.cases("train")) + len(data.cases("test")) == 8
    assert np.array_equal(data.label("mv02"), labels(2))


@pytest.mark.parametrize("slug", ["cld", "vessap"])
def test_uncompressed_volumes_are_read_too(slug, tmp_path):
    layout = next(layout for layout in LAYOUTS if layout.slug == slug)
    for path in [path for images, label in layout.build(tmp_path).values() for path in (*images, label)]:
        nifti(path.with_suffix(""), decode(path)[0])
        path.unlink()
    plan = data_prep.entry(slug).plan(tmp_path)
    assert (len(plan.cases), plan.problems) == (layout.training + layout.test, [])
    assert plan.cases[0].load().label.any()


def test_vesselnn_keeps_stacks_of_one_field_together_and_knows_their_spacing(tmp_path, monkeypatch):
    monkeypatch.setattr("data_prep.datasets.vesselnn.COUNT", 7)
    vesselnn(tmp_path / "source")
    data = Prepared(data_prep.prepare("vesselnn", tmp_path / "source", tmp_path / "data"))
    for pair in (
        {"poon2015_BBB_Leakage", "poon2015_BBB_noLeakage"},
        {"santos2015_lowContrastVessels", "santos2015_mixedSizelowContrastVessels"},
    ):
        for fold in data.folds:
            assert len(pair & set(fold["val"])) in (0, 2)
    whole = {pair for fold in data.folds for pair in fold["val"]}
    held_out = Prepared(data_prep.prepare("vesselnn", tmp_path / "source", tmp_path / "split", split="held_out"))
    assert set(held_out.cases("test")) == set(data.folds[0]["val"])
    assert {name for fold in held_out.folds for name in fold["val"]} == whole - set(data.folds[0]["val"])
    with pytest.raises(ValueError, match="split"):
        data_prep.prepare("vesselnn", tmp_path / "source", tmp_path / "other", split="official")
    assert data.spacing("santos2015_tumor") == pytest.approx((5.0, 0.621, 0.621))
    assert data.spacing("poon2015_BBB_Leakage") == pytest.approx((5.0, 0.994, 0.994))


def test_vesselnn_lone_label_is_missing_and_twofold_label_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("data_prep.datasets.vesselnn.COUNT", 7)
    files = vesselnn(tmp_path / "source")
    (image,), label = files["santos2015_tumor"]
    image.unlink()
    with pytest.raises(PreparationError, match="no image for .*santos2015_tumor_initLabel_v1.tif"):
        data_prep.prepare("vesselnn", tmp_path / "source", tmp_path / "data")
    assert len(Prepared(data_prep.prepare("vesselnn", tmp_path / "source", tmp_path / "data", partial=True)).folds) == 4
    shutil.copy(files["poon2015_plaqueVessels"][1], label.with_name("poon2015_plaqueVessels_labels_v1.tif"))
    with pytest.raises(PreparationError, match="both belong to"):
        data_prep.prepare("vesselnn", tmp_path / "source", tmp_path / "data", partial=True)


def test_vessap_in_the_numbers_of_cldice(tmp_path):
    vessap(tmp_path / "source")
    for n in range(11, 17):
        for c in (0, 1):
            nifti(tmp_path / "source" / f"raw/crop{n:02d}_{c:04d}.nii.gz", volume(n))
        nifti(tmp_path / "source" / f"labels/crop{n:02d}.nii.gz", labels(n))
    folder = data_prep.prepare("vessap", tmp_path / "source", tmp_path / "data", split="cldice", channels=1)
    data = Prepared(folder)
    assert [len(data.cases(part, 0)) for part in ("train", "val")] == [11, 2]
    assert data.cases("test") == [f"crop{n:02d}" for n in range(13, 17)]


def test_cirrmri600_in_the_numbers_of_scnp(tmp_path, monkeypatch):
    cirrmri600(tmp_path / "source")
    monkeypatch.setattr("data_prep.datasets.cirrmri600.COUNTS", {"T2": {"train": 5, "valid": 2, "test": 2}})
    data = Prepared(data_prep.prepare("cirrmri600", tmp_path / "source", tmp_path / "data", split="scnp"))
    assert data.cases("val", 0) == ["train_0"]
    assert len(data.card.exclusions) == 2
    # with all volumes: 198 + 50
    kept = [f"train_{number:03d}" for number in range(256)][:248]
    assert (len(kept) - len(kept[::5]), len(kept[::5])) == (198, 50)


def test_mslesseg_keeps_all_times_of_a_patient_together(tmp_path, monkeypatch):
    from fixtures.volume_layouts import mslesseg

    mslesseg(tmp_path / "source")
    monkeypatch.setattr("data_prep.datasets.mslesseg.COUNTS", {"train": 10, "test": 2})
    data = Prepared(data_prep.prepare("mslesseg", tmp_path / "source", tmp_path / "data"))
    assert data.cases("val", 0) == ["P1_T1", "P1_T2", "P6_T1", "P6_T2"]


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_icas_d_averages_boxes(tmp_path, monkeypatch, share):
    monkeypatch.setattr("data_prep.datasets.icas_d.NUMBERS", range(1, 6))
    monkeypatch.setattr("data_prep.datasets.icas_d.SHAPE", (5, 12, 15))
    files = icas_d(tmp_path / "source", range(1, 6))
    data = Prepared(data_prep.prepare("icas_d", tmp_path / "source", tmp_path / "data", share=share))
    assert len(data.folds) == 5
    for case, ((image,), label) in files.items():
        artery = decode(label)[0].repeat(3, axis=2)
        means = artery.reshape(5, 4, 12, 3, 15, 8).mean(axis=(1, 3, 5))
        assert np.array_equal(data.label(case), means >= share - 1e-9)
        grey = decode(image)[0].astype(float).repeat(3, axis=2).reshape(5, 4, 12, 3, 15, 8).mean(axis=(1, 3, 5))
        assert np.abs(data.image(case)[0] - grey).max() <= 0.51
        assert data.spacing(case) == pytest.approx((8.0, 1.5, 0.25 * 40 / 15))


def test_icas_d_counts_and_checks(tmp_path, monkeypatch):
    monkeypatch.setattr("data_prep.datasets.icas_d.NUMBERS", range(1, 4))
    files = icas_d(tmp_path / "source", range(1, 3))
    with pytest.raises(PreparationError, match="ICAS-d: 1 of 3 images are missing"):
        data_prep.prepare("icas_d", tmp_path / "source", tmp_path / "data")
    with pytest.raises(ValueError, match=r"`share` must lie in \(0, 1\]"):
        data_prep.prepare("icas_d", tmp_path / "source", tmp_path / "data", share=0)
    files["0001"][1].unlink()
    with pytest.raises(PreparationError, match=r"1.label.nii.gz: missing, but its partner"):
        data_prep.prepare("icas_d", tmp_path / "source", tmp_path / "data", partial=True)


def test_stand_in_for_cldice_has_its_numbers_and_betti_numbers(tmp_path):
    folder = data_prep.prepare("cldice_synthetic", None, tmp_path, size=32)
    data = Prepared(folder)
    assert [len(data.cases(part, 0)) for part in ("train", "val")] == [15, 2]
    assert len(data.cases("test")) == 5
    # checks the Betti numbers on the card too
    assert data_prep.check(folder) == []
    quiet = Prepared(data_prep.prepare("cldice_synthetic", None, tmp_path, size=32, noise=0))
    loud = data_prep.Prepared(data_prep.prepare("cldice_synthetic", None, tmp_path / "loud", size=32, noise=40))
    difference = loud.image("train00") - quiet.image("train00")
    assert 25 < difference.std() < 41
    with pytest.raises(ValueError, match="`noise` must lie"):
        data_prep.prepare("cldice_synthetic", None, tmp_path, noise=-1)
