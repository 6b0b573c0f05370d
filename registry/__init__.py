"""Registries of losses, metrics, datasets and networks, and the wording of an unknown name."""

from registry.nearest import instead, unknown
from registry.packages import availability
from registry.registry import Registry

__all__ = ["Registry", "availability", "instead", "unknown"]
