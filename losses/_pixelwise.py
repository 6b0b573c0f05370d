"""The shared terms under their former module name, for losses written before they moved to `losses._terms`."""

from losses._terms import (
    count_pixels,
    cross_entropy_loss,
    dice_ce_loss,
    dice_loss,
    dice_ratio,
    masked_mean,
    spatial_axes,
    sum_over,
)

__all__ = [
    "count_pixels",
    "cross_entropy_loss",
    "dice_ce_loss",
    "dice_loss",
    "dice_ratio",
    "masked_mean",
    "spatial_axes",
    "sum_over",
]
