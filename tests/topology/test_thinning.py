"""Thinning in compiled loops against scikit-image, pixel for pixel."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.morphology import skeletonize

import topology
from topology._thinning_of_tensors import thin_2d
from topology.kernels.compiled import SWITCH

shapes = st.one_of(st.tuples(*[st.integers(1, 40)] * 2), st.tuples(*[st.integers(1, 14)] * 3))


@settings(max_examples=300, deadline=None)
@given(shape=shapes, seed=st.integers(0, 10**6), density=st.floats(0.02, 1), blur=st.sampled_from([0, 0.7, 1.5, 3]))
def test_skeletons_are_scikit_images(shape, seed, density, blur):
    noise = np.random.default_rng(seed).random(shape)
    noise = ndimage.gaussian_filter(noise, blur) if blur else noise
    mask = noise <= np.quantile(noise, density)
    np.testing.assert_array_equal(topology.skeletonize(mask), skeletonize(mask))


@pytest.mark.parametrize("shape", [(1, 9, 11), (9, 1, 11), (9, 11, 1), (1, 1, 7), (23, 17), (9, 8, 10)])
def test_full_images_are_thinned_as_well(shape):
    mask = np.ones(shape, bool)
    np.testing.assert_array_equal(topology.skeletonize(mask), skeletonize(mask))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(31, 26), (12, 15, 11)])
def test_layout_in_memory_does_not_matter_and_the_mask_stays(order, shape):
    mask = np.asarray(ndimage.gaussian_filter(np.random.default_rng(0).random(shape), 1) > 0.5, order=order)
    before = mask.copy()
    np.testing.assert_array_equal(topology.skeletonize(mask), skeletonize(np.ascontiguousarray(mask)))
    np.testing.assert_array_equal(mask, before)


def test_without_loops_scikit_image_does_it(monkeypatch):
    masks = torch.rand(2, 2, 20, 20, generator=torch.Generator().manual_seed(0)) > 0.3
    loops = topology.skeletonize(masks)
    monkeypatch.setenv(SWITCH, "0")
    assert torch.equal(topology.skeletonize(masks), loops)


@settings(max_examples=60, deadline=None)
@given(shape=st.tuples(*[st.integers(1, 24)] * 2), seed=st.integers(0, 10**6), density=st.floats(0.02, 1))
def test_batches_on_a_gpu_are_thinned_to_the_same_pixels(shape, seed, density):
    """The code for GPUs, on the CPU."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).random((2, 3, *shape)), (0, 0, 1, 1))
    masks = torch.from_numpy(noise <= np.quantile(noise, density))
    assert torch.equal(thin_2d(masks), topology.skeletonize(masks))
