"""Command line: python -m metrics score PREDICTIONS GROUND_TRUTH; see docs/scoring.md.

This is a door and nothing else. Files, statistics and tables belong to rooms above this one, which `metrics` must not
import; but people look for the command where the metrics are. So the room is looked up by name, when the command runs:
`import metrics` knows nothing of it.
"""

import importlib
import sys

if __name__ == "__main__":
    _house = (__package__ or "").removesuffix("metrics")  # the rooms lie side by side, in a wheel inside one package
    sys.exit(importlib.import_module(f"{_house}tables.scores.command").main())
