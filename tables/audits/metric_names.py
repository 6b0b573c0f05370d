"""The suite's metric for a name in a table, and the papers' names that are not metrics of the suite."""

from functools import cache
from pathlib import Path

import pandas as pd

import metrics
from registry.nearest import unknown

PUBLISHED = Path(__file__).parents[1] / "published"
# names that tables use for a metric in addition to its slug and its printed name
_ALSO = {"miou": "iou", "jaccard": "iou", "dsc": "dice", "dice_score": "dice", "opt_j_f1": "junction_f1"}


def slug_of(name: str) -> str:
    """Return the slug of the metric that a table calls `name`; "" where the suite has no such metric.

    Args:
        name: slug, printed name, or another usual name; case and spaces are ignored.

    Returns:
        The slug.
    """
    return _names().get(_plain(name), "")


def remark(name: str) -> str:
    """Return a remark on a metric that the audit cannot check; "" for one that it knows."""
    if slug_of(name) or name in _papers_own():
        return ""
    return f"{unknown('metric', name, metrics.names())}; its range and its bounds by other metrics were not checked"


@cache
def _names() -> dict[str, str]:
    titles = {
        "_".join(metrics.entry(slug).title.casefold().replace("-", "_").split()): slug for slug in metrics.names()
    }
    return titles | {slug: slug for slug in metrics.names()} | _ALSO


@cache
def _papers_own() -> frozenset[str]:
    """Return the names of the published numbers, of which some are times, sizes and settings."""
    frames = [pd.read_csv(path, dtype=str) for path in PUBLISHED.glob("*.csv")]
    return frozenset(name for frame in frames if "metric" in frame for name in frame["metric"].dropna())


def _plain(name: str) -> str:
    return "_".join(name.casefold().replace("-", "_").split())
