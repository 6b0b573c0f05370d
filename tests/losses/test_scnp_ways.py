"""SCNP's logits and their gradient in compiled loops against pooling."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import losses
from topology.kernels.compiled import SWITCH

shapes = st.one_of(st.tuples(*[st.integers(1, 12)] * 2), st.tuples(*[st.integers(1, 7)] * 3))


def value_and_gradient(monkeypatch, kernels: str, z: torch.Tensor, y: torch.Tensor, window: int, ignored: int | None):
    monkeypatch.setenv(SWITCH, kernels)
    z = z.clone().requires_grad_()
    loss = losses.build("scnp", window=window, ignore_index=ignored)
    penalised = loss.penalise(*loss.problems(z, y))
    weights = torch.linspace(-1, 2, penalised.numel(), dtype=z.dtype).view(z.shape)
    (weights * penalised).sum().backward()
    return penalised.detach(), z.grad


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=shapes,
    seed=st.integers(0, 10**6),
    window=st.sampled_from([1, 3, 5, 9]),
    channels=st.sampled_from([1, 3]),
    ignored=st.sampled_from([None, 2]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_loops_give_the_logits_and_gradients_of_pooling(monkeypatch, shape, seed, window, channels, ignored, dtype):
    generator = torch.Generator().manual_seed(seed)
    size = (2, channels, *shape)
    count = int(torch.tensor(size).prod())
    z = (torch.randperm(count, generator=generator).to(dtype) - count / 2).view(size)  # no two alike
    y = torch.randint(0, 2 if ignored is None else 3, (2, 1, *shape), generator=generator)
    loops = value_and_gradient(monkeypatch, "1", z, y, window, ignored)
    pooling = value_and_gradient(monkeypatch, "0", z, y, window, ignored)
    assert torch.equal(loops[0], pooling[0])
    torch.testing.assert_close(loops[1], pooling[1])


@pytest.mark.parametrize("kernels", ["0", "1"])
def test_infinite_logits_are_still_logits(monkeypatch, kernels):
    z = torch.tensor([[[[torch.inf, 1.0, -torch.inf, 2.0]]]])
    y = torch.tensor([[[[1, 1, 0, 0]]]])
    monkeypatch.setenv(SWITCH, kernels)
    assert losses.scnp_logits(z, y, 3).flatten().tolist() == [1.0, 1.0, 2.0, 2.0]
