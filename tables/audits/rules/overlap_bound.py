"""The bounds that mean Dice sets for mean IoU: D / (2 - D) <= IoU <= D.

IoU = D / (2 - D) of each image is convex in D and never above it, so the mean IoU of some images is at least that of
their mean Dice (Jensen), and at most their mean Dice.
"""

import pandas as pd

from tables.audits.findings import CERTAIN, ROW, Context, Finding, describe, half_unit, whole

_RULE = "mean IoU against mean Dice"


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Compare mean IoU with its bounds from mean Dice, up to rounding.

    If both are averages over the same images, and IoU is that of the foreground, a mean IoU outside is impossible.
    """
    found = []
    for _, row in numbers.groupby(ROW, sort=False, dropna=False):
        by_metric = row.drop_duplicates("slug").set_index("slug", drop=False)
        if {"dice", "iou"} <= set(by_metric.index) and (what := _outside(by_metric)):
            found.append(Finding(_RULE, CERTAIN, describe(row.iloc[0], ("metric",)), what))
    return found


def _outside(by_metric: pd.DataFrame) -> str:
    """Return what is wrong with the mean IoU of a row; "" for nothing."""
    dice, iou = str(by_metric["printed"]["dice"]), str(by_metric["printed"]["iou"])
    unit = whole(by_metric.loc[["dice", "iou"]])
    least, most = ((float(dice) + sign * half_unit(dice)) / unit for sign in (-1, 1))
    lowest, highest = ((float(iou) + sign * half_unit(iou)) / unit for sign in (-1, 1))
    printed = f"mean IoU {iou} with mean Dice {dice}"
    if highest < least / (2 - least) - 1e-9:
        return f"{printed}, which allows no less than {least / (2 - least) * unit:.4f}"
    if lowest > most + 1e-9 and most <= 1:
        return f"{printed}, which allows no more than {most * unit:.4f}"
    return ""
