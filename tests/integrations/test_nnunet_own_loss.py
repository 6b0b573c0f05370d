"""The trainer of Dice&CE has nnU-Net's own loss, but for the constant 1 (its Dice is negative, ours one minus it)."""

import numpy as np
import pytest
import torch
from fixtures.nnunet_examples import classes, regions, value_and_gradient

from integrations.nnunet.loss import DeepSupervision, NNUNetLoss, Problem, scale_weights

pytest.importorskip("nnunetv2", reason="nnU-Net is not installed: .ci/nnunet makes an environment that has it")

from nnunetv2.training.loss.compound_losses import DC_and_BCE_loss, DC_and_CE_loss
from nnunetv2.training.loss.deep_supervision import DeepSupervisionWrapper
from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss

SIX_DIGITS = {"rtol": 0, "atol": 1e-6}


def nnunets_own(problem: Problem) -> torch.nn.Module:
    """As nnUNetTrainer._build_loss has it."""
    dice = {"batch_dice": problem.batch_dice, "smooth": 1e-5, "ddp": False}
    if problem.regions:
        ignores = problem.ignore_label is not None
        return DC_and_BCE_loss(
            {}, {**dice, "do_bg": True}, use_ignore_label=ignores, dice_class=MemoryEfficientSoftDiceLoss
        )
    return DC_and_CE_loss(
        {**dice, "do_bg": False}, {}, ignore_label=problem.ignore_label, dice_class=MemoryEfficientSoftDiceLoss
    )


@pytest.mark.parametrize("batch_dice", [False, True], ids=["samples", "batch"])
@pytest.mark.parametrize("ignores", [False, True], ids=["all", "ignored"])
@pytest.mark.parametrize("make", [classes, regions])
@pytest.mark.parametrize("dims", [2, 3])
def test_value_and_gradient_are_nnunets(dims, make, ignores, batch_dice):
    logits, target = make(dims, ignores)
    problem = Problem(logits.shape[1], dims, make is regions, 3 if ignores else None, batch_dice)
    value, gradient = value_and_gradient(NNUNetLoss("dice_ce", {}, problem), logits, target)
    its_value, its_gradient = value_and_gradient(nnunets_own(problem), logits, target)
    torch.testing.assert_close(value, its_value + 1, **SIX_DIGITS)
    torch.testing.assert_close(gradient, its_gradient, **SIX_DIGITS)


def test_all_ignored_is_the_constant():
    logits, target = classes(2, ignore=True)
    target = torch.full_like(target, 3)
    problem = Problem(3, 2, ignore_label=3, batch_dice=True)
    value, gradient = value_and_gradient(NNUNetLoss("dice_ce", {}, problem), logits, target)
    its_value, its_gradient = value_and_gradient(nnunets_own(problem), logits, target)
    torch.testing.assert_close(value, its_value + 1, **SIX_DIGITS)
    torch.testing.assert_close(gradient, its_gradient, **SIX_DIGITS)


@pytest.mark.parametrize("keep_last", [False, True])
def test_deep_supervision_is_nnunets(keep_last):
    logits, target = classes(2)
    outputs = [logits, logits[..., ::2, ::2], logits[..., ::4, ::4]]
    targets = [target, target[..., ::2, ::2], target[..., ::4, ::4]]
    problem = Problem(3, 2, batch_dice=True)
    weights = np.array([1, 0.5, 1e-6 if keep_last else 0])
    weights = weights / weights.sum()
    ours = DeepSupervision([NNUNetLoss("dice_ce", {}, problem)] * 3, scale_weights(3, keep_last))
    theirs = DeepSupervisionWrapper(nnunets_own(problem), weights)
    torch.testing.assert_close(ours(outputs, targets), theirs(outputs, targets) + 1, **SIX_DIGITS)
