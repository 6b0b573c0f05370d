"""Gradients against finite differences, float64, on inputs whose values and masks a small step does not reorder."""

import pytest
import torch

import losses

SHAPES = {"2D": (7, 6), "3D": (4, 4, 5)}
FAST = {"cldice": {"iterations": 2}, "compound_cldice": {"iterations": 2}, "clce": {"iterations": 2}}
TOPOLOGY = {
    "topoloss": {"patch": 4, "dims": (0, 1), "weight": 1.0},
    "phpm": {"dims": (0, 1)},
    # its targets of features to be removed depend on p, but are taken as constants: none are removed here
    "topoloss_published": {"patch": 4, "weight": 1.0, "persistence_threshold": 0.99},
}


def distinct_logits(channels: int, spatial: tuple[int, ...]) -> torch.Tensor:
    """Give logits at least 0.01 apart, from 0, and from log(0.6 / 0.4), so that no step crosses a threshold."""
    generator = torch.Generator().manual_seed(3)
    number = 2 * channels * torch.tensor(spatial).prod()
    steps = (torch.randperm(int(number), generator=generator) - number // 2).double() * 0.013 + 0.0061
    return steps.reshape(2, channels, *spatial)


def bands(channels: int, spatial: tuple[int, ...]) -> torch.Tensor:
    position = torch.arange(spatial[-1]) // 2 % max(channels, 2)
    y = position.expand(2, 1, *spatial).clone()
    y[:, :, 0] = 0
    return y


def assert_gradient_is_the_finite_difference(loss: torch.nn.Module, z: torch.Tensor, y: torch.Tensor) -> None:
    leaf = z.clone().requires_grad_()
    loss(leaf, y).backward()
    directions = torch.randn(6, *z.shape, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    directions[0] = 0
    directions[0].view(-1)[5] = 1.0  # one logit alone
    for direction in directions:
        step = 1e-5 * direction
        numeric = (loss(z + step, y) - loss(z - step, y)) / 2e-5
        analytic = (leaf.grad * direction).sum()
        torch.testing.assert_close(analytic, numeric, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", losses.names())
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("channels", [1, 3])
def test_gradient_is_the_finite_difference(name, shape, channels):
    if len(SHAPES[shape]) not in losses.entry(name).dims:
        pytest.skip(f"{name} is not defined in {shape}")
    loss = losses.build(name, **{**FAST.get(name, {}), **TOPOLOGY.get(name, {})})
    z, y = distinct_logits(channels, SHAPES[shape]), bands(channels, SHAPES[shape])
    assert_gradient_is_the_finite_difference(loss, z, y)


OPTIONS = ({"batch": True}, {"include_background": True}, {"ignore_index": 2})


@pytest.mark.parametrize(
    ("name", "options"),
    [(name, o) for name in losses.names() for o in OPTIONS if o.keys() <= losses.parameters(name).keys()],
    ids=str,
)
def test_gradient_is_the_finite_difference_with_each_option(name, options):
    loss = losses.build(name, **{**FAST.get(name, {}), **TOPOLOGY.get(name, {}), **options})
    z, y = distinct_logits(3, SHAPES["2D"]), bands(3, SHAPES["2D"])
    y[0, :, :4] = 0
    assert_gradient_is_the_finite_difference(loss, z, y)


@pytest.mark.parametrize("base", [name for name in losses.names() if name != "scnp"])
def test_gradient_of_scnp_over_any_loss_is_the_finite_difference(base):
    """Penalised logits come in equal patches, but each patch has one logit as its source."""
    parameters = {**FAST.get(base, {}), **TOPOLOGY.get(base, {})}
    loss = losses.build("scnp", base=base, joint=True, base_parameters=parameters)
    z, y = distinct_logits(1, SHAPES["2D"]), bands(1, SHAPES["2D"])
    assert_gradient_is_the_finite_difference(loss, z, y)


@pytest.mark.parametrize("window", [3, 5])
def test_gradient_of_scnp_logits(window):
    z = distinct_logits(2, (6, 7))
    y = (torch.arange(7) // 2 % 2).expand(2, 1, 6, 7)
    torch.autograd.gradcheck(lambda x: losses.scnp_logits(x, y, window), z.clone().requires_grad_(), eps=1e-5)
