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


@settings(by_hypothesis, max_examples=40)
@given(shape=shapes, seed=st.integers(0, 10**6), width=st.integers(1, 9), values=st.sampled_from([2, 5, 10**6]))
def test_pieces_are_images_by_themselves(monkeypatch, shape, seed, width, values):
    image = np.random.default_rng(seed).integers(0, values, shape).astype(np.float32)
    dims = tuple(range(len(shape)))
    expected = []
    for start in range(0, shape[-1], width):
        piece = topology.persistence_pairs(image[..., start : start + width], dims)
        expected += zip(
            piece.dimension.tolist(),
            (piece.birth_cell + np.array([0] * (len(shape) - 1) + [start])).tolist(),
            (piece.death_cell + np.array([0] * (len(shape) - 1) + [start])).tolist(),
            strict=True,
        )
    found = topology.persistence_pairs(image, dims, width)
    cells = zip(found.dimension.tolist(), found.birth_cell.tolist(), found.death_cell.tolist(), strict=True)
    assert sorted(cells) == sorted(expected)
    monkeypatch.setenv(SWITCH, "0")
    assert features(found) == features(topology.persistence_pairs(image, dims, width))
    monkeypatch.setenv(SWITCH, "1")


def test_a_piece_has_a_width():
    with pytest.raises(ValueError, match="`width` must be at least 1, got 0"):
        topology.persistence_pairs(np.zeros((3, 3)), width=0)


@pytest.mark.parametrize("kernels", ["0", "1"])
@pytest.mark.parametrize(
    ("image", "dims", "message"),
    [
        (np.zeros(4), (0,), "one 2D or 3D image"),
        (np.zeros((1, 2, 2, 2)), (0,), "one 2D or 3D image"),
        (np.zeros((3, 0)), (0,), "without empty axes"),
        (np.zeros((3, 3)), (), "`dims` must lie in 0 to 1"),
        (np.zeros((3, 3)), (-1, 0), "`dims` must lie in 0 to 1"),
        (np.zeros((3, 3)), (0, 2), "`dims` must lie in 0 to 1"),
        (np.zeros((2, 2, 2)), (3,), "`dims` must lie in 0 to 2"),
        (np.array([[0.0, np.nan]]), (0,), "must be finite"),
        (np.array([[0.0, -np.inf]]), (0,), "must be finite"),
    ],
)
def test_persistence_of_what_is_no_image_is_refused(monkeypatch, kernels, image, dims, message):
    monkeypatch.setenv(SWITCH, kernels)
    with pytest.raises(ValueError, match=message):
        topology.persistence_pairs(image, dims)
