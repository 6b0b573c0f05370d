"""CLoss and Thin CLoss against a plain version of their formula, with both normalisations of the cross-entropy."""

import numpy as np
import pytest
import torch

import losses


def _plain(p: np.ndarray, y: np.ndarray, mask: np.ndarray, gamma: float, number: int) -> float:
    """Compute the whole loss of one image with one class; `number` is what the cross-entropy on M is divided by."""
    ce = -np.where(y, np.log(p), np.log1p(-p))

    def dice(p: np.ndarray, y: np.ndarray) -> float:
        return 1 - (2 * (p * y).sum() + 1e-5) / (p.sum() + y.sum() + 1e-5)

    base, restricted = dice(p, y) + ce.mean(), dice(p * mask, y & mask) + ce[mask].sum() / max(number, 1)
    return (1 - gamma) * base + gamma * restricted


def _example() -> tuple[torch.Tensor, torch.Tensor]:
    """Give a tube with a gap and a false branch, and a second image without errors."""
    y = torch.zeros(2, 1, 24, 30, dtype=torch.long)
    y[:, :, 8:13, 2:28] = 1
    logits = torch.where(y == 1, 3.0, -3.0).double() + 0.3 * torch.randn(y.shape, dtype=torch.float64).clamp(-2, 2)
    logits[0, 0, 8:13, 14:18] = -2.0
    logits[0, 0, 15:18, 3:15] = 2.5
    return logits, y


@pytest.mark.parametrize("name", ["closs", "thin_closs"])
@pytest.mark.parametrize("normalize", ["all", "mask"])
def test_value_is_that_of_the_formula(name, normalize):
    torch.manual_seed(0)
    z, y = _example()
    p, truth = torch.sigmoid(z)[:, 0].numpy(), y[:, 0].numpy() == 1
    masks = losses.critical_pixels(name, z, y)[:, 0].numpy()
    assert masks[0].any()
    assert not masks[1].any()
    numbers = [mask.size if normalize == "all" else mask.sum() for mask in masks]
    expected = [_plain(*image, 0.3, n) for *image, n in zip(p, truth, masks, numbers, strict=True)]
    loss = losses.build(name, gamma=0.3, normalize=normalize)
    np.testing.assert_allclose(loss(z, y), np.mean(expected), rtol=1e-12)


@pytest.mark.parametrize("name", ["closs", "thin_closs"])
def test_the_default_divides_by_all_pixels(name):
    torch.manual_seed(0)
    z, y = _example()
    assert losses.build(name)(z, y) == losses.build(name, normalize="all")(z, y)
    assert losses.build(name)(z, y) < losses.build(name, normalize="mask")(z, y)


@pytest.mark.parametrize("normalize", ["all", "mask"])
def test_ignored_pixels_do_not_count(normalize):
    """An ignored half changes the number of pixels that the cross-entropy is divided by, not its sum."""
    torch.manual_seed(0)
    z, y = _example()
    blank = torch.full_like(y, 9)
    wide_z, wide_y = torch.cat([z, torch.randn_like(z)], 3), torch.cat([y, blank], 3)
    loss = losses.build("thin_closs", normalize=normalize, ignore_index=9)
    torch.testing.assert_close(loss(wide_z, wide_y), losses.build("thin_closs", normalize=normalize)(z, y))


def test_several_classes_share_the_cross_entropy_of_all_channels():
    torch.manual_seed(2)
    z, y = torch.randn(1, 3, 16, 17, dtype=torch.float64), torch.randint(0, 3, (1, 1, 16, 17))
    loss = losses.build("closs", smooth=1e-5)
    mask = losses.critical_pixels("closs", z, y)[:, 1:]
    ce = torch.nn.functional.cross_entropy(z, y[:, 0], reduction="none")[:, None]
    p, one_hot = torch.softmax(z, 1)[:, 1:] * mask, torch.cat([y == 1, y == 2], 1) & mask
    total = p.sum((2, 3)) + one_hot.sum((2, 3))
    dice = 1 - (2 * (p * one_hot).sum((2, 3)) + 1e-5) / (total + 1e-5)
    torch.testing.assert_close(loss.topological_term(z, y), dice.mean() + (ce * mask).mean())
