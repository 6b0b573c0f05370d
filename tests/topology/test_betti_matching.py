"""Betti matching against boundary matrices reduced by the definition, and on cases small enough to see."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import betti_matching as slow
from scipy import ndimage

import topology

ADJACENCIES = {2: (4, 8), 3: (6, 26)}
seeds = st.integers(0, 10**6)
kinds = st.sampled_from(["real", "few values", "mask"])


def example(shape: tuple[int, ...], seed: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Make an image in [0, 1) that is low in a random mask, more or less, and that mask."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal(shape), rng.choice([0.0, 0.7, 1.2]))
    mask = field > np.quantile(field, rng.uniform(0.1, 0.9))
    if kind == "mask":
        return ~(mask ^ (rng.random(shape) < rng.uniform(0, 0.4))), mask
    if kind == "few values":
        number = rng.integers(2, 6)
        return rng.integers(0, number, shape) / number, mask
    rough = rng.standard_normal(shape) - 2 * mask
    return (1 + np.argsort(np.argsort(rough, axis=None)).reshape(shape)) / (2 + mask.size), mask


def numbers(pairs: topology.PersistencePairs) -> list[tuple[float, float]]:
    return sorted(zip(pairs.birth.tolist(), pairs.death.tolist(), strict=True))


def assert_matching_is_that_of_its_definition(image: np.ndarray, mask: np.ndarray, full: bool) -> None:
    found = topology.betti_matching(image, mask, 0, adjacency=ADJACENCIES[mask.ndim][full])
    for dimension, expected in enumerate(slow.matchings(image.astype(float), 1.0 - mask, full)):
        assert numbers(found.matched.of_dimension(dimension)) == expected.matched
        assert numbers(found.unmatched.of_dimension(dimension)) == expected.unmatched
        assert found.unmatched_target(dimension) == len(expected.unmatched_of_other)
    for pairs in (found.matched, found.unmatched):
        np.testing.assert_array_equal(image[tuple(pairs.birth_cell.T)], pairs.birth)
        np.testing.assert_array_equal(image[tuple(pairs.death_cell.T)], pairs.death)


@settings(max_examples=300, deadline=None)
@given(shape=st.tuples(*[st.integers(1, 7)] * 2), seed=seeds, kind=kinds, full=st.booleans())
def test_matching_in_2d(shape, seed, kind, full):
    assert_matching_is_that_of_its_definition(*example(shape, seed, kind), full)


@settings(max_examples=650, deadline=None)
@given(shape=st.tuples(*[st.integers(1, 4)] * 3), seed=seeds, kind=kinds, full=st.booleans())
def test_matching_in_3d(shape, seed, kind, full):
    assert_matching_is_that_of_its_definition(*example(shape, seed, kind), full)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(long=st.integers(9, 16), seed=seeds, kind=kinds, full=st.booleans(), turn=st.integers(0, 2))
def test_matching_in_long_volumes(long, seed, kind, full, turn):
    image, mask = example((long, 4, 3), seed, kind)
    axes = np.roll(range(3), turn)
    assert_matching_is_that_of_its_definition(image.transpose(axes), mask.transpose(axes), full)


def test_a_bridge_of_the_prediction_is_a_death_at_its_lowest_pixel():
    """Two bars of the truth, joined in the prediction: its component dies at the bridge, and is the truth's."""
    p = np.full((3, 5), 0.1)
    p[0], p[2], p[1, 2] = 0.9, 0.8, 0.4
    truth = p > 0.5
    found = topology.betti_matching(-p, truth, -1, adjacency=4)
    assert found.matched.birth_cell.tolist() == [[2, 0]]
    assert found.matched.death_cell.tolist() == [[1, 2]]
    assert len(found.unmatched) == 0  # the bays beside the bridge are open
    assert found.target == {0: 1, 1: 0}


def test_dimensions_alone_are_those_of_all():
    image, mask = example((6, 7, 5), 3, "real")
    whole = topology.betti_matching(image, mask, 0)
    for dimension in range(3):
        alone = topology.betti_matching(image, mask, 0, dims=[dimension])
        assert alone.target == {dimension: whole.target[dimension]}
        for name in ("matched", "unmatched"):
            assert numbers(getattr(alone, name)) == numbers(getattr(whole, name).of_dimension(dimension))


def test_tensors_and_single_precision_have_the_same_matching():
    image, mask = example((9, 8), 5, "real")
    expected = topology.betti_matching(image.astype(np.float32), mask, 0)
    found = topology.betti_matching(torch.tensor(image, dtype=torch.float32), torch.tensor(mask), 0)
    np.testing.assert_array_equal(found.matched.births, expected.matched.births)
    np.testing.assert_array_equal(found.unmatched.deaths, topology.betti_matching(image, mask, 0).unmatched.deaths)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": np.zeros((3, 3))}, r"`image` must have the shape of `mask`, \(3, 4\), got \(3, 3\)"),
        ({"image": np.full((3, 4), np.nan)}, "`image` must be finite"),
        ({"lowest": 0.5}, "`image` must not lie below `lowest`, 0.5, got 0"),
        ({"dims": [2]}, "`dims` must lie in 0 to 1 for a 2D image"),
        ({"adjacency": 5}, "`adjacency` must be 8 or 4"),
    ],
)
def test_wrong_arguments_are_refused(changes, message):
    arguments = {"image": np.zeros((3, 4)), "mask": np.eye(3, 4), "lowest": 0.0, **changes}
    with pytest.raises(ValueError, match=message):
        topology.betti_matching(**arguments)
