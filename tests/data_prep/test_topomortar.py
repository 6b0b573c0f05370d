import json
import shutil

import numpy as np
import pytest
from PIL import Image

import data_prep
from data_prep import PreparationError, Prepared
from topology import betti_numbers


def _prepare(root, tmp_path, **options):
    return Prepared(data_prep.prepare("topomortar", root, tmp_path / "out", **options))


def test_official_layout_becomes_one_fold_with_groups_apart(topomortar_source, tmp_path):
    data = _prepare(topomortar_source.parent, tmp_path)
    assert data.classes == ["background", "mortar"]
    assert data.channels == 3
    assert data.folds == [{"train": ["001", "002", "004"], "val": ["003", "005"]}]
    assert data.cases("test") == ["071", "072", "121", "122"]
    assert data.card.groups == {"indistr": ["071", "072"], "angles": ["121", "122"]}
    assert data.card.partial is False
    official = topomortar_source / "dataset/train"
    assert np.array_equal(data.image("002").transpose(1, 2, 0), np.asarray(Image.open(official / "images/002.png")))
    assert np.array_equal(data.label("002") * 255, np.asarray(Image.open(official / "accurate/002.png")))
    assert data_prep.check(data.folder) == []


def test_sources_are_recorded_with_their_checksums(topomortar_source, tmp_path):
    data = _prepare(topomortar_source, tmp_path)
    source = json.loads((data.folder / "checksums.json").read_text())["source"]
    assert len(source) == 18
    assert "dataset/test/images/121.png" in source


@pytest.mark.parametrize("labels", ["noisy", "pseudo"])
def test_other_labels_are_for_training_and_validation_alone(topomortar_source, tmp_path, labels):
    data = _prepare(topomortar_source, tmp_path, labels=labels)
    for case, part, kind in (("001", "train", labels), ("003", "val", labels), ("071", "test", "accurate")):
        expected = np.asarray(Image.open(topomortar_source / "dataset" / part / kind / f"{case}.png"))
        assert np.array_equal(data.label(case) * 255, expected)
    assert data.card.options["labels"] == labels


def test_small_training_set(topomortar_source, tmp_path):
    data = _prepare(topomortar_source, tmp_path, training_set="small")
    assert data.folds == [{"train": ["001"], "val": ["003", "005"]}]


def test_options_are_checked(topomortar_source, tmp_path):
    with pytest.raises(ValueError, match="`labels` must be one of 'accurate', 'noisy', 'pseudo', got 'good'"):
        _prepare(topomortar_source, tmp_path, labels="good")


def test_missing_images_stop_unless_partial(topomortar_source, tmp_path):
    for kind in ("images", "accurate"):
        (topomortar_source / "dataset/test" / kind / "072.png").unlink()
    with pytest.raises(PreparationError, match=r"test: 1 of 4 images are missing \(.*072\.png\).*partial=True"):
        _prepare(topomortar_source, tmp_path)
    data = _prepare(topomortar_source, tmp_path, partial=True)
    assert data.card.partial is True
    assert "1 of 4" in data.card.missing[0]
    assert data.card.groups["indistr"] == ["071"]


def test_nothing_to_train_on_stops_even_when_partial(topomortar_source, tmp_path):
    for path in (topomortar_source / "dataset/train").rglob("*.png"):
        path.unlink()
    with pytest.raises(PreparationError, match="a fold without any training image"):
        _prepare(topomortar_source, tmp_path, partial=True)


def test_partial_goes_on_without_lone_files_and_records_each(topomortar_source, tmp_path):
    (topomortar_source / "dataset/train/accurate/002.png").unlink()
    (topomortar_source / "dataset/test/images/071.png").unlink()
    with pytest.raises(PreparationError, match="partner") as caught:
        _prepare(topomortar_source, tmp_path)
    assert len([line for line in caught.value.problems if "partner" in line and "--partial" in line]) == 2
    data = _prepare(topomortar_source, tmp_path, partial=True)
    assert data.card.partial
    assert len([line for line in data.card.missing if "partner" in line]) == 2
    assert not {"002", "071"} & {*data.cases("train"), *data.cases("test")}


