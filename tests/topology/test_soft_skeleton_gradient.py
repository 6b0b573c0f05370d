"""The soft skeleton's gradient by hand against autograd through pooling, and what it keeps in between."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

import topology

POOL = {2: F.max_pool2d, 3: F.max_pool3d}
shapes = st.one_of(st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 5)] * 3))


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


@settings(max_examples=60, deadline=None)
@given(shape=shapes, seed=st.integers(0, 10**6), iterations=st.integers(0, 11))
def test_value_and_gradient_are_autograds(shape, seed, iterations):
    generator = torch.Generator().manual_seed(seed)
    size = torch.tensor(shape).prod() * 2
    p = (torch.randperm(int(size), generator=generator).double() / size).reshape(2, 1, *shape).requires_grad_()
    q = p.detach().clone().requires_grad_()
    weights = torch.randn(p.shape, generator=generator, dtype=torch.float64)
    found, expected = topology.soft_skeleton(p, iterations), by_pooling(q, iterations)
    assert torch.equal(found, expected)
    (weights * found).sum().backward()
    (weights * expected).sum().backward()
    torch.testing.assert_close(p.grad, q.grad)


@pytest.mark.parametrize("iterations", [3, 24, 80])
def test_what_is_kept_grows_with_the_root_of_the_iterations(iterations):
    p = torch.rand(1, 1, 20, 20, requires_grad=True)
    kept = 0

    def count(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal kept
        kept += tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        topology.soft_skeleton(p, iterations)
    assert kept <= 2 * (iterations**0.5 + 1) * p.numel()


def test_nothing_is_kept_without_a_gradient():
    assert not topology.soft_skeleton(torch.rand(1, 1, 9, 9), 4).requires_grad


@pytest.mark.parametrize("shape", [(2, 1, 24, 30), (1, 2, 9, 12, 10)])
def test_ground_truth_that_is_eroded_to_nothing_has_the_same_skeleton(shape):
    """Without a gradient the work stops there; with one it goes on through all iterations."""
    pool = {4: F.avg_pool2d, 5: F.avg_pool3d}[len(shape)]
    blobs = pool(torch.rand(shape, generator=torch.Generator().manual_seed(1)), 3, 1, 1)
    mask = (blobs > blobs.median()).float()
    for iterations in (0, 3, 24):
        whole = topology.soft_skeleton(mask.clone().requires_grad_(), iterations).detach()
        assert torch.equal(topology.soft_skeleton(mask, iterations), whole)
    assert torch.equal(topology.soft_skeleton(torch.zeros(shape), 9), torch.zeros(shape))
