"""The collection "more" by the keys of its cases and arrays, for tests that ask for few of a case's arrays."""

from functools import cache
from typing import Any

import numpy as np

from golden import HERE, Case
from golden import manifest as packed_manifest
from golden.packed import read


@cache
def manifest() -> dict[str, dict[str, Any]]:
    """Return the cases by their keys, without those that are wrong in the reference or depend on its machine."""
    found = [Case("more", content) for content in packed_manifest("more")["cases"]]
    return {
        case.key: case.content | {"args": case.args, "tolerance": case.tolerance, "arrays": case.names}
        for case in found
        if case.content.get("reproduce", True)
    }


def cases(*families: str, holding: str = "") -> list[str]:
    """Return the keys of the families' cases, those that hold a text."""
    return [key for key, case in manifest().items() if case["family"] in families and holding in key]


@cache
def _values() -> dict[str, np.ndarray]:
    return read(HERE / "more.npz")


def array(name: str) -> np.ndarray:
    """Return an array by its key and name."""
    return _values()[name]
