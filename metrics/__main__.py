"""Command line: python -m metrics score PREDICTIONS GROUND_TRUTH; see docs/scoring.md.

This is only an entry point. Files, statistics and tables belong to packages above this one, which `metrics` must not
import; but users look for the command where the metrics are. So the package is looked up by name when the command runs:
`import metrics` does not depend on it.
"""

import importlib
import sys

if __name__ == "__main__":
    _house = (__package__ or "").removesuffix("metrics")  # the packages lie side by side, in a wheel inside one package
    sys.exit(importlib.import_module(f"{_house}tables.scores.command").main())
