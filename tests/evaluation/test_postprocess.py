"""Post-processing keeps what touches the pretraining prediction, and adds nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from evaluation.postprocess import keep_touching

MASKS = arrays.arrays(np.uint8, (7, 6), elements=st.integers(0, 2))


def test_keep_touching_removes_new_structures_only():
    pretrained = np.array([[1, 0, 0, 0, 2], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]], np.uint8)
    prediction = np.array([[1, 1, 0, 0, 1], [0, 0, 1, 0, 0], [2, 0, 0, 0, 0]], np.uint8)
    expected = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]], np.uint8)  # diagonal neighbours stay
    np.testing.assert_array_equal(keep_touching(prediction, pretrained), expected)


def test_keep_touching_works_in_3d():
    prediction = np.zeros((3, 3, 5), np.uint8)
    prediction[0, 0, 0] = prediction[1, 1, 1] = prediction[:, :, 4] = 1
    pretrained = np.zeros_like(prediction)
    pretrained[0, 0, 0] = 1
    assert keep_touching(prediction, pretrained).sum() == 2


@given(MASKS, MASKS)
def test_keep_touching_adds_nothing_and_is_idempotent(prediction, pretrained):
    kept = keep_touching(prediction, pretrained)
    assert kept.dtype == prediction.dtype
    assert ((kept == prediction) | (kept == 0)).all()
    both = (prediction == pretrained) & (prediction > 0)
    np.testing.assert_array_equal(kept[both], prediction[both])
    np.testing.assert_array_equal(keep_touching(kept, pretrained), kept)


@given(MASKS)
def test_keep_touching_leaves_the_pretraining_prediction_as_it_is(prediction):
    np.testing.assert_array_equal(keep_touching(prediction, prediction), prediction)
    assert not keep_touching(prediction, np.zeros_like(prediction)).any()


def test_keep_touching_refuses_other_shapes():
    with pytest.raises(ValueError, match="shape"):
        keep_touching(np.zeros((2, 2), int), np.zeros((2, 3), int))
