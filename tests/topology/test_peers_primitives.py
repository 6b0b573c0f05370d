"""Distances, simple points and component graphs against slow versions, and what must hold of them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import slow, slow_peers
from scipy import ndimage

import topology
from topology.kernels.compiled import SWITCH

shapes_2d = st.tuples(*[st.integers(1, 10)] * 2)
shapes = st.one_of(shapes_2d, st.tuples(*[st.integers(1, 5)] * 3))
some = settings(max_examples=50, deadline=None)
drawn = {"seed": st.integers(0, 10**6), "density": st.floats(0.02, 1), "blur": st.sampled_from([0, 0.7, 1.5])}


def blobs(shape: tuple[int, ...], seed: int, density: float, blur: float) -> np.ndarray:
    noise = np.random.default_rng(seed).random(shape)
    noise = ndimage.gaussian_filter(noise, blur) if blur else noise
    return noise <= np.quantile(noise, density)


@some
@given(shape=shapes, iterations=st.integers(0, 6), **drawn)
def test_soft_skeletons_of_masks_are_scipys(shape, iterations, seed, density, blur):
    mask = blobs(shape, seed, density, blur)
    found = topology.soft_skeleton(torch.from_numpy(mask)[None, None], iterations)[0, 0]
    np.testing.assert_array_equal(found.numpy(), slow.soft_skeleton(mask.astype(float), iterations) > 0)


@pytest.mark.parametrize("iterations", [3, 300])
@pytest.mark.parametrize("shape", [(620, 30), (40, 30, 9)])
def test_soft_skeletons_of_masks_are_the_same_without_loops(monkeypatch, shape, iterations):
    """Also where distances do not fit a byte."""
    masks = torch.from_numpy(np.stack([np.ones(shape, bool), blobs(shape, 0, 0.6, 3)]))[None]
    masks[0, 0, 0] = False
    loops = topology.soft_skeleton(masks, iterations)
    monkeypatch.setenv(SWITCH, "0")
    assert torch.equal(topology.soft_skeleton(masks, iterations), loops)


@some
@given(shape=shapes, **drawn)
def test_distances_are_measured_to_every_pixel_of_the_background(shape, seed, density, blur):
    mask = blobs(shape, seed, density, blur)
    np.testing.assert_allclose(topology.distances(mask), slow_peers.distances(mask))


def test_distances_in_a_full_image_are_those_to_its_outside():
    np.testing.assert_array_equal(topology.distances(np.ones((3, 3), bool)), [[1, 1, 1], [1, 2, 1], [1, 1, 1]])


@some
@given(shape=shapes, rounds=st.integers(0, 4), **drawn)
def test_thinning_in_subfields_is_that_of_its_definition(shape, rounds, seed, density, blur):
    mask = blobs(shape, seed, density, blur)
    np.testing.assert_array_equal(topology.subfield_skeleton(mask, rounds), slow_peers.subfield_skeleton(mask, rounds))


@some
@given(shape=st.one_of(st.tuples(*[st.integers(1, 30)] * 2), st.tuples(*[st.integers(1, 10)] * 3)), **drawn)
def test_thinning_in_subfields_keeps_all_betti_numbers(shape, seed, density, blur):
    mask = blobs(shape, seed, density, blur)
    skeleton = topology.subfield_skeleton(mask, 20)
    assert not (skeleton & ~mask).any()
    assert topology.betti_numbers(skeleton) == topology.betti_numbers(mask)
    np.testing.assert_array_equal(topology.subfield_skeleton(skeleton, 20), skeleton)


@some
@given(shape=shapes, published=st.booleans(), other=st.integers(0, 10**6), **drawn)
def test_warping_is_that_of_its_definition(shape, published, other, seed, density, blur):
    mask, towards = blobs(shape, seed, density, blur), blobs(shape, other, 0.5, 0.7)
    found = topology.warp(mask, towards, published=published)
    np.testing.assert_array_equal(found, slow_peers.warp(mask, towards, published))


@some
@given(shape=st.one_of(st.tuples(*[st.integers(1, 30)] * 2), st.tuples(*[st.integers(1, 10)] * 3)), **drawn)
def test_warping_keeps_all_betti_numbers_and_flips_wrong_pixels_alone(shape, seed, density, blur):
    mask, towards = blobs(shape, seed, density, blur), blobs(shape, seed + 1, 0.5, 0.7)
    warped = topology.warp(mask, towards)
    assert topology.betti_numbers(warped) == topology.betti_numbers(mask)
    assert not ((warped ^ mask) & ~(mask ^ towards)).any()
    np.testing.assert_array_equal(topology.warp(mask, mask), mask)


@pytest.mark.parametrize("published", [False, True])
def test_a_lone_pixel_and_a_hole_are_simple_for_the_published_code_alone(published):
    """Its 3x3 patch counts the centre: a speck is erased and a hole filled without notice."""
    speck, nothing = np.zeros((5, 5), bool), np.zeros((5, 5), bool)
    speck[2, 2] = True
    assert topology.warp(speck, nothing, published=published).any() != published
    assert topology.warp(~speck, ~nothing, published=published).all() == published


@some
@given(shape=shapes_2d, adjacency=st.sampled_from([4, 8]), other=st.integers(0, 10**6), **drawn)
def test_critical_regions_are_those_of_a_graph_of_sets(shape, adjacency, other, seed, density, blur):
    mask, truth = blobs(shape, seed, density, blur), blobs(shape, other, 0.5, 0.7)
    found = topology.critical_regions(mask, truth, adjacency)
    np.testing.assert_array_equal(found > 0, slow_peers.critical_pixels(mask, truth, adjacency))
    assert set(np.unique(found)) | {0} == set(range(found.max() + 1))
    assert (topology.critical_regions(truth, truth, adjacency) == 0).all()


@some
@given(shape=st.tuples(*[st.integers(2, 30)] * 2), **drawn)
def test_without_critical_regions_the_betti_numbers_are_right(shape, seed, density, blur):
    """What Topograph promises, in a frame of background: an error that is harmless changes no Betti number."""
    prediction, truth = (np.pad(blobs(shape, number, density, blur), 1) for number in (seed, seed + 1))
    critical = topology.critical_regions(prediction, truth) > 0
    corrected = np.where(critical, truth, prediction)
    if not (topology.critical_regions(corrected, truth) > 0).any():
        assert topology.betti_numbers(corrected) == topology.betti_numbers(truth)


@pytest.mark.parametrize("function", [topology.critical_regions, topology.warp])
def test_batches_are_their_images(function):
    rng = np.random.default_rng(0)
    masks, others = rng.random((2, 2, 3, 14, 15)) < 0.6
    whole = function(torch.from_numpy(masks), torch.from_numpy(others))
    for place in np.ndindex(2, 3):
        np.testing.assert_array_equal(whole[place].numpy(), function(masks[place], others[place]))


def test_topograph_of_volumes_is_refused():
    with pytest.raises(ValueError, match="must be 2D"):
        topology.critical_regions(np.ones((3, 3, 3), bool), np.ones((3, 3, 3), bool))
