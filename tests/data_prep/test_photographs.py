"""Every dataset of photographs in its official layout: what comes out, and what happens when the layout is broken."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from fixtures.layouts import LAYOUTS, SIZE, Layout, structure
from PIL import Image
from scipy.io import loadmat, savemat

import data_prep
from data_prep import PreparationError, Prepared
from data_prep.reading import decode

every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=str)


@pytest.fixture
def files(layout: Layout, tmp_path, monkeypatch):
    module = importlib.import_module(f"data_prep.datasets.{layout.slug}")
    if layout.counts is not None:
        monkeypatch.setattr(module, "COUNTS", layout.counts)
    if layout.slug == "fives":
        monkeypatch.setattr(module, "SIZES", (40, 30, 20, 10))
    return layout.build(tmp_path / "source")


def _prepare(layout, tmp_path, **options):
    defaults = {"size": 40} if layout.slug == "fives" else {}
    options = defaults | layout.options | options
    return data_prep.prepare(layout.slug, tmp_path / "source", tmp_path / "data", **options)


@every_layout
def test_official_layout(layout, files, tmp_path):
    folder = _prepare(layout, tmp_path)
    data = Prepared(folder)
    assert (len(data.cases("train")), len(data.cases("test"))) == (layout.training, layout.test)
    assert sorted(files) == sorted(data.cases("train") + data.cases("test"))
    assert len(data.folds) == layout.folds
    for fold in data.folds:
        assert sorted([*fold["train"], *fold["val"]]) == data.cases("train")
    assert not data.card.partial
    for entry in ("foreground", "folds", "unchecked"):
        assert data.card_content[entry]
    for case, (image, mask) in files.items():
        assert np.array_equal(data.image(case), decode(image)[0].transpose(2, 0, 1))
        assert np.array_equal(data.label(case), _truth(layout, mask)), case
    assert data_prep.check(folder) == []


def _truth(layout, mask):
    """Read a mask of the fixture another way than the code under test does."""
    if layout.slug == "crackforest":
        return loadmat(mask)["groundTruth"][0, 0]["Segmentation"] == 2
    values = decode(mask)[0]
    values = values if values.ndim == 2 else values[..., 0]
    return values > (0 if values.dtype == bool else 127)


@every_layout
@pytest.mark.parametrize("which", [0, 1], ids=["image", "mask"])
def test_missing_partner_is_named(layout, files, tmp_path, which):
    paths = list(files.values())[1]
    paths[which].unlink()
    with pytest.raises(PreparationError) as caught:
        _prepare(layout, tmp_path)
    assert any(str(paths[1 - which]) in line and "missing, but its partner" in line for line in caught.value.problems)
    assert not (tmp_path / "data").exists()


@every_layout
def test_missing_pair_stops_without_partial_and_is_on_the_card_with_it(layout, files, tmp_path):
    for path in list(files.values())[1]:
        path.unlink()
    with pytest.raises(PreparationError, match="complete the download; go on without by partial=True"):
        _prepare(layout, tmp_path)
    data = Prepared(_prepare(layout, tmp_path, partial=True))
    assert data.card.partial
    assert len(data.cases("train")) + len(data.cases("test")) == len(files) - 1


@every_layout
@pytest.mark.parametrize("which", [0, 1], ids=["image", "mask"])
@pytest.mark.parametrize("content", ["truncated", "text"])
def test_unreadable_file_is_named(layout, files, tmp_path, which, content):
    path = list(files.values())[2][which]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] if content == "truncated" else b"<html>please log in</html>")
    with pytest.raises(PreparationError) as caught:
        _prepare(layout, tmp_path)
    assert [line for line in caught.value.problems if str(path) in line]
    assert not list((tmp_path / "data").glob("*"))


@every_layout
def test_mask_of_another_size_is_named(layout, files, tmp_path):
    image, mask = list(files.values())[2]
    other = _write_mask_like(mask, structure(9, (8, 12)))
    with pytest.raises(PreparationError) as caught:
        _prepare(layout, tmp_path)
    assert any(str(other) in line or str(image) in line for line in caught.value.problems)


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.unexpected is not None], ids=str)
def test_unexpected_value_is_named(layout, files, tmp_path):
    mask = list(files.values())[2][1]
    if layout.slug == "crackforest":
        content = loadmat(mask)
        content["groundTruth"][0, 0]["Segmentation"][0, 0] = layout.unexpected
        savemat(mask, {"groundTruth": content["groundTruth"]})
    else:
        values = np.array(decode(mask)[0])
        values[0, 0] = layout.unexpected
        _write_like(mask, values)
    with pytest.raises(PreparationError) as caught:
        _prepare(layout, tmp_path)
    assert any(str(mask) in line and f"got also {layout.unexpected}" in line for line in caught.value.problems)


def _write_mask_like(path, mask):
    if path.suffix == ".mat":
        truth = loadmat(path)["groundTruth"]
        truth["Segmentation"][0, 0] = np.where(mask, 2, 1).astype(np.uint8)
        savemat(path, {"groundTruth": truth})
        return path
    before = decode(path)[0]
    values = mask if before.dtype == bool else (mask * 255).astype(np.uint8)
    return _write_like(path, values if before.ndim == 2 else np.repeat(values[..., None], 3, axis=2))


def _write_like(path, values):
    from fixtures.layouts import save

    return save(path, values)


@every_layout
def test_empty_folder_says_what_was_expected(layout, tmp_path):
    (tmp_path / "source").mkdir()
    with pytest.raises(PreparationError, match=r"source: expected .* \(also looked in the folders below\)"):
        data_prep.prepare(layout.slug, tmp_path / "source", tmp_path / "data", **layout.options)


CHASE = next(layout for layout in LAYOUTS if layout.slug == "chase_db1")
FIVES = next(layout for layout in LAYOUTS if layout.slug == "fives")
HRF = next(layout for layout in LAYOUTS if layout.slug == "hrf")
DEEPGLOBE = LAYOUTS[-1]
DEEPCRACK = next(layout for layout in LAYOUTS if layout.slug == "deepcrack")
CROPS = next(layout for layout in LAYOUTS if layout.build.__name__ == "crack500_crops")


@pytest.mark.parametrize("layout", [CHASE], ids=str)
def test_both_eyes_stay_together(layout, files, tmp_path):
    data = Prepared(_prepare(layout, tmp_path))
    for fold in data.folds:
        assert not {case[:2] for case in fold["train"]} & {case[:2] for case in fold["val"]}
    assert {case[:2] for case in data.cases("test")} == {"11", "12", "13", "14"}


@pytest.mark.parametrize("layout", [CHASE], ids=str)
def test_second_observer_is_asked_for_by_name(layout, files, tmp_path):
    with pytest.raises(PreparationError, match="expected .*2ndHO.png"):
        _prepare(layout, tmp_path, observer="2nd")
    with pytest.raises(ValueError, match="`observer` must be one of '1st', '2nd'"):
        _prepare(layout, tmp_path, observer="third")


@pytest.mark.parametrize("layout", [replace(FIVES, options={"size": size}) for size in (20, 10, 30)], ids=str)
def test_fives_made_smaller_averages_areas(layout, files, tmp_path):
    data = Prepared(_prepare(layout, tmp_path))
    size = layout.options["size"]
    for case, (image, mask) in files.items():
        assert data.label(case).shape == (size, size)
        # each old pixel as `size` by `size` equal ones, of which 40 by 40 make a new one
        label = _truth(layout, mask).repeat(size, axis=0).repeat(size, axis=1)
        means = label.reshape(size, 40, size, 40).mean(axis=(1, 3))
        assert np.array_equal(data.label(case), means >= 0.5)
        channels = decode(image)[0].repeat(size, axis=0).repeat(size, axis=1)
        means = channels.reshape(size, 40, size, 40, 3).mean(axis=(1, 3))
        assert np.abs(data.image(case) - means.transpose(2, 0, 1)).max() <= 0.51


@pytest.mark.parametrize("layout", [replace(HRF, options={"shrink": shrink}) for shrink in (2, 4)], ids=str)
def test_hrf_made_smaller_averages_areas(layout, files, tmp_path):
    data = Prepared(_prepare(layout, tmp_path))
    shrink = layout.options["shrink"]
    for case, (image, mask) in files.items():
        height, width = (side // shrink for side in SIZE)
        truth = _truth(layout, mask)[: height * shrink, : width * shrink]
        means = truth.reshape(height, shrink, width, shrink).mean(axis=(1, 3))
        assert np.array_equal(data.label(case), means >= 0.5)
        channels = decode(image)[0][: height * shrink, : width * shrink]
        means = channels.reshape(height, shrink, width, shrink, 3).mean(axis=(1, 3))
        assert np.abs(data.image(case) - means.transpose(2, 0, 1)).max() <= 0.51


@pytest.mark.parametrize("layout", [HRF], ids=str)
def test_hrf_refuses_another_size(layout, files, tmp_path):
    with pytest.raises(ValueError, match="`shrink` must be one of 1, 2, 4, got 3"):
        _prepare(layout, tmp_path, shrink=3)


@pytest.mark.parametrize("layout", [FIVES], ids=str)
def test_fives_refuses_another_size(layout, files, tmp_path):
    with pytest.raises(ValueError, match="`size` must be one of 40, 30, 20, 10, got 64"):
        _prepare(layout, tmp_path, size=64)


@pytest.mark.parametrize("layout", [DEEPGLOBE], ids=str)
def test_deepglobe_refuses_a_coloured_mask(layout, files, tmp_path):
    mask = next(iter(files.values()))[1]
    values = np.zeros((*SIZE, 3), np.uint8)
    values[..., 1] = 255
    Image.fromarray(values).save(mask)
    with pytest.raises(PreparationError, match="expected a grey mask, got colours"):
        _prepare(layout, tmp_path)


@pytest.mark.parametrize("layout", [DEEPGLOBE], ids=str)
@pytest.mark.parametrize("values", [(0, 1), (0, 128)], ids=["class_indices", "in_between"])
def test_deepglobe_refuses_masks_of_another_coding(layout, files, tmp_path, values):
    mask = next(iter(files.values()))[1]
    Image.fromarray(np.where(structure(3), values[1], values[0]).astype(np.uint8)).save(mask)
    with pytest.raises(PreparationError, match=f"expected values near 0 and 255, got 0 to {values[1]}"):
        _prepare(layout, tmp_path)


@pytest.mark.parametrize("layout", [DEEPCRACK], ids=str)
def test_parts_of_a_photograph_stay_together_and_official_overlap_is_noted(layout, files, tmp_path):
    data = Prepared(_prepare(layout, tmp_path))
    assert {"1116-0", "1116-1"} <= set(data.cases("train"))
    for fold in data.folds:
        assert not {case[:4] for case in fold["train"]} & {case[:4] for case in fold["val"]}
    assert data.card.notes == []
    for path in files["11125-1"]:
        path.rename(path.with_stem("1116-7"))
    assert Prepared(_prepare(layout, tmp_path)).card.notes[0].endswith("by their names: 1116")


@pytest.mark.parametrize("layout", [DEEPCRACK], ids=str)
def test_mask_of_one_bit_reads_as_one_of_eight(layout, files, tmp_path):
    before = Prepared(_prepare(layout, tmp_path)).label("1116-0")
    Image.fromarray(before.astype(bool)).save(files["1116-0"][1])
    assert np.array_equal(Prepared(_prepare(layout, tmp_path)).label("1116-0"), before)


@pytest.mark.parametrize("layout", [CROPS], ids=str)
def test_crops_of_one_photograph_in_two_parts_are_noted(layout, files, tmp_path):
    assert Prepared(_prepare(layout, tmp_path)).card.notes[0].startswith("no photographs have crops in more")
    for path in files["20160222_081050_1_361"]:
        path.rename(path.with_stem("20160222_081010_641_1"))
    assert Prepared(_prepare(layout, tmp_path)).card.notes[0].startswith("1 photographs have crops in more")


@pytest.mark.parametrize("layout", [CROPS], ids=str)
def test_upper_case_extension_is_found(layout, files, tmp_path):
    image = files["20160222_081010_1_361"][0]
    image.rename(image.with_suffix(".JPG"))
    assert "20160222_081010_1_361" in Prepared(_prepare(layout, tmp_path)).cases("train")


def test_deepglobe_has_scnp_s_numbers():
    from data_prep.reading import deal_out

    split = deal_out([f"{number:06d}" for number in range(6226)], test=(0, 5), val=(3,))
    assert {part: len(names) for part, names in split.items()} == {"train": 4357, "val": 623, "test": 1246}
