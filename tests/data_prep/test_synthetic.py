import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__

import data_prep
from data_prep import Prepared
from data_prep.drawing.draws import Draws
from data_prep.drawing.tubes import Graph
from topology import betti_numbers, count_components

# SHA-256 over all images and labels in the order of their names: the same on every machine
PIXELS = {
    "synthetic2d": "4402306c346b6edf7ed22a0f867366d3efa817e847392d4cb9c4463e4644590e",
    "synthetic3d": "03e6a137951f60f408b4e7a3667e23d31a2b27c3b85ad5f34515e2bf64ff3e7d",
}
NAMES = sorted(PIXELS)


def _hash_pixels(data):
    digest = hashlib.sha256()
    for case in data.cases("train") + data.cases("test"):
        digest.update(data.image(case).astype(np.uint8).tobytes())
        digest.update(data.label(case).tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_pixels_are_those_of_every_machine(prepared, name):
    assert _hash_pixels(Prepared(prepared / name)) == PIXELS[name]


@pytest.mark.parametrize("name", NAMES)
def test_bytes_are_equal_in_another_process(name, tmp_path):
    here = data_prep.prepare(name, None, tmp_path / "here", train=3, test=1)
    command = [sys.executable, "-m", "data_prep", "prepare", name, "--destination", str(tmp_path)]
    # another kind of processor, another hash seed: nothing may depend on them
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(__cpu_dispatch__), "PYTHONHASHSEED": "7"}
    options = ["--option", "train=3", "--option", "test=1"]
    subprocess.run([*command, *options], check=True, env=environment, capture_output=True)
    there = tmp_path / name
    files = sorted(path.relative_to(here) for path in here.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(there) for path in there.rglob("*") if path.is_file())
    assert all((here / path).read_bytes() == (there / path).read_bytes() for path in files)


@pytest.mark.parametrize("name", NAMES)
def test_stored_betti_numbers_are_those_measured(prepared, name):
    data = Prepared(prepared / name)
    cases = data.cases("train") + data.cases("test")
    assert sorted(data.card.betti) == sorted(cases)
    for case in cases:
        label = data.label(case)
        assert sorted(data.card.betti[case]) == [str(index) for index in range(1, len(data.classes))]
        for index, stored in data.card.betti[case].items():
            assert list(betti_numbers(label == int(index))) == stored


@pytest.mark.parametrize("name", NAMES)
def test_networks_have_loops_and_several_components(prepared, name):
    betti = [np.array(numbers) for case in Prepared(prepared / name).card.betti.values() for numbers in case.values()]
    mean = np.mean(betti, axis=0)
    assert mean[0] > 1.4
    assert mean[1] > 2
    assert all(numbers[0] >= 1 for numbers in betti)


def test_arteries_and_veins_do_not_touch(prepared):
    data = Prepared(prepared / "synthetic3d")
    for case in data.cases("test"):
        label = data.label(case)
        apart = count_components(label == 1) + count_components(label == 2)
        assert count_components(label > 0) == apart


@pytest.mark.parametrize("name", NAMES)
def test_foreground_is_seen_and_hard_to_see(prepared, name):
    data = Prepared(prepared / name)
    for case in data.cases("test"):
        image, label = data.image(case)[0], data.label(case)
        background = image[label == 0]
        for index in range(1, len(data.classes)):
            foreground = image[label == index]
            assert 0.004 < (label == index).mean() < 0.3
            assert foreground.mean() > background.mean() + background.std()
            # drop-outs: a part of it is darker than much of the background; distractors: and the other way round
            assert np.quantile(foreground, 0.02) < np.quantile(background, 0.99)
            assert (background > np.quantile(foreground, 0.25)).any()


def test_case_depends_on_seed_and_number_alone(prepared, tmp_path):
    data_prep.prepare("synthetic2d", None, tmp_path, train=2, test=1)
    few, many = Prepared(tmp_path / "synthetic2d"), Prepared(prepared / "synthetic2d")
    for case in ("train001", "test000"):
        assert np.array_equal(few.image(case), many.image(case))
    data_prep.prepare("synthetic2d", None, tmp_path, train=2, test=1, seed=1)
    assert not np.array_equal(Prepared(tmp_path / "synthetic2d").image("test000"), many.image("test000"))


@pytest.mark.parametrize(
    ("name", "options", "classes"),
    [
        ("synthetic2d", {"classes": 2, "size": 96}, ["background", "road", "river"]),
        ("synthetic2d", {"size": 64}, ["background", "road"]),
        ("synthetic3d", {"classes": 1, "size": 32}, ["background", "artery"]),
    ],
)
def test_options_change_classes_and_size(tmp_path, name, options, classes):
    folder = data_prep.prepare(name, None, tmp_path, train=4, test=2, seed=5, **options)
    data = Prepared(folder)
    assert data.classes == classes
    assert data.label("train000").shape == (options["size"],) * data.dims
    assert data.card.options == {"train": 4, "test": 2, "classes": 1, "seed": 5} | options
    assert data_prep.check(folder) == []


def test_options_out_of_range_are_all_named(tmp_path):
    with pytest.raises(ValueError, match=r"`train` must be an integer in 2\.\.1000, got 1; `size` .* got 48\.0"):
        data_prep.prepare("synthetic2d", None, tmp_path, train=1, size=48.0)
    assert list(tmp_path.iterdir()) == []


def test_graph_counts_loops():
    graph = Graph()
    graph.add_component()
    assert (graph.components, graph.loops) == (1, 0)
    graph.add_branch(joins=False)
    assert (graph.components, graph.loops) == (1, 0)
    graph.add_branch(joins=True)
    assert (graph.components, graph.loops) == (1, 1)
    graph.add_component()
    assert (graph.components, graph.loops) == (2, 1)


def test_draws_are_the_raw_stream():
    # first value of PCG64(SeedSequence(2024, 1)): numpy promises to keep it
    assert Draws(2024, 1).uniform() == Draws(2024, 1).uniforms((1,))[0]
    assert {Draws(3, k).integer(5, 8) for k in range(40)} == {5, 6, 7}
    noise = Draws(1).normals((200, 200))
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02


def test_card_is_strict_json(prepared):
    card = json.loads((prepared / "synthetic2d" / "card.json").read_text())
    assert card["adjacency"] == 8
    assert card["embedded"] is True
    assert card["partial"] is False
    assert json.loads((prepared / "synthetic3d" / "card.json").read_text())["adjacency"] == 26
