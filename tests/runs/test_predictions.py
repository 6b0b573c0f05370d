"""Predictions read back as they were written, and what is not what a run wrote is named."""

import numpy as np
import pytest

from runs import predictions


@pytest.mark.parametrize("shape", [(5, 7), (3, 4, 5)])
def test_prediction_reads_back(tmp_path, shape):
    prediction = np.random.default_rng(0).integers(0, 4, shape).astype(np.uint8)
    path = predictions.write_prediction(tmp_path, "case_0.5", prediction, range(1, len(shape) + 1))
    assert path.name == ("case_0.5.png" if len(shape) == 2 else "case_0.5.nii.gz")
    np.testing.assert_array_equal(predictions.read_prediction(tmp_path, "case_0.5", len(shape)), prediction)
    assert list(predictions.predicted_cases(tmp_path)) == ["case_0.5"]
    first = path.read_bytes()
    predictions.write_prediction(tmp_path, "case_0.5", prediction, range(1, len(shape) + 1))
    assert path.read_bytes() == first


def test_missing_prediction_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"case.png does not exist"):
        predictions.read_prediction(tmp_path, "case", 2)


def test_damage_is_named(tmp_path):
    for case in ("a", "b", "c"):
        predictions.write_prediction(tmp_path, case, np.zeros((4, 4), np.uint8), (1.0, 1.0))
    recorded = predictions.checksums(tmp_path)
    assert predictions.damages(tmp_path, recorded) == []
    paths = {case: predictions.prediction_path(tmp_path, case, 2) for case in ("a", "b", "c")}
    paths["a"].unlink()
    paths["b"].write_bytes(paths["b"].read_bytes()[:-20])
    assert predictions.damages(tmp_path, recorded) == [
        f"{paths['a']} is missing",
        f"{paths['b']} is not the file that the run wrote (replaced or truncated)",
    ]
