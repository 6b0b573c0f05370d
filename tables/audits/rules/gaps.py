"""e0-Gt beside e0: gaps inside the ground truth that the number of components does not show."""

import pandas as pd

from tables.audits.findings import ROW, SUSPICION, Context, Finding, describe

# largest plausible ratio of e0-Gt to e0 on the same patches; the other published rows stay below 4
_MOST = 5


def check(numbers: pd.DataFrame, context: Context) -> list[Finding]:
    """Compare e0-Gt = |b0(b and y) - b0(y)| with e0 = |b0(b) - b0(y)| where both are means over the same patches.

    A prediction b with the right number of components that nevertheless falls into many more pieces inside y must
    bridge nearly every gap just outside y. That is possible but improbable: the two metrics may have been measured
    differently. On ContextLoss's HRF, e0-Gt is 2.4 where the masks themselves have 2.1 to 2.8 components in a patch.
    """
    found = []
    for _, row in numbers.groupby(ROW, sort=False, dropna=False):
        by_metric = row.drop_duplicates("metric").set_index("metric")
        if not {"e0_gt", "betti0_error"} <= set(by_metric.index) or not _same_patches(by_metric, context):
            continue
        gaps, components = (str(by_metric["printed"][name]) for name in ("e0_gt", "betti0_error"))
        if float(gaps) > _MOST * float(components):
            what = f"e0-Gt {gaps} is {float(gaps) / float(components):.0f} times e0 {components} on the same patches"
            found.append(Finding("e0-Gt against e0", SUSPICION, describe(row.iloc[0], ("metric",)), what))
    return found


def _same_patches(by_metric: pd.DataFrame, context: Context) -> bool:
    """Return whether the paper takes both means over the same patches."""
    if context.samples.empty:
        return False
    first = by_metric.iloc[0]
    stated = context.samples[
        (context.samples["paper"] == first["paper"]) & (context.samples["dataset"] == first["dataset"])
    ].set_index("metric")["unit"]
    return bool({"e0_gt", "betti0_error"} <= set(stated.index) and stated["e0_gt"] == stated["betti0_error"])
