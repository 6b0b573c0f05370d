"""Pixels that do not count are background of prediction and ground truth, and in no denominator."""

import numpy as np
import pytest

import metrics


def _images(seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 2, (20, 24)), random.integers(0, 2, (20, 24)), random.random((20, 24)) < 0.7


def test_every_metric_sees_background_where_nothing_counts():
    prediction, target, valid = _images()
    spoiled = np.where(valid, prediction, 1), np.where(valid, target, 1 - target)
    names = [name for name in metrics.names() if name != "accuracy" and metrics.entry(name).available()[0]]
    names = [name for name in names if 2 in metrics.entry(name).dims]
    found = metrics.evaluate(*spoiled, names, valid=valid)
    expected = metrics.evaluate(prediction * valid, target * valid, names)
    assert found == pytest.approx(expected, nan_ok=True)


def test_accuracy_is_over_the_pixels_that_count():
    prediction, target, valid = _images(1)
    value = metrics.evaluate(prediction, target, ["accuracy"], valid=valid)["accuracy"]
    assert value == pytest.approx((prediction == target)[valid].mean())


def test_accuracy_is_undefined_where_no_pixel_counts():
    prediction, target, valid = _images(2)
    nothing = np.zeros_like(valid)
    assert np.isnan(metrics.evaluate(prediction, target, ["accuracy"], valid=nothing)["accuracy"])
    assert metrics.explain(prediction, target, "accuracy", valid=nothing) == "no pixel counts"


def test_patches_take_their_part_of_the_mask():
    prediction, target, valid = _images(3)
    place = {"region": "sliding", "patch": 10}
    value = metrics.evaluate(prediction[:, :20], target[:, :20], ["accuracy"], valid=valid[:, :20], **place)["accuracy"]
    agree = prediction == target
    parts = [agree[y : y + 10, x : x + 10][valid[y : y + 10, x : x + 10]].mean() for y in (0, 10) for x in (0, 10)]
    assert value == pytest.approx(np.mean(parts))


@pytest.mark.parametrize("valid", [np.ones((20, 23), bool), np.ones((20, 24), np.uint8)])
def test_wrong_mask_is_refused(valid):
    prediction, target, _ = _images()
    with pytest.raises(ValueError, match=r"`valid` must be a bool mask of shape \(20, 24\)"):
        metrics.evaluate(prediction, target, ["dice"], valid=valid)
