"""The Region-Wise loss's maps against SciPy's distance transform."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

import losses

shapes = st.one_of(st.tuples(*[st.integers(1, 16)] * 2), st.tuples(*[st.integers(1, 8)] * 3))


def expected_loss(mask: np.ndarray, p: np.ndarray, spacing: list[float] | None) -> float:
    """The definition, read aloud: both classes' probabilities times their maps."""
    total = 0.0
    for inside, probability in ((~mask, 1 - p), (mask, p)):
        if inside.all():
            weights = np.full(mask.shape, -1.0)
        else:
            distance = distance_transform_edt(inside, sampling=spacing)
            weights = np.where(inside, -distance / max(distance.max(), 1e-300), 1.0)
        total += (probability * weights).mean() / 2
    return total


@settings(max_examples=150, deadline=None)
@given(shape=shapes, seed=st.integers(0, 10**6), density=st.floats(0, 1), spaced=st.booleans())
def test_the_loss_is_that_of_scipys_distances(shape, seed, density, spaced):
    rng = np.random.default_rng(seed)
    mask, z = rng.random(shape) < density, rng.normal(size=shape) * 3 - 2
    spacing = rng.uniform(0.3, 3, len(shape)).tolist() if spaced else None
    loss = losses.build("region_wise", spacing=spacing)
    found = loss(torch.from_numpy(z)[None, None], torch.from_numpy(mask)[None, None]).item()
    tolerance = 1e-6 if spaced else 1e-12  # squares of whole numbers are exact in single precision
    assert found == pytest.approx(expected_loss(mask, 1 / (1 + np.exp(-z)), spacing), abs=tolerance)
