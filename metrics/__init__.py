"""The registry of metrics: every file of this folder without an underscore holds one family.

    import metrics

    values = metrics.evaluate(prediction, target, ["dice", "cldice", "betti0_error"])

Imports numpy and the base layer only; heavier packages are imported by the metrics that need them.
"""

import importlib
import pkgutil

from metrics._evaluate import Options, describe_region, evaluate, explain, measure
from metrics._measured import Measured
from metrics._register import Entry, Undefined, entry, names, register

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    if not _module.startswith("_"):
        importlib.import_module(f"{__name__}.{_module}")

__all__ = [
    "Entry",
    "Measured",
    "Options",
    "Undefined",
    "describe_region",
    "entry",
    "evaluate",
    "explain",
    "measure",
    "names",
    "register",
]
