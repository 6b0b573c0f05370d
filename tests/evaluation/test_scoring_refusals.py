"""`python -m metrics score`: every way in which input can be wrong, and what is said of it."""

import shutil

import numpy as np
import pandas as pd
import pytest
from fixtures.scored_masks import AFFINE, mask, noisy, record, refused, run, save, value

import metrics
from evaluation.scoring.problems import ScoringError


def test_presets_are_for_certain_images(pairs, tmp_path):
    pairs()
    refused(tmp_path, "preset 'topcow24' is for 3D images, these are 2D", preset="topcow24")
    refused(tmp_path, "unknown preset 'topmortar'; did you mean 'topomortar'?", preset="topmortar")
    refused(tmp_path, "--preset topomortar exclude each other", preset="topomortar", metrics=("dice",))
    pairs(classes=4)
    refused(tmp_path, "the preset topomortar is for one class, but there are 1, 2, 3", "--binary", preset="topomortar")
    assert len(run(tmp_path, preset="topomortar", binary=True))
    shutil.rmtree(tmp_path / "truth")
    shutil.rmtree(tmp_path / "predicted")
    truth = mask(0, (7, 8, 9))
    for folder in ("truth", "predicted"):
        save(tmp_path / folder / "a.nii.gz", truth * 14)
    with pytest.raises(ScoringError, match="label values 14, but the preset topcow24 is for 1, 2, 3"):
        run(tmp_path, preset="topcow24")


def test_folders_that_do_not_fit(pairs, tmp_path):
    pairs()
    refused(tmp_path, "nowhere: no such folder", predictions=tmp_path / "nowhere")
    refused(tmp_path, "nowhere: no such folder", ground_truth=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    refused(tmp_path, "empty: no masks in it; expected files that end with", predictions=tmp_path / "empty")
    refused(tmp_path, "given twice", compare=(tmp_path / "predicted",))
    for path in (tmp_path / "predicted").iterdir():
        path.rename(path.with_name(f"x_{path.name}"))
    refused(tmp_path, "no name in common", "'x_a'", "'a'", "give both the same names")
    save(tmp_path / "predicted" / "x_a.tif", mask(0))
    refused(tmp_path, "the case 'x_a' is also in x_a.png")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.linspace(0, 1, 480, dtype=np.float32).reshape(20, 24), "threshold the probabilities"),
        (np.full((20, 24), np.nan, np.float32), "480 values are NaN or infinite"),
        (np.full((20, 24), -1, np.int16), "class indices start at 0, got -1"),
        (mask(0).T.copy(), "size 24 x 20, but"),
        (mask(0).T.copy(), "its axes are in another order: transpose it"),
        (mask(0)[:-2], "crop or resample"),
        (mask(0) * 7, "label values 7, but the ground truth has 1"),
        (np.random.default_rng(0).integers(0, 2, (20, 24, 3), np.uint8), "a colour image"),
    ],
)
def test_a_prediction_that_is_none(pairs, tmp_path, image, message):
    pairs()
    (tmp_path / "predicted" / "a.png").unlink()
    save(tmp_path / "predicted" / "a.tif", image)
    refused(tmp_path, str(tmp_path / "predicted" / "a.tif"), message)


def test_a_truncated_file(pairs, tmp_path):
    pairs()
    path = tmp_path / "predicted" / "b.png"
    path.write_bytes(path.read_bytes()[:-30])
    refused(tmp_path, f"{path}: cannot be read", "get this file again")


def test_all_that_is_wrong_is_said_at_once(pairs, tmp_path):
    pairs()
    for name in "ab":
        save(tmp_path / "predicted" / f"{name}.png", mask(0)[:-2])
    with pytest.raises(ScoringError) as error:
        run(tmp_path)
    assert len(error.value.problems) == 2


def test_255_against_1(pairs, tmp_path):
    truths = pairs()
    for seed, (name, truth) in enumerate(truths.items()):
        save(tmp_path / "predicted" / f"{name}.png", noisy(truth, seed) * 255)
    refused(tmp_path, "foreground is 255 here and 1 in", "--binary")
    table = run(tmp_path, binary=True)
    assert value(table, "a", "dice") == metrics.evaluate(noisy(truths["a"], 0), truths["a"], ["dice"])["dice"]
    for name, truth in truths.items():
        save(tmp_path / "truth" / f"{name}.png", truth * 255)
    pd.testing.assert_series_equal(run(tmp_path)["value"], table["value"])


def test_geometry_of_nifti(pairs, tmp_path):
    pairs(".nii.gz", shape=(7, 8, 9))
    shifted = AFFINE.copy()
    shifted[0, 3] = 5
    save(tmp_path / "predicted" / "a.nii.gz", mask(0, (7, 8, 9)), shifted)
    refused(tmp_path, str(tmp_path / "predicted" / "a.nii.gz"), "its affine", "--ignore-geometry")
    save(tmp_path / "predicted" / "a.nii.gz", mask(0, (7, 8, 9)), np.eye(4))
    refused(tmp_path, "its spacing (1.0, 1.0, 1.0) is not that of", "(2.0, 0.75, 0.5)")
    table = run(tmp_path, ignore_geometry=True, metrics=("nsd",))
    assert value(table, "a", "nsd") == 1
    assert "Affines of predictions and ground truth were not compared." in record(tmp_path)["notes"]


def test_2d_among_3d(pairs, tmp_path):
    pairs()
    for folder in ("truth", "predicted"):
        save(tmp_path / folder / "d.nii.gz", mask(0, (7, 8, 9)))
    refused(tmp_path, "d.nii.gz: a 3D image among 2D ones; score them apart")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": ("cldise",)}, "did you mean 'cldice'"),
        ({"metrics": ("betti2_error",)}, "not defined in 2D"),
        ({"metrics": ("dice", "dice")}, "requested twice"),
        ({"metrics": ("nsd,tolerances=1",)}, "no parameter 'tolerances=1'"),
        ({"adjacency": 5}, "`adjacency` must be"),
        ({"spacing": (1.0, 1.0, 1.0)}, "--spacing must be 2 numbers"),
        ({"spacing": (0.0, 1.0)}, "positive numbers"),
        ({"workers": -1}, "--workers must be at least 0"),
    ],
)
def test_wrong_options(pairs, tmp_path, options, message):
    pairs()
    with pytest.raises(ScoringError, match=message):
        run(tmp_path, **options)


def test_parameters_out_of_range_name_the_file(pairs, tmp_path):
    pairs()
    refused(tmp_path, "a.png: `tolerance` must be at least 0", metrics=("nsd,tolerance=-1",))
