"""Topology against independent implementations: flood fill, SciPy, GUDHI."""

import gudhi
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import slow

import topology

masks_2d = hnp.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))
masks_3d = hnp.arrays(bool, st.tuples(*[st.integers(1, 5)] * 3))
masks = st.one_of(masks_2d, masks_3d)
few = settings(max_examples=60, deadline=None)


def distinct_image(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(np.prod(shape)).reshape(shape) / np.prod(shape)


shapes = st.one_of(st.tuples(*[st.integers(1, 11)] * 2), st.tuples(*[st.integers(1, 5)] * 3))


@few
@given(masks, st.booleans())
def test_components_are_those_of_a_flood_fill(mask, full):
    adjacency = {2: (4, 8), 3: (6, 26)}[mask.ndim][full]
    labels = topology.label(mask, adjacency)
    expected = slow.components(mask, adjacency)
    assert labels.dtype == np.int32
    assert labels.max() == len(expected) == topology.count_components(mask, adjacency)
    assert ((labels > 0) == mask).all()
    for component in expected:
        assert len({int(labels[place]) for place in component}) == 1


def gudhi_betti(mask: np.ndarray, full: bool) -> tuple[int, ...]:
    """Betti numbers from GUDHI: pixels as top cells for full adjacency, as vertices for the cross."""
    values = np.pad(np.where(mask, 0.0, 1.0), 1, constant_values=1.0)
    cells = {"top_dimensional_cells": values} if full else {"vertices": values}
    complex_ = gudhi.CubicalComplex(**cells)
    complex_.compute_persistence()
    return tuple(complex_.persistent_betti_numbers(0.0, 0.5)[: mask.ndim])


@few
@given(masks, st.booleans())
def test_betti_and_euler_numbers_are_gudhis(mask, full):
    adjacency = {2: (4, 8), 3: (6, 26)}[mask.ndim][full]
    expected = gudhi_betti(mask, full)
    assert topology.betti_numbers(mask, adjacency) == expected
    assert topology.euler_number(mask, adjacency) == sum((-1) ** k * b for k, b in enumerate(expected))
    assert topology.betti_numbers(torch.from_numpy(mask), adjacency) == expected


@few
@given(masks, st.booleans())
def test_betti_numbers_are_those_of_a_flood_fill(mask, full):
    """Components and holes (cavities in 3D) counted by hand; the Euler number of corners, edges, faces, cubes."""
    adjacency = {2: (4, 8), 3: (6, 26)}[mask.ndim][full]
    betti = topology.betti_numbers(mask, adjacency)
    assert betti[0] == len(slow.components(mask, adjacency))
    assert betti[-1] == len(slow.holes(mask, adjacency))
    if full:
        assert topology.euler_number(mask) == slow.euler_number(mask)


@few
@given(masks)
def test_holes_of_the_foreground_are_components_of_the_background(mask):
    b0, *_ = topology.betti_numbers(mask)
    background = topology.betti_numbers(~np.pad(mask, 1), {2: 4, 3: 6}[mask.ndim])
    assert topology.betti_numbers(mask)[-1] == background[0] - 1
    assert b0 == topology.count_components(mask)


@few
@given(shapes, st.integers(0, 10**6))
def test_persistence_is_gudhis(shape, seed):
    """Births, deaths, and the pixels that they lie on; sides that are not equal, where the references go wrong."""
    image = distinct_image(shape, seed)
    dims = tuple(range(image.ndim))
    pairs = topology.persistence_pairs(image, dims)
    complex_ = gudhi.CubicalComplex(top_dimensional_cells=image)
    expected = sorted((d, b, e) for d, (b, e) in complex_.persistence() if np.isfinite(e) and e > b)
    found = sorted(zip(pairs.dimension.tolist(), pairs.birth.tolist(), pairs.death.tolist(), strict=True))
    np.testing.assert_allclose(np.array(found).reshape(-1, 3), np.array(expected).reshape(-1, 3))
    np.testing.assert_array_equal(image[tuple(pairs.birth_cell.T)], pairs.birth)
    np.testing.assert_array_equal(image[tuple(pairs.death_cell.T)], pairs.death)


def test_persistence_of_a_straight_bar_has_no_feature():
    """The references hand GUDHI the axes in the wrong order and find four."""
    bar = np.ones((7, 19))
    bar[3, 4:9] = 0
    assert len(topology.persistence_pairs(bar, (0, 1))) == 0


@few
@given(shapes, st.integers(0, 10**6), st.integers(0, 4))
def test_soft_skeleton_is_scipys(shape, seed, iterations):
    p = distinct_image(shape, seed)
    found = topology.soft_skeleton(torch.from_numpy(p)[None, None], iterations)[0, 0]
    np.testing.assert_allclose(found.numpy(), slow.soft_skeleton(p, iterations), atol=1e-12)


@few
@given(shapes, st.integers(0, 10**6), st.integers(0, 3), st.integers(0, 1))
def test_soft_skeleton_turns_with_the_image(shape, seed, iterations, axis):
    p = torch.from_numpy(distinct_image(shape, seed))[None, None]
    turned = topology.soft_skeleton(p.flip(axis + 2), iterations).flip(axis + 2)
    torch.testing.assert_close(turned, topology.soft_skeleton(p, iterations))


@few
@given(masks)
def test_skeleton_lies_in_the_mask_and_keeps_its_pieces_in_2d(mask):
    skeleton = topology.skeletonize(mask)
    assert not (skeleton & ~mask).any()
    if mask.ndim == 2:
        assert topology.count_components(skeleton) == topology.count_components(mask)


def test_lee_deletes_a_small_plate_as_said_in_the_docstring():
    assert not topology.skeletonize(np.ones((2, 1, 2), bool)).any()
    assert topology.skeletonize(np.ones((1, 2, 2), bool)).any()


@few
@given(masks, st.integers(0, 10**6))
def test_touching_components_are_those_of_a_flood_fill(mask, seed):
    seeds = np.random.default_rng(seed).random(mask.shape) < 0.1
    expected = slow.touching(mask, seeds, {2: 8, 3: 26}[mask.ndim])
    np.testing.assert_array_equal(topology.touching_components(mask, seeds), expected)


@pytest.mark.parametrize("shape", [(2, 3, 6, 7), (2, 2, 4, 5, 6)])
def test_batches_are_their_images(shape):
    masks = np.random.default_rng(0).random(shape) < 0.6
    seeds = np.random.default_rng(1).random(shape) < 0.1
    whole = topology.touching_components(torch.from_numpy(masks), torch.from_numpy(seeds))
    assert isinstance(whole, torch.Tensor)
    for place in np.ndindex(shape[:2]):
        np.testing.assert_array_equal(topology.skeletonize(masks)[place], topology.skeletonize(masks[place]))
        np.testing.assert_array_equal(topology.label(masks)[place], topology.label(masks[place]))
        np.testing.assert_array_equal(whole[place].numpy(), topology.touching_components(masks[place], seeds[place]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: topology.label(np.ones((3, 3)), 5), "`adjacency` must be 8 or 4 in 2D"),
        (lambda: topology.betti_numbers(np.ones(3)), "one 2D or 3D image"),
        (lambda: topology.skeletonize(np.ones((0, 3))), "one 2D or 3D image"),
        (lambda: topology.persistence_pairs(np.ones((3, 3)), (2,)), "`dims` must lie in 0 to 1"),
        (lambda: topology.persistence_pairs(np.full((3, 3), np.nan)), "`image` must be finite"),
        (lambda: topology.touching_components(np.ones((3, 3)), np.ones((3, 4))), "`seeds` must have the shape"),
        (lambda: topology.soft_skeleton(torch.ones(3, 3), 1), r"`p` must have shape"),
        (lambda: topology.soft_skeleton(torch.ones(1, 1, 3, 3), -1), "`iterations` must be"),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_soft_skeleton_of_integers_is_refused():
    with pytest.raises(TypeError, match="floating point"):
        topology.soft_skeleton(torch.ones(1, 1, 3, 3, dtype=torch.int64), 1)


@pytest.mark.parametrize("function", [topology.skeletonize, topology.label, topology.touching_components])
def test_compiled_is_the_same(function):
    """Where torch.compile imitates NumPy, touching_components loses its seeds: the room keeps it out."""
    masks = torch.rand(2, 2, 1, 12, 12, generator=torch.Generator().manual_seed(0)) < 0.5
    arguments = list(masks) if function is topology.touching_components else [masks[0]]
    assert torch.equal(torch.compile(function, backend="aot_eager")(*arguments), function(*arguments))
