"""`python -m metrics score`: the right files and the right numbers."""

import json
import math
import shutil

import numpy as np
import pandas as pd
import pytest
import tifffile
from fixtures.scored_masks import mask, noisy, record, refused, run, save, value

import metrics
from evaluation.scoring import presets
from evaluation.scoring.masks import read


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


def test_exchanged_axes_of_a_square_are_noted(tmp_path):
    truth = np.zeros((30, 30), np.uint8)
    truth[3:6], truth[20:22] = 1, 1
    for folder, image in (("truth", truth), ("predicted", truth.T.copy())):
        save(tmp_path / folder / "a.png", image)
    run(tmp_path)
    assert any("1 predictions fit better transposed, such as a.png" in note for note in record(tmp_path)["notes"])


def test_undefined_stays_undefined(pairs, tmp_path):
    truths = pairs()
    save(tmp_path / "predicted" / "a.png", truths["a"] * 0)
    table = run(tmp_path, metrics=("cldice",))
    assert math.isnan(value(table, "a", "cldice"))
    assert list(table[table["case"] == "a"]["reason"]) == ["the prediction is empty"]


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
