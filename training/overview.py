"""A dataset in numbers: how much of an image is foreground, and its topology."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import ndimage

import data_prep
import topology

if TYPE_CHECKING:
    from data_prep import Prepared


def summary(data: "Prepared") -> pd.DataFrame:
    """Return a description of a dataset, from its card.

    Args:
        data: the dataset.

    Returns:
        Two columns: property and value.
    """
    card = data.card
    groups = {name: len(cases) for name, cases in card.groups.items()}
    rows = {
        "title": card.title,
        "dimensions": data.dims,
        "classes": ", ".join(data.classes),
        "training cases": len(data.cases("train")),
        "test cases": len(data.cases("test")),
        "test groups": ", ".join(f"{name}: {count}" for name, count in groups.items()) or "none",
        "folds": len(data.folds),
        "licence": card.licence,
        "source": card.source,
        "lacks files of the official dataset": "yes" if card.partial else "no",
        "checksum (SHA-256)": data.checksum,
    }
    return pd.DataFrame(rows.items(), columns=["", "value"]).set_index("")


def cases(data: "Prepared", names: Sequence[str]) -> pd.DataFrame:
    """Measure some cases: size, foreground share, thickness and Betti numbers of each foreground class.

    Args:
        data: the dataset.
        names: of the cases.

    Returns:
        A row for each case and class.
    """
    rows = []
    for name in names:
        label = data.label(name)
        for value, title in enumerate(data.classes[1:], start=1):
            mask = label == value
            betti = topology.betti_numbers(mask, data.card.adjacency)
            row = {"case": name, "class": title, "size": " x ".join(map(str, mask.shape))}
            row["foreground share"] = f"{mask.mean():.1%}"
            row["median thickness"] = f"{median_thickness(mask):.1f}"
            rows.append(row | {f"Betti {dim}": number for dim, number in enumerate(betti)})
    return pd.DataFrame(rows).set_index(["case", "class"])


def median_thickness(mask: np.ndarray) -> float:
    """Return the median thickness of a structure: twice the distance from its skeleton to the background, in pixels.

    Args:
        mask: (H, W) or (D, H, W); outside the image is background.

    Returns:
        Pixels (voxels); NaN for an empty mask.
    """
    skeleton = topology.skeletonize(mask)
    if not skeleton.any():
        return float("nan")
    distance = ndimage.distance_transform_edt(np.pad(mask, 1))[(slice(1, -1),) * mask.ndim]
    return 2 * float(np.median(distance[skeleton]))


def doubts(data: "Prepared") -> pd.DataFrame:
    """Return the label audit: features of the labels in which a pixel decides topology metrics.

    Args:
        data: the dataset.

    Returns:
        A row for each kind of doubt; a single row that says so if there is none.
    """
    lines = data_prep.audit_summary(data_prep.audit(data), data.dims)
    return pd.DataFrame({"label audit": lines or ["nothing found"]})
