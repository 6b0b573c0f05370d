"""What the register says of the losses: names, dimensions, and refusals."""

import pytest

import losses


def test_losses_are_for_2d_and_3d_but_for_those_defined_in_2d_alone():
    flat = {"topograph", "topoloss_published"}
    assert {name: losses.entry(name).dims for name in losses.names()} == {
        name: (2,) if name in flat else (2, 3) for name in losses.names()
    }


def test_unknown_loss_comes_with_its_neighbour():
    with pytest.raises(ValueError, match="unknown loss 'closss'; did you mean 'closs'"):
        losses.build("closss")


def test_a_slug_is_taken_once():
    class Copy(losses.entry("dice").cls):
        pass

    Copy.__module__ = __name__
    with pytest.raises(ValueError, match=r"'dice' is registered twice: in .*pixelwise.py and in .*register.py"):
        losses.register("dice", title="Dice again", reference="none")(Copy)
    with pytest.raises(ValueError, match=r"'dice' is registered twice: in .*pixelwise.py and in .*pixelwise.py"):
        losses.register("dice", title="MSE under a wrong name", reference="none")(losses.entry("mse").cls)
    assert losses.entry("dice").title == "Dice"


def test_names_are_the_contract():
    ten = ["dice_ce", "cldice", "compound_cldice", "closs", "thin_closs", "scnp", "thpm", "phpm", "shpm", "topoloss"]
    assert losses.names()[:10] == ten
    others = {"ce", "dice", "bce", "mse", "focal", "tversky", "skeleton_recall", "region_wise", "clce"}
    assert others <= set(losses.names())
