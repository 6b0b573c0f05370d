"""The datasets of nuclei in their official layouts."""

import importlib
import pickle

import numpy as np
import pytest
from fixtures.layouts import grey, save, structure
from fixtures.volume_layouts import ihc_tma, lynsec, nuinsseg

import data_prep
from data_prep import PreparationError, Prepared
from data_prep.reading import split_as_scnp

LAYOUTS = {
    "nuinsseg": (nuinsseg, {"labelled": 20}),
    "ihc_tma": (ihc_tma, {"labelled": 20}),
    "lynsec": (lynsec, {"lynsec 1": 12, "lynsec 2": 6, "lynsec 3": 2}),
}
every_set = pytest.mark.parametrize("slug", LAYOUTS)


@pytest.fixture
def nuclei(slug, tmp_path, monkeypatch):
    build, counts = LAYOUTS[slug]
    monkeypatch.setattr(importlib.import_module(f"data_prep.datasets.{slug}"), "COUNTS", counts)
    return build(tmp_path / "source")


@every_set
def test_official_layout(slug, nuclei, tmp_path):
    folder = data_prep.prepare(slug, tmp_path / "source", tmp_path / "data")
    data = Prepared(folder)
    assert (len(data.cases("train")), len(data.cases("test")), len(data.folds)) == (18, 2, 1)
    assert sorted(data.cases("train") + data.cases("test")) == sorted(nuclei)
    for case, mask in nuclei.items():
        assert np.array_equal(data.label(case), mask), case
        assert data.image(case).shape == (3, *mask.shape)
    assert data_prep.check(folder) == []


@pytest.mark.parametrize(
    ("count", "train", "val", "test"), [(665, 532, 66, 67), (266, 212, 27, 27), (699, 559, 70, 70)]
)
def test_split_has_scnp_s_numbers(count, train, val, test):
    folds, held_out = split_as_scnp([f"{number:04d}" for number in range(count)])
    assert (len(folds[0]["train"]), len(folds[0]["val"]), len(held_out)) == (train, val, test)


@every_set
def test_missing_image_needs_partial(slug, nuclei, tmp_path):
    for path in [path for path in (tmp_path / "source").rglob("*") if path.is_file() and path.stem[:2] in ("03", "3_")]:
        path.unlink()
    for path in (tmp_path / "source").rglob("003.*"):
        path.unlink()
    with pytest.raises(PreparationError, match="complete the download"):
        data_prep.prepare(slug, tmp_path / "source", tmp_path / "data")
    assert Prepared(data_prep.prepare(slug, tmp_path / "source", tmp_path / "data", partial=True)).card.partial


@every_set
@pytest.mark.parametrize("content", ["truncated", "text"])
def test_unreadable_file_is_named(slug, nuclei, tmp_path, content):
    ending = "png" if slug == "nuinsseg" else "npy"
    path = sorted((tmp_path / "source").rglob(f"*.{ending}"))[5]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] if content == "truncated" else b"<html>please log in</html>")
    with pytest.raises(PreparationError) as caught:
        data_prep.prepare(slug, tmp_path / "source", tmp_path / "data")
    assert [line for line in caught.value.problems if str(path) in line]


@pytest.mark.parametrize("slug", ["ihc_tma", "nuinsseg"])
@pytest.mark.parametrize("folder", ["images", "mask"])
def test_missing_partner_is_named(slug, nuclei, tmp_path, folder):
    path = sorted(path for path in (tmp_path / "source").rglob("*07.*") if folder in path.parent.name)[0]
    path.unlink()
    with pytest.raises(PreparationError, match=rf"{path.name}: missing, but its partner"):
        data_prep.prepare(slug, tmp_path / "source", tmp_path / "data")


@pytest.mark.parametrize("slug", ["ihc_tma", "nuinsseg"])
def test_mask_of_another_size_is_named(slug, nuclei, tmp_path):
    path = sorted(path for path in (tmp_path / "source").rglob("*07.*") if "mask" in path.parent.name)[0]
    if path.suffix == ".npy":
        np.save(path, np.load(path)[:, 1:])
    else:
        save(path, grey(structure(1))[1:])
    with pytest.raises(PreparationError) as caught:
        data_prep.prepare(slug, tmp_path / "source", tmp_path / "data")
    assert any(str(path) in line and "must have the same size" in line for line in caught.value.problems)


@pytest.mark.parametrize("slug", ["nuinsseg"])
def test_unexpected_mask_value_is_named(slug, nuclei, tmp_path):
    path = next((tmp_path / "source").rglob("mask binary/07.png"))
    save(path, structure(1) * np.uint8(100))
    with pytest.raises(PreparationError, match=r"07.png: a mask may hold the values 0, 1, 255, got also 100"):
        data_prep.prepare(slug, tmp_path / "source", tmp_path / "data")


@every_set
def test_cases_are_small_and_travel_between_processes(slug, nuclei, tmp_path):
    for case in data_prep.entry(slug).plan(tmp_path / "source").cases:
        data = pickle.dumps(case)
        # paths, not pixels
        assert len(data) < 2000
        assert np.array_equal(pickle.loads(data).load().label, nuclei[case.name])


@pytest.mark.parametrize("slug", ["ihc_tma", "lynsec"])
def test_array_of_another_shape_is_named(slug, nuclei, tmp_path):
    path = sorted((tmp_path / "source").rglob("*.npy"))[3]
    np.save(path, np.zeros((1, 24, 3)))
    with pytest.raises(PreparationError, match=rf"{path.name}: expected"):
        data_prep.prepare(slug, tmp_path / "source", tmp_path / "data")


@pytest.mark.parametrize("slug", ["lynsec"])
def test_pickled_array_is_refused(slug, nuclei, tmp_path):
    path = sorted((tmp_path / "source").rglob("*.npy"))[3]
    np.save(path, np.array([{"not": "numbers"}], dtype=object), allow_pickle=True)
    with pytest.raises(PreparationError, match="cannot be read as a NumPy array"):
        data_prep.prepare(slug, tmp_path / "source", tmp_path / "data")


@pytest.mark.parametrize("slug", ["lynsec"])
def test_stains_are_kept_apart(slug, nuclei, tmp_path):
    data = Prepared(data_prep.prepare(slug, tmp_path / "source", tmp_path / "data"))
    assert set(data.card.groups) == {"IHC", "H&E"}
    assert all(case.startswith("lynsec1") for case in data.cases("test", group="IHC"))
