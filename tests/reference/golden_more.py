"""Reader of the golden values of further topology losses."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "more"  # the one place that says where the values are


@cache
def manifest() -> dict[str, dict[str, Any]]:
    """Cases by their keys; those that are wrong in the reference or depend on its machine are left out."""
    if not GOLDEN.is_dir():
        return {}
    cases = json.loads((GOLDEN / "manifest_more.json").read_text())["cases"]
    return {case["key"]: case for case in cases if case.get("reproduce", True)}


def cases(family: str) -> list[object]:
    """Give the keys of a family's cases as pytest parameters."""
    keys = [key for key, case in manifest().items() if case["family"] == family]
    return keys or [pytest.param("", marks=pytest.mark.skip("sample folder 'golden' is not beside this checkout"))]


@cache
def _values() -> np.lib.npyio.NpzFile:
    return np.load(GOLDEN / "golden_more.npz")


def array(name: str) -> np.ndarray:
    """Return an array by its key and name."""
    return _values()[name]
