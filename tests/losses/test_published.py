"""The losses that repeat their published code, errors included, against the unmodified values of that code."""

import numpy as np
import pytest
import torch
from golden import Case, cases

import losses
from losses._segmentation import Segmentation
from losses.published import _targets, scrambled_pairs
from losses.topoloss import CriticalCells
from topology import persistence_pairs


def _gradient(value, z):
    return torch.autograd.grad(value, z)[0] if value.requires_grad else torch.zeros_like(z)


def _as_published(family, *variants):
    """Give the unmodified values: those kept as evidence, and where sides are equal the ordinary ones."""
    return cases("official", family, *(f"published_{variant}" for variant in variants), reproduce=False)


@pytest.mark.parametrize("case", _as_published("topoloss", "hu"))
def test_topoloss_where_axes_are_mixed_up(case: Case):
    _check_topoloss(case)


@pytest.mark.parametrize("case", cases("official", "topoloss", "hu"))
def test_topoloss_where_sides_are_equal(case: Case):
    if case.content.get("axis_order") == "corrected":
        return  # another case holds the unmodified value
    _check_topoloss(case)
    z = case.logits()
    if case.has("grad_logits_published"):
        side = int(case.variant.rsplit("patch", 1)[1])
        loss = losses.build("topoloss_published", patch=side)
        case.assert_gradient(_gradient(loss.topological_term(z, case.target()), z), "grad_logits_published")


def _check_topoloss(case: Case):
    side = int(case.variant.rsplit("patch", 1)[1])
    loss = losses.build("topoloss_published", patch=side)
    z, y = case.logits(), case.target()
    expected = float(case.array("loss_published"))
    if case.has("weight_map"):
        expected += _open_choices(case, loss.cells(Segmentation(z, y[:, 0].long())))
    case.assert_loss(loss.topological_term(z, y), expected)


def _open_choices(case: Case, cells: CriticalCells) -> float:
    """Compare the maps, and give the difference that GUDHI's choice makes where one pixel has several targets."""
    z = case.logits().detach().double().numpy().ravel()
    p = 1 / (1 + np.exp(-z))
    ours, official = _targets(cells, p), case.array("reference_map").ravel()
    critical = case.array("weight_map").ravel() > 0
    np.testing.assert_array_equal(~np.isnan(ours), critical)
    differs = critical & ~np.isclose(ours, official, rtol=0, atol=1e-6)
    for pixel in np.flatnonzero(differs):
        births, deaths = cells.remove[cells.remove[:, 1] == pixel, 0], cells.remove[cells.remove[:, 0] == pixel, 1]
        choices = p[np.concatenate([births, deaths])]
        assert len(choices) > 1
        assert np.abs(choices - official[pixel]).min() < 1e-6
    return float(((z - ours)[differs] ** 2 - (z - official)[differs] ** 2).sum())


@pytest.mark.parametrize("case", _as_published("hpm", "phpm"))
def test_phpm_where_axes_are_mixed_up(case: Case):
    _check_phpm(case)


@pytest.mark.parametrize("case", cases("official", "hpm", "phpm"))
def test_phpm_where_sides_are_equal(case: Case):
    if case.content.get("axis_order") != "corrected":
        _check_phpm(case)


def _check_phpm(case: Case):
    dims = tuple(int(dim) for dim in case.variant.rsplit("dims", 1)[1])
    z = case.logits()
    value = losses.build("phpm_published", dims=dims, threshold=0.6).topological_term(z, case.target())
    # where all values are equal, which pixels are critical is the library's choice
    if case.input_name != "edge2d_saturated":
        case.assert_loss(value)
    case.assert_gradient(_gradient(value, z))


@pytest.mark.parametrize("shape", [(9, 9), (5, 5, 5)])
def test_squares_and_cubes_are_only_transposed(shape):
    image = np.random.default_rng(0).permutation(np.prod(shape)).reshape(shape) / 1.0
    dims = range(len(shape))
    straight, scrambled = persistence_pairs(image, dims), scrambled_pairs(image, dims)
    for dim in dims:
        cells = [np.c_[p.of_dimension(dim).birth_cell, p.of_dimension(dim).death_cell] for p in (straight, scrambled)]
        assert sorted(map(tuple, cells[0])) == sorted(map(tuple, cells[1]))


def test_a_straight_bar_falls_to_pieces_where_the_sides_differ():
    """The example of the references' conventions: 4 finite components instead of none."""
    image = np.ones((7, 19))
    image[1:6, 9] = np.linspace(0.1, 0.2, 5)
    assert len(persistence_pairs(image, (0,))) == 0
    pairs = scrambled_pairs(image, (0,))
    assert len(pairs) == 4
    # the cells are where the values come from
    np.testing.assert_array_equal(image[tuple(pairs.birth_cell.T)], pairs.birth)
    np.testing.assert_array_equal(image[tuple(pairs.death_cell.T)], pairs.death)


def test_kept_features_are_pushed_the_wrong_way():
    """Two components of the truth, peaks 0.9 and 0.8, saddle 0.3: the published code lowers the peak."""
    p = torch.full((1, 1, 5, 9), 0.05, dtype=torch.float64)
    p[0, 0, 2, 1:8] = torch.tensor([0.9, 0.6, 0.5, 0.3, 0.5, 0.6, 0.8])
    y = (p > 0.4).long()
    for name, sign in (("topoloss", 1), ("topoloss_published", -1)):
        z = torch.logit(p).requires_grad_()
        push = -_gradient(losses.build(name, patch=100).topological_term(z, y), z)[0, 0, 2]
        # where the sides differ, the published code does not even find the saddle: make it a square
        if name == "topoloss_published":
            z = torch.logit(torch.nn.functional.pad(p, (0, 0, 2, 2), value=0.05)).requires_grad_()
            square = torch.nn.functional.pad(y, (0, 0, 2, 2))
            push = -_gradient(losses.build(name, patch=100).topological_term(z, square), z)[0, 0, 4]
        assert push[7] * sign > 0, name
        assert push[4] * sign < 0, name


def test_two_channels_agree_with_one():
    torch.manual_seed(0)
    z = torch.randn(2, 1, 12, 12, dtype=torch.float64)
    y = torch.nn.functional.interpolate((torch.randn(2, 1, 4, 4) > 0).double(), scale_factor=3).long()
    both = torch.cat([torch.zeros_like(z), z], dim=1)
    for name in ("topoloss_published", "phpm_published"):
        loss = losses.build(name)
        torch.testing.assert_close(loss.topological_term(both, y), loss.topological_term(z, y))


def test_training_in_3d_is_refused_as_by_the_published_code():
    assert losses.entry("topoloss_published").dims == (2,)
