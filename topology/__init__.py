"""The base layer: skeletons, components, Betti numbers and persistence of 2D and 3D images.

Every function takes numpy arrays or torch tensors and returns the same kind, on the same device. Importing this package
does not import torch: metrics, tables and the evaluation of a run do not need it.
"""

from typing import TYPE_CHECKING, Any

from topology.betti import betti_numbers, euler_number
from topology.component_graphs import critical_regions
from topology.components import count_components, dual_adjacency, label, resolve_adjacency, touching_components
from topology.distances import distances
from topology.matching import BettiMatching, betti_matching
from topology.persistence import PersistencePairs, persistence_pairs
from topology.simple_points import subfield_skeleton, warp
from topology.skeletons import skeletonize

if TYPE_CHECKING:
    from topology.soft_skeletons import soft_skeleton, soft_skeleton_sums

__all__ = [
    "BettiMatching",
    "PersistencePairs",
    "betti_matching",
    "betti_numbers",
    "count_components",
    "critical_regions",
    "distances",
    "dual_adjacency",
    "euler_number",
    "label",
    "persistence_pairs",
    "resolve_adjacency",
    "skeletonize",
    "soft_skeleton",
    "soft_skeleton_sums",
    "subfield_skeleton",
    "touching_components",
    "warp",
]


def __getattr__(name: str) -> Any:
    """Import the one module that needs torch when it is first used."""
    if name in ("soft_skeleton", "soft_skeleton_sums"):
        from topology import soft_skeletons

        return getattr(soft_skeletons, name)
    raise AttributeError(f"module 'topology' has no attribute {name!r}")
