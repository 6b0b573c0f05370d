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
