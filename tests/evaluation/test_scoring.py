"""`python -m metrics score`: the right files, the right numbers, and every way in which input can be wrong."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

import metrics
from evaluation.scoring import presets
from evaluation.scoring.masks import read
from evaluation.scoring.problems import ScoringError
from evaluation.scoring.score import Request, score

AFFINE = np.diag([0.5, 0.75, 2.0, 1.0])


def mask(seed: int, shape: tuple[int, ...] = (20, 24), classes: int = 2) -> np.ndarray:
    """Lines along every axis, of every class."""
    rng = np.random.default_rng(seed)
    image = np.zeros(shape, np.uint8)
    for c in range(1, classes):
        for axis in range(len(shape)):
            place = [slice(None)] * len(shape)
            start = rng.integers(1, shape[axis] - 3)
            place[axis] = slice(start, start + 2)
            image[tuple(place)] = c
    return image


def noisy(image: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(image.shape) < 0.1, rng.integers(0, image.max() + 1, image.shape), image).astype(
        np.uint8
    )


def save(path: Path, image: np.ndarray, affine: np.ndarray = AFFINE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith((".nii", ".nii.gz")):
        nibabel.save(nibabel.Nifti1Image(image.transpose(), affine), path)
    elif path.suffix == ".png":
        Image.fromarray(image).save(path)
    else:
        tifffile.imwrite(path, image)


@pytest.fixture
def pairs(tmp_path):
    """Write cases a, b, c; return a function that scores them, and the truths."""

    def write(suffix: str = ".png", **options) -> dict[str, np.ndarray]:
        truths = {name: mask(seed, **options) for seed, name in enumerate("abc")}
        for seed, (name, truth) in enumerate(truths.items()):
            save(tmp_path / "truth" / f"{name}{suffix}", truth)
            save(tmp_path / "predicted" / f"{name}{suffix}", noisy(truth, seed))
        return truths

    return write


def run(folder: Path, **options) -> pd.DataFrame:
    request = {"predictions": folder / "predicted", "ground_truth": folder / "truth", "output": folder / "out"}
    score(Request(**(request | {"workers": 1} | options)), progress=False)
    return pd.read_csv(folder / "out" / "metrics.csv", dtype={"case": str, "class": str})


def value(table: pd.DataFrame, case: str, metric: str, name: str = "mean") -> float:
    (found,) = table[(table["case"] == case) & (table["metric"] == metric) & (table["class"] == name)]["value"]
    return found


def record(folder: Path) -> dict:
    return json.loads((folder / "out" / "score.json").read_text())


def refused(folder: Path, *parts: str, **options) -> None:
    with pytest.raises(ScoringError) as error:
        run(folder, **options)
    (line,) = set(str(error.value).splitlines())
    for part in parts:
        assert part in line, line


@pytest.mark.parametrize("suffix", [".png", ".tif", ".nii.gz"])
def test_values_are_those_of_evaluate(pairs, tmp_path, suffix):
    volume = {"shape": (7, 8, 9)} if suffix != ".png" else {}
    truths = pairs(suffix, **volume)
    table = run(tmp_path)
    spacing = (2.0, 0.75, 0.5) if suffix == ".nii.gz" else None
    for seed, (name, truth) in enumerate(truths.items()):
        expected = metrics.evaluate(noisy(truth, seed), truth, list(table["metric"].unique()), spacing=spacing)
        for metric, number in expected.items():
            assert value(table, name, metric) == pytest.approx(number, abs=1e-12, nan_ok=True), (name, metric)
    assert set(table["adjacency"]) == {26 if volume else 8}
    assert set(table["class"]) == {"mean"}


def test_several_classes_by_class_and_averaged(pairs, tmp_path):
    truths = pairs(classes=4)
    table = run(tmp_path, metrics=("dice", "cldice"))
    b, y = noisy(truths["b"], 1), truths["b"]
    for name in ("dice", "cldice"):
        assert value(table, "b", name) == pytest.approx(metrics.evaluate(b, y, [name])[name], abs=1e-12)
        for c in (1, 2, 3):
            alone = metrics.evaluate(b == c, y == c, [name])[name]
            assert value(table, "b", name, str(c)) == pytest.approx(alone, abs=1e-12)


def test_workers_give_the_same(pairs, tmp_path):
    for seed in range(8):
        save(tmp_path / "truth" / f"{seed}.png", mask(seed))
        save(tmp_path / "predicted" / f"{seed}.png", noisy(mask(seed), seed))
    alone, together = run(tmp_path), run(tmp_path, workers=2, output=tmp_path / "out2")
    del together
    again = pd.read_csv(tmp_path / "out2" / "metrics.csv", dtype={"case": str, "class": str})
    pd.testing.assert_frame_equal(alone, again)


def test_an_interruption_costs_what_was_not_finished(pairs, tmp_path, monkeypatch):
    pairs()
    whole = run(tmp_path)
    shutil.rmtree(tmp_path / "out")
    measured = []
    from evaluation.scoring import score as module

    original = module.measure_case

    def interrupted(case, task):
        if len(measured) == 2:
            raise KeyboardInterrupt
        measured.append(case.name)
        return original(case, task)

    monkeypatch.setattr(module, "measure_case", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    assert not (tmp_path / "out" / "metrics.csv").exists()
    monkeypatch.setattr(module, "measure_case", lambda case, task: measured.append(case.name) or original(case, task))
    pd.testing.assert_frame_equal(run(tmp_path), whole)
    assert measured == ["a", "b", "c"]
    save(tmp_path / "predicted" / "a.png", noisy(mask(0), 9))  # what changed is measured again
    run(tmp_path)
    assert measured == ["a", "b", "c", "a"]
    run(tmp_path, adjacency=4)
    assert measured == ["a", "b", "c", "a", "a", "b", "c"]


def test_a_damaged_memory_is_measured_again(pairs, tmp_path):
    pairs()
    whole = run(tmp_path)
    for path in (tmp_path / "out" / ".cases" / "0").glob("*.json"):
        path.write_text("{")
    pd.testing.assert_frame_equal(run(tmp_path), whole)


def test_nnunets_dataset(tmp_path):
    """Its folder as ground truth, `_0000`, classes with names, an ignore label; an absent class counts."""
    truth = mask(0, classes=3)
    truth[:4] = 3
    prediction = noisy(mask(0, classes=3), 0)
    save(tmp_path / "truth" / "labelsTr" / "other.png", truth)
    save(tmp_path / "truth" / "labelsTs" / "case_01.png", truth)
    save(tmp_path / "predicted" / "case_01_0000.png", prediction)
    labels = {"background": 0, "artery": 1, "vein": 2, "ignore": 3}
    (tmp_path / "truth" / "dataset.json").write_text(json.dumps({"labels": labels, "file_ending": ".png"}))
    table = run(tmp_path, metrics=("dice", "betti0_error"))
    kept = truth != 3
    expected = metrics.evaluate(prediction * kept, truth * kept, ["dice"], num_classes=3)["dice"]
    assert value(table, "case_01", "dice") == pytest.approx(expected, abs=1e-12)
    assert set(table["class"]) == {"mean", "artery", "vein"}
    assert any("ground truth is 3 are background" in note for note in record(tmp_path)["notes"])


def test_nnunets_regions(tmp_path):
    truth, prediction = mask(0, classes=4), noisy(mask(0, classes=4), 1)
    save(tmp_path / "truth" / "a.png", truth)
    save(tmp_path / "predicted" / "a.png", prediction)
    labels = {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "enhancing": 3}
    (tmp_path / "predicted" / "dataset.json").write_text(json.dumps({"labels": labels}))
    table = run(tmp_path, metrics=("dice",))
    regions = {"whole": [1, 2, 3], "core": [2, 3], "enhancing": [3]}
    expected = []
    for name, values in regions.items():
        alone = metrics.evaluate(np.isin(prediction, values), np.isin(truth, values), ["dice"])["dice"]
        assert value(table, "a", "dice", name) == pytest.approx(alone, abs=1e-12)
        expected.append(alone)
    assert value(table, "a", "dice") == pytest.approx(np.mean(expected), abs=1e-12)


def test_adjacency_and_spacing_of_a_prepared_dataset(pairs, tmp_path):
    pairs()
    shutil.move(tmp_path / "truth", tmp_path / "labelsTs")
    card = {"adjacency": 4, "spacing": [2.0, 2.0]}
    (tmp_path / "card.json").write_text(json.dumps(card))
    table = run(tmp_path, ground_truth=tmp_path / "labelsTs", metrics=("hd95",))
    assert set(table["adjacency"]) == {4}
    b, y = noisy(mask(0), 0), mask(0)
    assert value(table, "a", "hd95") == metrics.evaluate(b, y, ["hd95"], spacing=(2, 2))["hd95"]
    assert (
        value(run(tmp_path, ground_truth=tmp_path / "labelsTs", spacing=(1.0, 1.0), metrics=("hd95",)), "a", "hd95")
        == (metrics.evaluate(b, y, ["hd95"])["hd95"])
    )


def test_compare_and_partial(pairs, tmp_path):
    truths = pairs()
    for name, truth in list(truths.items())[:2]:
        save(tmp_path / "other" / "predicted" / f"{name}.png", truth)
    save(tmp_path / "other" / "predicted" / "spare.png", truths["a"])
    other = tmp_path / "other" / "predicted"
    refused(tmp_path, str(other), "1 of 3 ground truths have no prediction ('c')", "--partial", compare=(other,))
    table = run(tmp_path, compare=(other,), partial=True, metrics=("dice",))
    methods = list(table["method"].unique())
    assert len(methods) == 2  # equal last parts: told apart by what is above
    assert methods[1] == "other/predicted"
    notes = " ".join(record(tmp_path)["notes"])
    assert "Partial: other/predicted has predictions for 2 of 3 ground truths." in notes
    assert "1 predictions without a ground truth (spare)" in notes


@pytest.mark.parametrize("name", presets.names())
def test_presets_run(tmp_path, name):
    preset = presets.preset(name)
    assert preset.source
    dims = preset.dims[0]
    classes = 2 if preset.binary else 3
    for seed, case in enumerate("ab"):
        truth = mask(seed, (12, 13, 14) if dims == 3 else (40, 44), classes)
        save(tmp_path / "truth" / f"{case}.nii.gz" if dims == 3 else tmp_path / "truth" / f"{case}.png", truth)
        path = tmp_path / "predicted" / (f"{case}.nii.gz" if dims == 3 else f"{case}.png")
        save(path, noisy(truth, seed))
    table = run(tmp_path, preset=name)
    assert len(table["metric"].unique()) == len({m.metric + str(m.merged) for m in preset.of(dims)})
    assert record(tmp_path)["preset"]["differs"] == list(preset.differs)


def test_a_preset_says_what_undefined_counts_as(tmp_path):
    truth = mask(0, (12, 13, 14), 3)
    save(tmp_path / "truth" / "a.nii.gz", truth)
    save(tmp_path / "predicted" / "a.nii.gz", truth * (truth == 1))
    table = run(tmp_path, preset="topcow24")
    assert value(table, "a", "hd95", "2") == 90
    assert value(table, "a", "hd95") == 45
    assert value(table, "a", "dice") == 0.5
    (reason,) = table[(table["metric"] == "hd95") & (table["class"] == "2")]["reason"]
    assert reason == "prediction or ground truth is empty; counted as 90"
    both = metrics.evaluate(truth == 1, truth > 0, ["cldice"])["cldice"]
    assert value(table, "a", "cldice merged") == pytest.approx(both, abs=1e-12)


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


def test_exchanged_axes_of_a_square_are_noted(tmp_path):
    truth = np.zeros((30, 30), np.uint8)
    truth[3:6], truth[20:22] = 1, 1
    for folder, image in (("truth", truth), ("predicted", truth.T.copy())):
        save(tmp_path / folder / "a.png", image)
    run(tmp_path)
    assert any("1 predictions fit better transposed, such as a.png" in note for note in record(tmp_path)["notes"])


def test_2d_among_3d(pairs, tmp_path):
    pairs()
    for folder in ("truth", "predicted"):
        save(tmp_path / folder / "d.nii.gz", mask(0, (7, 8, 9)))
    refused(tmp_path, "d.nii.gz: a 3D image among 2D ones; score them apart")


def test_undefined_stays_undefined(pairs, tmp_path):
    truths = pairs()
    save(tmp_path / "predicted" / "a.png", truths["a"] * 0)
    table = run(tmp_path, metrics=("cldice",))
    assert math.isnan(value(table, "a", "cldice"))
    assert list(table[table["case"] == "a"]["reason"]) == ["the prediction is empty"]


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


def test_spacing_that_imagej_wrote(tmp_path):
    volume = mask(0, (7, 8, 9))
    settings = {
        "imagej": True,
        "resolution": (1 / 0.4, 1 / 0.6),
        "metadata": {"spacing": 2.0, "unit": "um", "axes": "ZYX"},
    }
    tifffile.imwrite(tmp_path / "a.tif", volume, **settings)
    assert read(tmp_path / "a.tif").spacing == pytest.approx((2e-3, 0.6e-3, 0.4e-3))
    tifffile.imwrite(tmp_path / "b.tif", volume, resolution=(300, 300))
    assert read(tmp_path / "b.tif").spacing is None


def test_the_command_line(pairs, tmp_path):
    pairs()
    command = [sys.executable, "-m", "metrics", "score", str(tmp_path / "predicted"), str(tmp_path / "truth")]
    done = subprocess.run([*command, "-o", str(tmp_path / "out")], capture_output=True, text=True, check=True)
    assert "| Dice ↑ |" in done.stdout
    assert str(tmp_path / "out" / "scores.html") in done.stdout
    failed = subprocess.run([*command, "--preset", "topcow24"], capture_output=True, text=True, cwd=tmp_path)
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1


def test_metrics_do_not_know_of_the_room_above():
    code = "import sys, metrics; print([m for m in sys.modules if m.split('.')[0] in ('tables', 'evaluation')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_notebook_gives_the_same(pairs, tmp_path):
    papermill = pytest.importorskip("papermill")
    pairs()
    expected = run(tmp_path)
    folders = {"predictions": "predicted", "ground_truth": "truth", "output": "by_notebook"}
    parameters = {name: str(tmp_path / folder) for name, folder in folders.items()} | {"workers": 1}
    notebook = Path(__file__).parents[2] / "notebooks" / "score.ipynb"
    papermill.execute_notebook(str(notebook), str(tmp_path / "out.ipynb"), parameters, progress_bar=False)
    found = pd.read_csv(tmp_path / "by_notebook" / "metrics.csv", dtype={"case": str, "class": str})
    pd.testing.assert_frame_equal(found, expected)
    assert "image/png" in (tmp_path / "out.ipynb").read_text()


def test_wrong_notebook_parameters_stop_together(tmp_path):
    from workflow.scoring_form import Scoring

    with pytest.raises(ValueError, match="`predictions`: 'no'.*\n`ground_truth`: 'neither'"):
        Scoring("no", "neither")
    with pytest.raises(ValueError, match="`binary` must be of type bool, got 1"):
        Scoring(str(tmp_path), str(tmp_path), binary=1)
