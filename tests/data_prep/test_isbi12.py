import numpy as np
import pytest
import tifffile

import data_prep
from data_prep import PreparationError, Prepared
from topology import betti_numbers, count_components


def _prepare(root, tmp_path, **options):
    return Prepared(data_prep.prepare("isbi12", root, tmp_path / "out", **options))


def test_stack_becomes_slices_with_membrane_as_foreground(isbi12_source, tmp_path):
    data = _prepare(isbi12_source, tmp_path)
    volume, labels = (tifffile.imread(isbi12_source / f"train-{name}.tif") for name in ("volume", "labels"))
    assert np.array_equal(data.image("slice07")[0], volume[7])
    assert np.array_equal(data.label("slice07"), labels[7] == 0)
    assert data_prep.check(data.folder) == []


def test_held_out_slices_and_folds_are_contiguous_blocks(isbi12_source, tmp_path):
    data = _prepare(isbi12_source, tmp_path)
    assert data.cases("test") == [f"slice{k}" for k in range(24, 30)] == data.cases("test", group="held_out")
    assert [fold["val"] for fold in data.folds] == [[f"slice{k + 6 * f:02d}" for k in range(6)] for f in range(4)]
    assert all(len(fold["train"]) == 18 for fold in data.folds)


def test_cross_validation_uses_every_slice(isbi12_source, tmp_path):
    data = _prepare(isbi12_source, tmp_path, split="cross_validation")
    assert data.cases("test") == []
    assert sorted(case for fold in data.folds for case in fold["val"]) == data.cases("train")
    assert len(data.folds) == 5


def test_slices_that_are_missing_stop_unless_partial(isbi12_source, tmp_path):
    for name in ("train-volume.tif", "train-labels.tif"):
        stack = tifffile.imread(isbi12_source / name)
        tifffile.imwrite(isbi12_source / name, stack[:25], photometric="minisblack")
    with pytest.raises(PreparationError, match="25 slices of 30"):
        _prepare(isbi12_source, tmp_path)
    assert len(_prepare(isbi12_source, tmp_path, partial=True).cases("test")) == 5


def test_stacks_that_do_not_fit_stop(isbi12_source, tmp_path):
    stack = tifffile.imread(isbi12_source / "train-labels.tif")
    tifffile.imwrite(isbi12_source / "train-labels.tif", stack[:29], photometric="minisblack")
    with pytest.raises(PreparationError, match=r"same slices and size, got \(30, 16, 20\) and \(29, 16, 20\)"):
        _prepare(isbi12_source, tmp_path)


def test_broken_stacks_are_both_named(isbi12_source, tmp_path):
    content = (isbi12_source / "train-volume.tif").read_bytes()
    (isbi12_source / "train-volume.tif").write_bytes(content[: len(content) // 2])
    (isbi12_source / "train-labels.tif").write_text("a text file")
    with pytest.raises(PreparationError) as caught:
        _prepare(isbi12_source, tmp_path)
    assert ["train-volume.tif" in line or "train-labels.tif" in line for line in caught.value.problems] == [True] * 2


def test_unexpected_value_names_the_slice(isbi12_source, tmp_path):
    stack = tifffile.imread(isbi12_source / "train-labels.tif")
    stack[3, 4, 5] = 7
    tifffile.imwrite(isbi12_source / "train-labels.tif", stack, photometric="minisblack")
    with pytest.raises(PreparationError, match=r"train-labels\.tif: .* 0, 255, got also 7.*\(slice 3\)"):
        _prepare(isbi12_source, tmp_path)


def test_missing_stack_stops(isbi12_source, tmp_path):
    (isbi12_source / "train-labels.tif").unlink()
    with pytest.raises(PreparationError, match=r"train-labels\.tif: no such file"):
        _prepare(isbi12_source, tmp_path)


def test_sample_has_the_values_of_its_description(shared_data, tmp_path):
    data = _prepare(shared_data, tmp_path, partial=True)
    cases = data.cases("train") + data.cases("test")
    assert len(cases) == 25
    labels = [data.label(case) for case in cases]
    assert np.mean([label.mean() for label in labels]) == pytest.approx(0.224, abs=5e-4)
    assert np.mean([betti_numbers(label)[0] for label in labels]) == pytest.approx(3.0, abs=0.05)
    # cells, those that touch the border of the image included
    assert np.mean([count_components(label == 0, adjacency=4) for label in labels]) == pytest.approx(114, abs=0.5)
