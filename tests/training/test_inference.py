"""Whole images by sliding window."""

import numpy as np
import pytest
import torch

from training import inference
from training.patches import normalize


class Brightness(torch.nn.Module):
    """Class 1 where the normalised image is above 0: the same for any window."""

    def forward(self, images):
        return torch.cat([-images, images], 1)


@pytest.mark.parametrize("shape", [(20, 33), (5, 40), (3, 4), (9, 17, 6)])
def test_predict_covers_the_whole_image(shape):
    image = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    prediction = inference.predict(Brightness(), image, window=[8] * len(shape), overlap=0.25)
    assert prediction.dtype == np.uint8
    np.testing.assert_array_equal(prediction, normalize(image)[0] > 0)


class Doubtful(torch.nn.Module):
    """Class 1 in the first and last columns of a window, and more surely than class 0 in between."""

    def forward(self, images):
        logits = torch.zeros(len(images), 2, *images.shape[2:])
        logits[:, 0, :, 2:-2] = 1.0
        logits[:, 1, :, :2] = logits[:, 1, :, -2:] = 1.5
        return logits


def test_the_centre_of_a_window_counts_more_than_its_border():
    """Each column near a border of one window lies near the centre of another, whose Gaussian weight is larger."""
    prediction = inference.predict(Doubtful(), np.zeros((1, 16, 64), np.float32), window=[16, 16])
    prediction = prediction[6:10]  # the weights have a lower bound, which all reach in a window's corners
    assert not prediction[:, 2:-2].any()
    assert prediction[:, [0, 1, -2, -1]].all()
