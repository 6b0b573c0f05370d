"""What a loss makes of the ground truth alone can be made before, by a data loader's workers: the same values."""

import pytest
import torch

import losses

MADE_OF_SKELETONS = ("cldice", "compound_cldice", "closs", "thin_closs", "shpm", "skeleton_recall", "clce")
FAST = {"cldice": {"iterations": 3}, "compound_cldice": {"iterations": 3}, "clce": {"iterations": 3}}


def example(spatial: tuple[int, ...], channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    target = torch.zeros(2, 1, *spatial, dtype=torch.long)
    target[..., 2:7, 1:9] = 1
    target[..., 8:10, 3:] = channels - 1 if channels > 2 else 1
    target[0, ..., :2] = 255
    return torch.randn(2, channels, *spatial, generator=torch.Generator().manual_seed(0)), target


def assert_views_change_nothing(loss, logits, target) -> dict[str, torch.Tensor]:
    views = loss.truth_views(target, logits.shape[1])
    assert all(v.dtype == torch.bool and v.shape[2:] == target.shape[2:] for v in views.values())
    plain, prepared = (logits.clone().requires_grad_() for _ in range(2))
    expected, value = loss(plain, target), loss(prepared, target, views)
    expected.backward()
    value.backward()
    assert torch.equal(value, expected)
    assert torch.equal(prepared.grad, plain.grad)
    return views


@pytest.mark.parametrize("name", losses.names())
@pytest.mark.parametrize("spatial", [(12, 14), (4, 12, 11)], ids=["2D", "3D"])
def test_views_made_before_give_the_same_bits(name, spatial):
    if len(spatial) not in losses.entry(name).dims:
        pytest.skip(f"{name} is not defined in {len(spatial)}D")
    for channels in (1, 3):
        loss = losses.build(name, ignore_index=255, **FAST.get(name, {}))
        assert_views_change_nothing(loss, *example(spatial, channels))
    logits, target = example(spatial, 3)
    regions = torch.cat([target, target.roll(2, -1), target * (target == 255)], 1).clamp(0, 255)
    regions[(regions > 1) & (regions < 255)] = 1
    assert_views_change_nothing(
        losses.build(name, ignore_index=255, regions=True, **FAST.get(name, {})), logits, regions
    )


@pytest.mark.parametrize("name", [*MADE_OF_SKELETONS, "scnp"])
def test_views_are_looked_at(name):
    """With other views the value is another."""
    logits, target = example((12, 14), 3)
    parameters = {"base": "thin_closs"} if name == "scnp" else FAST.get(name, {})
    loss = losses.build(name, ignore_index=255, **parameters)
    views = loss.truth_views(target, 3)
    assert views
    empty = {view: torch.zeros_like(pixels) for view, pixels in views.items()}
    assert not torch.equal(loss(logits, target, empty), loss(logits, target))


@pytest.mark.parametrize("name", ["dice_ce", "thpm", "topoloss", "scnp"])
def test_losses_without_skeletons_of_the_ground_truth_have_no_views(name):
    logits, target = example((12, 14), 3)
    assert losses.build(name, ignore_index=255).truth_views(target, 3) == {}


def test_making_views_is_not_the_first_input():
    logits, target = example((12, 14), 1)
    loss = losses.build("closs", ignore_index=255)
    loss.truth_views(target, 1)
    with pytest.warns(UserWarning, match="raw logits"):
        loss(torch.sigmoid(logits), target)
