"""How losses are put together: Dice and cross-entropy, computed here by plain torch, and the term with its weight."""

import pytest
import torch
import torch.nn.functional as F
from contract.test_losses_contract import needs, tube

import losses

SHAPES = [((9, 10), 1), ((9, 10), 3), ((4, 6, 7), 1), ((4, 6, 7), 3)]
ADDED = [name for name in losses.names() if "weight" in losses.parameters(name)]
MIXED = [name for name in losses.names() if "gamma" in losses.parameters(name)]
# whose terms see nothing but each class's probability
OF_EACH_CLASS = [
    "cldice", "thpm", "shpm", "phpm", "phpm_published", "topoloss", "topoloss_published", "betti_matching",
]  # fmt: skip
WEIGHT, GAMMA = 0.7, 0.3


def dice(logits, target, smooth):
    """Soft Dice of each sample and foreground class, one minus, averaged."""
    channels = logits.shape[1]
    p = torch.sigmoid(logits) if channels == 1 else torch.softmax(logits, 1)[:, 1:]
    y = torch.cat([target == number for number in range(1, max(2, channels))], 1).to(p)
    axes = tuple(range(2, p.ndim))
    return (1 - (2 * (p * y).sum(axes) + smooth) / (p.sum(axes) + y.sum(axes) + smooth)).mean()


def cross_entropy(logits, target):
    """Mean over all pixels."""
    if logits.shape[1] == 1:
        return F.binary_cross_entropy_with_logits(logits, target.to(logits))
    return F.cross_entropy(logits, target[:, 0])


def example(name, spatial, channels):
    """Return logits in double precision and a target in which every term finds something."""
    needs(name, len(spatial))
    logits, target = tube(spatial, channels)
    return logits.double() * 2, target


@pytest.mark.parametrize(("spatial", "channels"), SHAPES, ids=str)
@pytest.mark.parametrize("name", ADDED)
def test_term_is_added_to_dice_and_cross_entropy(name, spatial, channels):
    logits, target = example(name, spatial, channels)
    loss = losses.build(name, weight=WEIGHT)
    base = dice(logits, target, loss.smooth) + cross_entropy(logits, target)
    term = loss.topological_term(logits, target)
    assert term > 0
    torch.testing.assert_close(loss(logits, target), base + WEIGHT * term)


@pytest.mark.parametrize(("spatial", "channels"), SHAPES, ids=str)
@pytest.mark.parametrize("name", MIXED)
def test_term_is_mixed_with_the_pixel_wise_loss(name, spatial, channels):
    logits, target = example(name, spatial, channels)
    loss = losses.build(name, gamma=GAMMA)
    base = dice(logits, target, loss.smooth)
    base = base if name == "cldice" else base + cross_entropy(logits, target)
    term = loss.topological_term(logits, target)
    assert term > 0
    torch.testing.assert_close(loss(logits, target), (1 - GAMMA) * base + GAMMA * term)


@pytest.mark.parametrize("name", ["closs", "thin_closs"])
def test_closs_with_dice_alone(name):
    logits, target = example(name, (9, 10), 1)
    loss = losses.build(name, gamma=GAMMA, pixel="dice")
    value = (1 - GAMMA) * dice(logits, target, loss.smooth) + GAMMA * loss.topological_term(logits, target)
    torch.testing.assert_close(loss(logits, target), value)


@pytest.mark.parametrize(("spatial", "channels"), SHAPES, ids=str)
def test_scnp_is_dice_and_cross_entropy_of_the_changed_logits(spatial, channels):
    logits, target = example("scnp", spatial, channels)
    changed = losses.scnp_logits(logits, target, window=3)
    assert (changed != logits).any()
    value = dice(changed, target, 1e-5) + cross_entropy(changed, target)
    torch.testing.assert_close(losses.build("scnp", smooth=1e-5)(logits, target), value)


@pytest.mark.parametrize("spatial", [(9, 10), (4, 6, 7)], ids=str)
@pytest.mark.parametrize("name", OF_EACH_CLASS)
def test_term_of_several_classes_is_the_mean_of_each_against_the_rest(name, spatial):
    logits, target = example(name, spatial, 3)
    loss = losses.build(name)
    singles = []
    for number in (1, 2):
        rest = torch.cat([logits[:, :number], logits[:, number + 1 :]], 1).logsumexp(1, keepdim=True)
        singles.append(loss.topological_term(logits[:, number : number + 1] - rest, (target == number).long()))
    assert singles[0] != singles[1]
    torch.testing.assert_close(loss.topological_term(logits, target), torch.stack(singles).mean())
