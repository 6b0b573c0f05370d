"""Fixtures that several rooms need."""

import os
from pathlib import Path

import pytest

# fixtures that the tests of several rooms take
pytest_plugins = ["fixtures.finished_runs", "fixtures.scored_masks", "fixtures.tiny_dataset"]

ROOT = Path(__file__).parents[1]


def _shared(name: str) -> Path:
    folder = Path(os.environ.get("SHARED", ROOT.parent / "shared")) / name
    if not folder.is_dir():
        pytest.skip(f"sample folder {folder.name!r} is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of small real datasets in their official layouts; tests that need it skip where it is missing."""
    return _shared("data")
