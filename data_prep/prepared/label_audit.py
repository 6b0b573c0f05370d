"""Features of labels in which a pixel decides topology metrics: specks, pinholes, the border, the adjacency."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import topology
from data_prep.prepared.checksums import NAME
from data_prep.prepared.json_files import json_bytes

if TYPE_CHECKING:
    from data_prep.prepared.read import Prepared

TINY = {2: 10, 3: 27}  # pixels or voxels up to which a component is a speck and a hole a pinhole
KINDS = {
    "tiny_components": "components of at most {tiny} pixels",
    "pinholes": "holes (3D: cavities) of at most {tiny} pixels",
    "border_components": "components cut by the image's border",
    "adjacency_matters": "labels whose Betti numbers depend on the adjacency",
}


def audit_label(label: np.ndarray, classes: int) -> dict[str, dict[str, int]]:
    """Count the doubtful features of one label.

    Args:
        label: class indices (H, W) or (D, H, W).
        classes: number of classes, background included.

    Returns:
        {class index: {kind: number}}, kinds as in `KINDS`, only those found; `adjacency_matters` is 1 where the Betti
        numbers with adjacency 8 (26) and 4 (6) differ.
    """
    found = {str(c): _audit_mask(label == c) for c in range(1, classes)}
    return {c: {kind: n for kind, n in counts.items() if n} for c, counts in found.items() if any(counts.values())}


def _audit_mask(mask: np.ndarray) -> dict[str, int]:
    components = topology.label(mask)
    sizes = np.bincount(components.ravel())[1:]
    framed = topology.label(~np.pad(mask, 1), topology.dual_adjacency(topology.resolve_adjacency(None, mask.ndim)))
    holes = np.bincount(framed[framed != framed.flat[0]])[1:]
    inside = np.zeros(mask.shape, bool)
    inside[(slice(1, -1),) * mask.ndim] = True
    full, cross = topology.betti_numbers(mask), topology.betti_numbers(mask, {2: 4, 3: 6}[mask.ndim])
    tiny = TINY[mask.ndim]
    return {
        "tiny_components": int(np.count_nonzero(sizes <= tiny)),
        "pinholes": int(np.count_nonzero((holes > 0) & (holes <= tiny))),
        "border_components": len(set(components[mask & ~inside].tolist())),
        "adjacency_matters": int(full != cross),
    }


def summary(audit: Mapping[str, Mapping[str, Mapping[str, int]]], dims: int) -> list[str]:
    """Return one line for each kind of doubt about a dataset's labels.

    Args:
        audit: {case: {class index: {kind: number}}}.
        dims: 2 or 3.

    Returns:
        Lines for people: what, how often, in how many labels, and the cases with most.
    """
    lines = []
    for kind, text in KINDS.items():
        counts = {case: sum(found.get(kind, 0) for found in classes.values()) for case, classes in audit.items()}
        counts = {case: n for case, n in counts.items() if n}
        if counts:
            most = sorted(counts, key=lambda case: (-counts[case], case))[:3]
            total = sum(counts.values())
            lines.append(f"{text.format(tiny=TINY[dims])}: {total} in {len(counts)} cases, most in {', '.join(most)}")
    return lines


def audit(data: "Prepared") -> dict[str, Any]:
    """Audit all labels of a dataset; for a user's own folder, which has no checksums, write the result into its card.

    Args:
        data: the dataset. One that this suite prepared already has its audit on the card.

    Returns:
        {case: {class index: {kind: number}}}, only cases with findings.
    """
    own = not (data.folder / NAME).exists()  # its labels may have changed since the last audit
    if data.card.label_audit is not None and not own:
        return dict(data.card.label_audit)
    cases = [case for case in data.cases("train") + data.cases("test") if data.has_label(case)]
    found = {case: audit_label(data.label(case), len(data.classes)) for case in cases}
    found = {case: classes for case, classes in found.items() if classes}
    if own:
        _write_card(data.folder / "card.json", {**data.card_content, "label_audit": found})
    return found


def _write_card(path: Path, card: Mapping[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(json_bytes(card))
    os.replace(temporary, path)
