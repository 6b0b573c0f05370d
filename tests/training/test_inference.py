"""Whole images by sliding window, and predictions that read back as they were written."""

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


@pytest.mark.parametrize("shape", [(5, 7), (3, 4, 5)])
def test_prediction_reads_back(tmp_path, shape):
    prediction = np.random.default_rng(0).integers(0, 4, shape).astype(np.uint8)
    path = inference.write_prediction(tmp_path, "case_0.5", prediction, range(1, len(shape) + 1))
    assert path.name == ("case_0.5.png" if len(shape) == 2 else "case_0.5.nii.gz")
    np.testing.assert_array_equal(inference.read_prediction(tmp_path, "case_0.5", len(shape)), prediction)
    assert list(inference.predicted_cases(tmp_path)) == ["case_0.5"]
    first = path.read_bytes()
    inference.write_prediction(tmp_path, "case_0.5", prediction, range(1, len(shape) + 1))
    assert path.read_bytes() == first


def test_missing_prediction_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"case.png does not exist"):
        inference.read_prediction(tmp_path, "case", 2)
