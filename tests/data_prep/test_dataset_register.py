import dataclasses

import pytest

import data_prep
from data_prep._register import register


def test_names_are_sorted_and_have_the_datasets_of_this_room():
    names = data_prep.names()
    assert names == sorted(names)
    assert {"synthetic2d", "synthetic3d", "topomortar", "isbi12", "massachusetts_roads"} <= set(names)


@pytest.mark.parametrize("name", data_prep.names())
def test_entry_says_what_a_user_has_to_know(name):
    entry = data_prep.entry(name)
    assert entry.slug == name
    assert entry.dims in (2, 3)
    assert entry.classes[0] == "background"
    for attribute in ("title", "licence", "where", "size"):
        assert getattr(entry, attribute), attribute
    assert entry.embedded or entry.reference
    assert dataclasses.is_dataclass(entry)


def test_unknown_name_comes_with_its_nearest_neighbour():
    with pytest.raises(ValueError, match="unknown dataset 'topomorta'; did you mean 'topomortar'"):
        data_prep.entry("topomorta")


def test_slug_twice_names_both_files():
    again = register(
        "topomortar", title="x", dims=2, classes=("background",), licence="x", where="x", size="x", embedded=True
    )
    with pytest.raises(ValueError, match=r"twice: in .*topomortar\.py and in .*test_dataset_register\.py"):
        again(lambda source: None)


def test_unknown_option_lists_those_there_are(tmp_path):
    with pytest.raises(ValueError, match=r"no option 'label'; its options: labels='accurate', training_set='large'"):
        data_prep.prepare("topomortar", tmp_path, tmp_path / "out", label="noisy")


def test_source_is_asked_for(tmp_path):
    with pytest.raises(data_prep.PreparationError, match="needs a source folder or archive: https"):
        data_prep.prepare("topomortar", None, tmp_path)
    with pytest.raises(data_prep.PreparationError, match="nowhere: no such folder"):
        data_prep.prepare("topomortar", tmp_path / "nowhere", tmp_path)
