"""Components that hold a seed: flooding from the seeds against labelling everything."""

import numpy as np
import pytest
from scipy import ndimage

import topology
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
