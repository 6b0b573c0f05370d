"""Every loss refuses wrong input and wrong parameters, and says what was wrong."""

import pytest
import torch
from contract.test_losses_contract import build, every_loss, one_hot, tube

import losses

# lowest and highest value, and whether they are allowed themselves
RANGES = {
    "gamma": (0.0, 1.0, "[]"), "weight": (0.0, None, "[]"), "smooth": (0.0, None, "()"),
    "skeleton_smooth": (0.0, None, "()"), "threshold": (0.0, 1.0, "()"), "persistence_threshold": (0.0, 1.0, "[)"),
    "focusing": (0.0, None, "[]"), "alpha": (0.0, None, "[]"), "beta": (0.0, None, "[]"),
    "matched_weight": (0.0, None, "[]"), "unmatched_weight": (0.0, None, "[]"),
    "iterations": (0, None, "[]"), "patch": (1, None, "[]"), "window": (1, None, "[]"),
}  # fmt: skip
CONTEXT = {"gamma": (0.0, 0.5, "[]")}  # ContextLoss A.10


@every_loss
def test_wrong_input_is_refused(name):
    loss = build(name, check_finite=True)
    z, y = tube((6, 7), 2)
    wrong = [
        (z.numpy(), y, TypeError, "`input` must be a torch.Tensor"),
        (z.long(), y, TypeError, "`input` must hold floating point logits"),
        (z, y + 0j, TypeError, "`target`"),
        (z[0], y, ValueError, r"`input` must have shape \(B, C, H, W\)"),
        (z[..., None, None], y, ValueError, r"`input` must have shape"),
        (z[:, :, :0], y[:, :, :0], ValueError, "`input` must not be empty"),
        (z, y[:, 0], ValueError, r"`target` must have shape \(2, 1, 6, 7\) or \(2, 2, 6, 7\)"),
        (z, y[..., :3], ValueError, "`target` must have shape"),
        (z, y + 1, ValueError, "class indices 0 to 1, got values from 1 to 2"),
        (z, y - 1, ValueError, "class indices 0 to 1, got values from -1"),
        (z, y + 0.5, ValueError, "whole class indices"),
        (z, one_hot(y, 2) * 2, ValueError, "only 0 and 1"),
        (z, one_hot(y, 2) * 0, ValueError, "exactly one class"),
        (z * torch.nan, y, ValueError, "must be finite"),
        (z, y.to("meta"), ValueError, "must be on the device"),
    ]
    for logits, target, error, message in wrong:
        with pytest.raises(error, match=message):
            loss(logits, target)


@every_loss
def test_wrong_parameters_are_refused(name):
    wrong = [
        ("smooth", 0, ValueError),
        ("smooth", "1", TypeError),
        ("include_background", None, TypeError),
        ("batch", 1, TypeError),
        ("regions", None, TypeError),
        ("ignore_index", 2.0, TypeError),
        ("check_finite", "yes", TypeError),
    ]
    for parameter, value, error in wrong:
        message = f"`{parameter}` must" if parameter in losses.parameters(name) else f"no parameter '{parameter}'"
        with pytest.raises(error if parameter in losses.parameters(name) else ValueError, match=message):
            losses.build(name, **{parameter: value})
    with pytest.raises(ValueError, match="has no parameter 'gama'.*there are: "):
        losses.build(name, gama=0.2)


@pytest.mark.parametrize(
    ("name", "parameters", "error"),
    [
        ("closs", {"gamma": 0.7}, ValueError),
        ("thin_closs", {"pixel": "ce"}, ValueError),
        ("closs", {"normalize": "skeleton"}, ValueError),
        ("clce", {"normalize": "mask"}, ValueError),
        ("compound_cldice", {"normalize": None}, ValueError),
        ("phpm", {"mean": "both"}, ValueError),
        ("cldice", {"gamma": 1.5}, ValueError),
        ("cldice", {"iterations": 2.5}, TypeError),
        ("cldice", {"iterations": -1}, ValueError),
        ("cldice", {"skeleton": "hard"}, ValueError),
        ("cbdice", {"weight": -1.0}, ValueError),
        ("clmdice", {"skeleton_smooth": 0}, ValueError),
        ("topograph", {"aggregation": "median"}, ValueError),
        ("topograph", {"adjacency": 6}, ValueError),
        ("warping", {"weight": float("inf")}, ValueError),
        ("compound_cldice", {"skeleton_smooth": 0}, ValueError),
        ("scnp", {"window": 4}, ValueError),
        ("scnp", {"base": "scnp"}, ValueError),
        ("scnp", {"base": "clDice"}, ValueError),
        ("scnp", {"base_parameters": {"gamma": 1}}, ValueError),
        ("scnp", {"base_parameters": {"ignore_index": 1}}, ValueError),
        ("scnp", {"base_parameters": {"regions": True}}, ValueError),
        ("scnp", {"base_parameters": ["smooth"]}, TypeError),
        ("scnp", {"base": "ce", "smooth": 1.0}, ValueError),
        ("scnp", {"base": "ce", "include_background": True}, ValueError),
        ("thpm", {"threshold": 1.0}, ValueError),
        ("shpm", {"weight": -1}, ValueError),
        ("phpm", {"dims": (0, 0)}, ValueError),
        ("phpm", {"dims": 1}, TypeError),
        ("topoloss", {"patch": 0}, ValueError),
        ("topoloss", {"dims": None}, TypeError),
        ("topoloss", {"persistence_threshold": 1.0}, ValueError),
        ("betti_matching", {"filtration": "upwards"}, ValueError),
        ("betti_matching", {"adjacency": 5}, ValueError),
        ("betti_matching", {"patch": 0}, ValueError),
        ("betti_matching", {"dims": (3,)}, ValueError),
        ("betti_matching", {"push_unmatched": 1}, TypeError),
        ("betti_matching", {"unmatched_weight": -1.0}, ValueError),
        ("focal", {"focusing": -1}, ValueError),
        ("region_wise", {"spacing": (1, 0)}, ValueError),
        ("skeleton_recall", {"weight": float("nan")}, ValueError),
    ],
)
def test_values_out_of_range_are_refused(name, parameters, error):
    with pytest.raises(error):
        losses.build(name, **parameters)


@every_loss
def test_ranges_end_where_they_should(name):
    ranges = RANGES | (CONTEXT if name in ("closs", "thin_closs") else {})
    for parameter in ranges.keys() & losses.parameters(name).keys():
        *ends, interval = ranges[parameter]
        for end, bracket, beyond in zip(ends, interval, (-1, 1), strict=True):
            if end is None:
                continue
            step = beyond if isinstance(end, int) else 1e-9 * beyond
            allowed, refused = (end, end + step) if bracket in "[]" else (end - step, end)
            losses.build(name, **{parameter: allowed})
            with pytest.raises(ValueError, match=f"`{parameter}` must"):
                losses.build(name, **{parameter: refused})


def test_a_dimension_that_the_image_lacks_is_refused():
    z, y = tube((6, 7), 1)
    for name in ("phpm", "topoloss", "betti_matching"):
        with pytest.raises(ValueError, match="`dims` must lie in 0 to 1 for a 2D image"):
            losses.build(name, dims=(2,))(z, y)
