"""Persistence by union-find against Cubical Ripser and GUDHI, where values repeat as well."""

import gudhi
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import topology
from topology.kernels.compiled import SWITCH

shapes = st.one_of(st.tuples(*[st.integers(1, 14)] * 2), st.tuples(*[st.integers(1, 7)] * 3))
by_hypothesis = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def features(pairs: topology.PersistencePairs) -> list[tuple[int, float, float]]:
    return sorted(zip(pairs.dimension.tolist(), pairs.birth.tolist(), pairs.death.tolist(), strict=True))


@by_hypothesis
@given(
    shape=shapes,
    seed=st.integers(0, 10**6),
    values=st.sampled_from([2, 3, 10, 10**6]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_features_are_cubical_ripsers_and_gudhis(monkeypatch, shape, seed, values, dtype):
    image = (np.random.default_rng(seed).integers(0, values, shape) - values // 2).astype(dtype) / 7
    dims = tuple(range(len(shape)))
    found = topology.persistence_pairs(image, dims)
    monkeypatch.setenv(SWITCH, "0")
    assert features(found) == features(topology.persistence_pairs(image, dims))
    monkeypatch.setenv(SWITCH, "1")
    complex_ = gudhi.CubicalComplex(top_dimensional_cells=image.astype(np.float64))
    expected = sorted((d, b, e) for d, (b, e) in complex_.persistence() if np.isfinite(e) and e > b)
    assert features(found) == expected
    np.testing.assert_array_equal(image[tuple(found.birth_cell.T)], found.birth)
    np.testing.assert_array_equal(image[tuple(found.death_cell.T)], found.death)


@by_hypothesis
@given(shape=shapes, seed=st.integers(0, 10**6))
def test_cells_are_cubical_ripsers_where_no_value_repeats(monkeypatch, shape, seed):
    image = np.random.default_rng(seed).permutation(np.prod(shape)).reshape(shape).astype(np.float32)
    dims = tuple(range(len(shape)))

    def cells() -> list[tuple[list[int], list[int]]]:
        pairs = topology.persistence_pairs(image, dims)
        return sorted(zip(pairs.birth_cell.tolist(), pairs.death_cell.tolist(), strict=True))

    found = cells()
    monkeypatch.setenv(SWITCH, "0")
    expected = cells()
    monkeypatch.setenv(SWITCH, "1")
    assert found == expected


def test_the_two_zeros_are_one_value():
    image = np.array([[0.0, 1.0, -0.0, 1.0, 0.0]], np.float32)
    pairs = topology.persistence_pairs(image, (0,))
    assert pairs.birth_cell.tolist() == [[0, 2], [0, 4]]  # the first in raster order stays


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_whole_numbers_are_values_as_well(dtype):
    image = np.array([[0, 1, 0], [1, 1, 1]], dtype)
    pairs = topology.persistence_pairs(image, (0,))
    assert features(pairs) == [(0, 0.0, 1.0)]
