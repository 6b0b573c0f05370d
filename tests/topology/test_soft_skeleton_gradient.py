"""The soft skeleton's gradient by hand, in compiled loops and with tensors, against autograd through pooling."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import topology
from topology.kernels.compiled import SWITCH

POOL = {2: F.max_pool2d, 3: F.max_pool3d}
shapes = st.one_of(st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 5)] * 3))
both_ways = pytest.mark.parametrize("kernels", ["1", "0"], ids=["loops", "tensors"])
by_hypothesis = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def way(monkeypatch, kernels):
    """Switch the compiled loops on or off."""
    monkeypatch.setenv(SWITCH, kernels)


def by_pooling(p: torch.Tensor, iterations: int) -> torch.Tensor:
    """Algorithm 1 as a chain of poolings, every intermediate in autograd's graph."""
    ndim = p.ndim - 2

    def erode(x: torch.Tensor) -> torch.Tensor:
        kernels = [[3 if a == axis else 1 for a in range(ndim)] for axis in range(ndim)]
        lines = [-POOL[ndim](-x, kernel, 1, [k // 2 for k in kernel]) for kernel in kernels]
        return torch.stack(lines).amin(0)

    def opened(x: torch.Tensor) -> torch.Tensor:
        return POOL[ndim](erode(x), 3, 1, 1)

    skeleton = F.relu(p - opened(p))
    for _ in range(iterations):
        p = erode(p)
        ridge = F.relu(p - opened(p))
        skeleton = skeleton + F.relu(ridge - skeleton * ridge)
    return skeleton


def distinct(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Draw probabilities from 1 / n to 1, no two alike, so that every extremum has one place."""
    size = int(torch.tensor(shape).prod())
    generator = torch.Generator().manual_seed(seed)
    return ((torch.randperm(size, generator=generator) + 1).to(dtype) / size).reshape(shape)


@both_ways
@pytest.mark.usefixtures("way")
@by_hypothesis
@given(shape=shapes, seed=st.integers(0, 10**6), iterations=st.integers(0, 11))
def test_value_and_gradient_are_autograds(shape, seed, iterations):
    p = distinct((2, 1, *shape), seed).requires_grad_()
    q = p.detach().clone().requires_grad_()
    weights = torch.randn(p.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    found, expected = topology.soft_skeleton(p, iterations), by_pooling(q, iterations)
    assert torch.equal(found, expected)
    (weights * found).sum().backward()
    (weights * expected).sum().backward()
    torch.testing.assert_close(p.grad, q.grad)


@both_ways
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("shape", [(2, 3, 40, 37), (1, 2, 12, 17, 14)])
def test_single_precision_of_images_wider_than_a_vector(shape):
    p = distinct(shape, 3, torch.float32).requires_grad_()
    q = p.detach().clone().requires_grad_()
    found, expected = topology.soft_skeleton(p, 7), by_pooling(q, 7)
    assert torch.equal(found, expected)
    found.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(p.grad, q.grad)


@both_ways
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("shape", [(1, 1, 15, 15), (1, 1, 9, 9, 9)])
def test_a_ridge_of_one_leaves_nothing_to_the_other_levels(shape):
    """There 1 - R is 0, by which a product of all levels cannot be divided."""
    p = torch.zeros(shape, dtype=torch.float64)
    centre = tuple(n // 2 for n in shape)
    p[centre] = 1
    p.requires_grad_()
    skeleton = topology.soft_skeleton(p, 4)
    assert skeleton[centre] == 1
    skeleton[centre].backward()
    assert p.grad[centre] == 1
    assert p.grad.sum() <= 1  # what the opening's zero takes goes to one of its neighbours


@both_ways
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("shape", [(2, 3, 11, 13), (2, 2, 6, 7, 5)])
def test_sums_are_those_of_the_skeleton(shape):
    p = distinct(shape, 5).requires_grad_()
    q = p.detach().clone().requires_grad_()
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(1)) > 0.6
    weights = torch.randn(2, *shape[:2], generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    found = torch.stack(topology.soft_skeleton_sums(p, mask, 4))
    skeleton = by_pooling(q, 4)
    expected = torch.stack([(skeleton * mask).flatten(2).sum(2), skeleton.flatten(2).sum(2)])
    torch.testing.assert_close(found, expected)
    (weights * found).sum().backward()
    (weights * expected).sum().backward()
    torch.testing.assert_close(p.grad, q.grad)


@pytest.mark.parametrize("layout", ["expanded", "channels_last", "slice"])
def test_layouts_in_memory_do_not_matter(layout):
    p = distinct((2, 3, 9, 8), 2)
    seen = {
        "expanded": lambda x: x[:, :1].expand(2, 3, 9, 8),
        "channels_last": lambda x: x.to(memory_format=torch.channels_last),
        "slice": lambda x: x[:, 1:, ::2],
    }[layout](p)
    assert torch.equal(topology.soft_skeleton(seen, 3), topology.soft_skeleton(seen.contiguous(), 3))


def kept_for_the_gradient(iterations: int) -> float:
    """Count what autograd keeps, in images."""
    p = torch.rand(1, 1, 200, 200, requires_grad=True)
    kept = 0

    def count(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal kept
        kept += tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        topology.soft_skeleton(p, iterations)
    return kept / p.numel()


def test_loops_keep_two_images_for_any_number_of_iterations():
    assert {round(kept_for_the_gradient(k), 1) for k in (0, 3, 24, 80)} == {2.0}


@pytest.mark.parametrize("iterations", [3, 24, 80])
def test_what_tensors_keep_grows_with_the_root_of_the_iterations(iterations, monkeypatch):
    monkeypatch.setenv(SWITCH, "0")
    assert kept_for_the_gradient(iterations) <= 2 * (iterations**0.5 + 1)


def test_nothing_is_kept_without_a_gradient():
    assert not topology.soft_skeleton(torch.rand(1, 1, 9, 9), 4).requires_grad


@both_ways
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("shape", [(2, 1, 24, 30), (1, 2, 9, 12, 10)])
def test_masks_have_the_skeleton_of_their_zeros_and_ones(shape):
    pool = {4: F.avg_pool2d, 5: F.avg_pool3d}[len(shape)]
    blobs = pool(torch.rand(shape, generator=torch.Generator().manual_seed(1)), 3, 1, 1)
    mask = blobs > blobs.median()
    for iterations in (0, 3, 24):
        expected = by_pooling(mask.float(), iterations)
        assert torch.equal(topology.soft_skeleton(mask.float(), iterations), expected)
        assert torch.equal(topology.soft_skeleton(mask, iterations), expected > 0)
    assert not topology.soft_skeleton(torch.zeros(shape, dtype=torch.bool), 9).any()


def test_a_mask_of_another_kind_is_refused():
    p = torch.rand(1, 1, 4, 4)
    with pytest.raises(TypeError, match=r"`mask` must be bool of shape \(1, 1, 4, 4\), got torch.float32"):
        topology.soft_skeleton_sums(p, p, 1)


@pytest.mark.parametrize("shape", [(9, 8), (5, 4, 6)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_rounded_in_each_step_only(shape, dtype):
    """The compiled loops cannot take it; plain tensors do."""
    p = distinct((1, 2, *shape), 0).to(dtype)
    found = topology.soft_skeleton(p, 3)
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), by_pooling(p.double(), 3), rtol=0, atol=4 * torch.finfo(dtype).eps)


def test_loops_that_are_switched_off_are_not_used(monkeypatch):
    monkeypatch.setenv(SWITCH, "0")
    monkeypatch.setattr("topology._soft_skeleton_of_images.SoftSkeleton", None)
    p = distinct((1, 1, 5, 6), 0)
    assert torch.equal(topology.soft_skeleton(p, 2), by_pooling(p, 2))
