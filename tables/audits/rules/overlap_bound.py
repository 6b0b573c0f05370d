"""IoU = D / (2 - D) is convex, so the mean IoU of some images is at least that of their mean Dice."""

import pandas as pd

from tables.audits.findings import CERTAIN, ROW, Context, Finding, describe, half_unit


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Compare mean IoU with the bound from mean Dice (Jensen), up to rounding.

    Where both are averages over the same images, and IoU is that of the foreground, a lower mean IoU is impossible.
    """
    found = []
    for _, row in numbers.groupby(ROW, sort=False, dropna=False):
        by_metric = row.drop_duplicates("metric").set_index("metric")
        if not {"dice", "miou"} <= set(by_metric.index):
            continue
        dice, iou = str(by_metric["printed"]["dice"]), str(by_metric["printed"]["miou"])
        unit = 100.0 if by_metric["unit"]["dice"] == "percent" else 1.0
        lowest = (float(dice) - half_unit(dice)) / unit
        bound = lowest / (2 - lowest)
        highest = (float(iou) + half_unit(iou)) / unit
        if highest < bound - 1e-9:
            limit = f"which allows no less than {bound * unit:.4f}"
            what = f"mean IoU {iou} with mean Dice {dice}, {limit}"
            found.append(Finding("mean IoU against mean Dice", CERTAIN, describe(row.iloc[0], ("metric",)), what))
    return found
