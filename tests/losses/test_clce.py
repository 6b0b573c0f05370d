"""clCE against its published code, and its two normalisations."""

import numpy as np
import pytest
import torch
from golden import Case, cases, one_channel

import losses
from losses._segmentation import Segmentation
from losses.clce import clce_loss
from topology import soft_skeleton

PUBLISHED = cases("clce", "clce")


def _iterations(case: Case) -> int:
    return case.args["iters"]


def _of_class_1(z: torch.Tensor, target: torch.Tensor, iterations: int, normalize: str, batch: bool) -> torch.Tensor:
    """Compute L_clCE of class 1 alone: the published code has no skeleton for the others."""
    s = Segmentation(z, target[:, 0].long() if z.shape[1] == 1 else target.argmax(1))
    skeletons = (soft_skeleton(field[:, :1], iterations) for field in (s.p, s.y))
    return clce_loss(s, *skeletons, normalize=normalize, batch=batch)


@pytest.mark.parametrize("case", PUBLISHED)
def test_published_value_and_gradient(case: Case):
    z = case.logits()
    value = _of_class_1(z, case.target(), _iterations(case), "all", batch=False)
    case.assert_loss(value)
    (gradient,) = torch.autograd.grad(value, z)
    case.assert_gradient(gradient)


@pytest.mark.parametrize("case", one_channel(PUBLISHED))
def test_default_is_the_published_code(case: Case):
    z = case.logits()
    value = losses.build("clce", iterations=_iterations(case)).topological_term(z, case.target())
    case.assert_loss(value)
    case.assert_gradient(torch.autograd.grad(value, z)[0])


@pytest.mark.parametrize("case", cases("clce", "clce_compound"))
def test_published_compounds(case: Case):
    """Dice + clCE and CE + clCE, as its authors train; several classes differ as stated above."""
    z, y = case.logits(), case.target()
    base = losses.build(case.args["loss1"])(z, y)
    case.assert_loss(base + _of_class_1(z, y, _iterations(case), "all", batch=False))


@pytest.mark.parametrize("case", [c for c in PUBLISHED if "parts" in c.values[0].content])
def test_poster_divides_by_the_skeletons(case: Case):
    """The manifest's four means give the poster's form: each cross-entropy over its skeleton's mass."""
    parts = case.content["parts"]
    ratios = [(parts[f"mean_ce_skeleton_{m}"], parts[f"mean_skeleton_{m}"]) for m in ("y", "p")]
    expected = sum(ce / mass for ce, mass in ratios if mass > 1e-6)
    value = _of_class_1(case.logits(), case.target(), _iterations(case), "skeleton", batch=True)
    np.testing.assert_allclose(value.item(), expected, rtol=2e-5, atol=1e-9)


def test_foreground_everywhere_costs_almost_nothing():
    """The fault that the docstring names."""
    (case,) = (c.values[0] for c in PUBLISHED if c.id == "edge2d_full_pred/clce_k3/f64")
    z, y = case.logits(), case.target()
    assert losses.build("ce")(z, y) > 5
    assert losses.build("clce", iterations=3).topological_term(z, y) < 0.003


def test_several_classes_are_averaged():
    z, y = torch.randn(2, 3, 14, 15, dtype=torch.float64), torch.randint(0, 3, (2, 1, 14, 15))
    s = Segmentation(z, y[:, 0])
    for normalize in ("all", "skeleton"):
        each = [
            clce_loss(s, *(soft_skeleton(field[:, c : c + 1], 2) for field in (s.p, s.y)), normalize, batch=False)
            for c in range(2)
        ]
        term = losses.build("clce", iterations=2, normalize=normalize).topological_term(z, y)
        torch.testing.assert_close(term, sum(each) / 2)


def test_ignored_pixels_do_not_count():
    """The mean over all pixels is that over the pixels that count."""
    torch.manual_seed(0)
    z, y = torch.randn(1, 1, 12, 20, dtype=torch.float64), torch.randint(0, 2, (1, 1, 12, 20))
    y[..., 10:] = 7
    s = Segmentation(z, torch.where(y == 7, 0, y)[:, 0], y != 7)
    total = (s.cross_entropy * (soft_skeleton(s.y, 2) + soft_skeleton(s.p, 2)))[..., :10].sum()
    term = losses.build("clce", iterations=2, ignore_index=7).topological_term(z, y)
    torch.testing.assert_close(term, total / 120)


def test_both_pixel_terms_of_compound_cldice():
    torch.manual_seed(1)
    z, y = torch.randn(2, 1, 18, 19, dtype=torch.float64), torch.randint(0, 2, (2, 1, 18, 19))
    cldice = losses.build("cldice", iterations=4).topological_term(z, y)
    terms = {n: losses.build("clce", iterations=4, normalize=n).topological_term(z, y) for n in ("all", "skeleton")}
    for normalize, expected in (("all", terms["all"]), ("skeleton", terms["skeleton"] / 2)):
        compound = losses.build("compound_cldice", iterations=4, normalize=normalize)
        torch.testing.assert_close(compound.topological_term(z, y), cldice + expected)
    default = losses.build("compound_cldice", iterations=4).topological_term(z, y)
    torch.testing.assert_close(default, cldice + terms["skeleton"] / 2)
