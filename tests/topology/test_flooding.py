"""Components that hold a seed: flooding from the seeds against labelling everything."""

import numpy as np
import pytest
import torch
from scipy import ndimage

import topology
from topology._flooding_of_tensors import reached
from topology.kernels.compiled import SWITCH


@pytest.mark.parametrize("adjacency", ["full", "cross"])
@pytest.mark.parametrize("density", [0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(61, 47), (14, 17, 15)])
def test_flooding_finds_what_labelling_finds(monkeypatch, shape, density, adjacency):
    rng = np.random.default_rng(3)
    noise = ndimage.gaussian_filter(rng.random(shape), 0.6)
    mask = noise <= np.quantile(noise, density)
    seeds = rng.random(shape) < 0.01
    around = {("full", 2): 8, ("full", 3): 26, ("cross", 2): 4, ("cross", 3): 6}[adjacency, len(shape)]
    found = topology.touching_components(mask, seeds, around)
    monkeypatch.setenv(SWITCH, "0")
    np.testing.assert_array_equal(found, topology.touching_components(mask, seeds, around))
    assert found.any()


def test_a_seed_beside_the_mask_reaches_nothing():
    mask = np.zeros((5, 5), bool)
    mask[1:4, 1:4] = True
    seeds = np.zeros((5, 5), bool)
    seeds[0, 0] = True
    assert not topology.touching_components(mask, seeds).any()


@pytest.mark.parametrize("adjacency", [8, 4])
@pytest.mark.parametrize("shape", [(2, 3, 31, 40), (1, 2, 9, 12, 10), (1, 1, 1, 7), (1, 1, 40, 3)])
def test_batches_on_a_gpu_are_flooded_to_the_same_pixels(shape, adjacency):
    """The code for GPUs, on the CPU."""
    generator = torch.Generator().manual_seed(2)
    masks = torch.rand(shape, generator=generator) < (0.45 if len(shape) == 4 else 0.3)
    seeds = torch.rand(shape, generator=generator) < 0.05
    found = reached(masks, seeds, full=adjacency == 8)
    assert torch.equal(found, topology.touching_components(masks, seeds, adjacency))


def test_a_long_way_is_gone_to_its_end_on_a_gpu_as_well():
    mask = torch.zeros(1, 1, 21, 60, dtype=torch.bool)
    mask[..., ::2, :] = True  # rows, joined at alternate ends: a meander
    mask[..., 1::4, -1] = mask[..., 3::4, 0] = True
    seeds = torch.zeros_like(mask)
    seeds[0, 0, 0, 0] = True
    assert torch.equal(reached(mask, seeds, full=True), mask)