def test_partial_goes_on_without_broken_files_and_records_each(topomortar_source, tmp_path):
    dataset = topomortar_source / "dataset"
    (dataset / "train/images/001.png").write_text("not an image")
    Image.fromarray(np.full((16, 20), 128, np.uint8)).save(dataset / "test/accurate/071.png")
    (dataset / "test/images/122.png").unlink()
    (dataset / "test/accurate/122.png").unlink()
    with pytest.raises(PreparationError) as caught:
        _prepare(topomortar_source, tmp_path)
    # what is missing is named before anything is read
    assert ["122.png" in line for line in caught.value.problems] == [True]
    data = _prepare(topomortar_source, tmp_path, partial=True)
    assert (data.cases("train", 0), data.cases("test")) == (["002", "004"], ["072", "121"])
    assert data.card.groups == {"indistr": ["072"], "angles": ["121"]}
    assert ["122.png" in data.card.missing[0], "001.png" in data.card.missing[1], "071.png" in data.card.missing[2]]
    assert len(data.card.missing) == 3
    assert data_prep.check(data.folder) == []


def test_partial_stops_where_broken_files_leave_nothing_to_train_on(topomortar_source, tmp_path):
    for path in (topomortar_source / "dataset/train/images").iterdir():
        path.write_text("not an image")
    with pytest.raises(PreparationError, match="a fold without any training image is left") as caught:
        _prepare(topomortar_source, tmp_path, partial=True)
    assert len(caught.value.problems) == 4


def test_all_broken_files_are_named_and_the_destination_is_as_before(topomortar_source, tmp_path):
    before = _prepare(topomortar_source, tmp_path).checksum
    train = topomortar_source / "dataset/train"
    content = (train / "images/001.png").read_bytes()
    (train / "images/001.png").write_bytes(content[: len(content) // 2])
    Image.fromarray(np.zeros((8, 20), np.uint8)).save(train / "accurate/002.png")
    Image.fromarray(np.full((16, 20), 128, np.uint8)).save(train / "accurate/004.png")
    (topomortar_source / "dataset/val/images/003.png").write_text("not an image")
    Image.fromarray(np.zeros((16, 20), np.uint8)).save(topomortar_source / "dataset/val/images/005.png")
    with pytest.raises(PreparationError) as caught:
        _prepare(topomortar_source, tmp_path)
    for line, words in zip(
        caught.value.problems,
        (
            ("images/001.png", "truncated", "get this file again"),
            ("002.png", "same size", "16 x 20", "8 x 20"),
            ("accurate/004.png", "0, 255", "128"),
            ("images/003.png", "cannot be read"),
            ("images/005.png", "RGB"),
        ),
        strict=True,
    ):
        assert all(word in line for word in words), line
    assert Prepared(tmp_path / "out/topomortar").checksum == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["topomortar"]


def test_broken_lists_stop(topomortar_source, tmp_path):
    lists = topomortar_source / "dataset"
    (lists / "dataset_types.txt").write_text("ID,group\n071,indistr\n072,indistr\n121,angles\n")
    with pytest.raises(PreparationError, match=r"dataset_types\.txt: no group for 122"):
        _prepare(topomortar_source, tmp_path)
    (lists / "splits.yaml").write_text("2: {train: []}")
    with pytest.raises(PreparationError, match=r"splits\.yaml: expected key 1"):
        _prepare(topomortar_source, tmp_path)
    shutil.rmtree(lists)
    with pytest.raises(PreparationError, match=r"expected .*dataset/splits\.yaml"):
        _prepare(topomortar_source, tmp_path)


@pytest.fixture(scope="module")
def sample(shared_data, tmp_path_factory):
    return Prepared(data_prep.prepare("topomortar", shared_data, tmp_path_factory.mktemp("real"), partial=True))


def test_sample_has_the_counts_of_its_description(sample):
    assert [len(sample.cases(part, 0)) for part in ("train", "val")] == [50, 20]
    assert {name: len(cases) for name, cases in sample.card.groups.items()} == {
        "indistr": 50,
        "angles": 2,
        "colors": 2,
        "graffiti": 2,
        "objects": 2,
        "shadows": 1,
        "occlusion": 1,
    }
    assert "290 of 350" in sample.card.missing[0]


def test_sample_without_partial_says_what_is_missing(shared_data, tmp_path):
    with pytest.raises(PreparationError, match="290 of 350 images are missing"):
        data_prep.prepare("topomortar", shared_data, tmp_path)


def test_sample_has_the_foreground_and_betti_numbers_of_its_description(sample):
    shares = {
        part: np.mean([sample.label(case).mean() for case in sample.cases(part, 0)])
        for part in ("train", "val", "test")
    }
    assert shares == pytest.approx({"train": 0.304, "val": 0.301, "test": 0.274}, abs=5e-4)
    # from the dataset's betti_numbers.csv
    assert betti_numbers(sample.label("078")) == (1, 68)
    assert betti_numbers(sample.label("075")) == (1, 38)
