"""A mean of counts over n images is a multiple of 1/n (the GRIM test, Brown and Heathers 2017)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from tables.audits.findings import CERTAIN, LIKELY, SUSPICION, Context, Finding, half_unit

_RULE = "means of counts are multiples of 1/n"
# a coincidence must be rarer than this, taking into account all n that were tried
_RARE = 1e-3
_FEWEST = 6
_LARGEST = 3000


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Test the means of each dataset and metric family against the stated n, and look for the n that they fit.

    If a value does not fit the stated n, one of the two is wrong: certain. If all values also fit a much smaller n,
    which would be a rare coincidence if the stated one were true, that is likely the true one; a suspicion where the
    printed decimals cannot tell the two apart.
    """
    if context.samples.empty:
        return []
    found = []
    for (paper, dataset), stated in context.samples.groupby(["paper", "dataset"], sort=False):
        chosen = numbers[(numbers["paper"] == paper) & (numbers["dataset"] == dataset)]
        chosen = chosen[chosen["metric"].isin(stated["metric"])]
        common = _common_n(sorted(set(chosen["printed"])))
        for (n, unit), family in stated.groupby(["n", "unit"], sort=False):
            of_family = chosen[chosen["metric"].isin(family["metric"])]
            printed = sorted(set(of_family["printed"]))
            if printed:
                where = f"{paper}, {dataset}: {', '.join(sorted(set(of_family['metric'])))}"
                found += _judge(where, printed, int(float(str(n))), str(unit), common)
    return found


def fits(printed: Sequence[str], n: int) -> npt.NDArray[np.bool_]:
    """Return which printed means can be a count divided by n, rounded."""
    values = np.array([float(text) for text in printed])
    slack = np.array([half_unit(text) for text in printed]) + 1e-9
    return np.abs(np.rint(values * n) / n - values) <= slack


def _judge(where: str, printed: list[str], n: int, unit: str, common: int) -> list[Finding]:
    misfits = [text for text, ok in zip(printed, fits(printed, n), strict=True) if not ok]
    other = common if common and common % n else 0
    if misfits:
        shown = ", ".join(misfits[:4]) + (", ..." if len(misfits) > 4 else "")
        hint = f"; all of this dataset fit n = {other}" if other else ""
        what = f"{len(misfits)} of {len(printed)} means ({shown}) are no multiples of 1/{n} ({unit}){hint}"
        return [Finding(_RULE, CERTAIN, where, what)]
    if not other:
        return []
    what = f"n = {n} is stated ({unit}), but all means of this dataset are multiples of 1/{other}"
    share, digits = _share_that_fits(printed, n, other)
    if share == 1:
        what += f"; the two cannot be told apart, since every number of {digits} decimals is"
        return [Finding(_RULE, SUSPICION, where, what)]
    by_chance = n * share ** len(printed)
    return [Finding(_RULE, LIKELY, where, what)] if by_chance < _RARE else []


def _share_that_fits(printed: list[str], n: int, other: int) -> tuple[float, int]:
    """Return the share of the means over n images that fit `other`, printed with as many decimals, and the decimals."""
    digits = max(len(text.partition(".")[2]) for text in printed)
    return float(fits([f"{count / n:.{digits}f}" for count in range(n)], other).mean()), digits


def _common_n(printed: list[str]) -> int:
    """Return the n that all values fit and that is least likely to fit by chance; 0 if none is unlikely.

    Multiples of it fit as well, but are more likely to by chance.
    """
    nonzero = [text for text in printed if float(text) > 0]
    if len(nonzero) < _FEWEST:
        return 0
    slack = float(np.mean([half_unit(text) for text in nonzero]))
    candidates = [k for k in range(2, _LARGEST) if 2 * slack * k < 0.9]
    best, rarest = 0, _RARE
    for k in candidates:
        # a value fits by chance with probability 2 * slack * k
        by_chance = len(candidates) * (2 * slack * k) ** len(nonzero)
        if by_chance < rarest and fits(nonzero, k).all():
            best, rarest = k, by_chance
    return best
