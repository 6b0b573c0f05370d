"""Losses whose images or patches are computed at the same time give the same bits on any number of threads."""

import pytest
import torch

import losses

CASES = [
    ("topoloss", {"patch": 16, "dims": (0, 1)}, (2, 3, 40, 33)),
    ("topoloss", {"patch": 8}, (2, 1, 12, 9, 14)),
    ("topoloss", {"patch": 100, "persistence_threshold": 0.0}, (1, 1, 640, 640)),  # a sum that torch would split
    ("topoloss_published", {"patch": 16}, (2, 3, 40, 33)),
    ("phpm", {"dims": (0, 1)}, (2, 3, 40, 33)),
    ("phpm", {"dims": (0, 1), "mean": "dimensions"}, (1, 1, 12, 9, 14)),
    ("phpm", {}, (1, 1, 640, 640)),
    ("betti_matching", {"patch": 16}, (2, 3, 40, 33)),
]


@pytest.mark.parametrize(("slug", "parameters", "shape"), CASES)
def test_threads_change_no_bit(slug, parameters, shape):
    random = torch.Generator().manual_seed(0)
    z = torch.randn(shape, generator=random).requires_grad_()
    y = torch.randint(0, max(2, shape[1]), (shape[0], 1, *shape[2:]), generator=random)
    loss = losses.build(slug, **parameters)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            value = loss.topological_term(z, y)
            found.append((value.detach(), torch.autograd.grad(value, z)[0]))
    finally:
        torch.set_num_threads(before)
    assert found[0][0] > 0
    for value, gradient in found[1:]:
        assert torch.equal(value, found[0][0])
        assert torch.equal(gradient, found[0][1])
