"""Networks by name and size, one file for each family; a network is a function whose keyword parameters are the sizes.

MONAI's networks normalise each instance, since batches are small; all are fully convolutional and end in one logit per
class.
"""

import importlib
import pkgutil

from training.networks._build import build, check_patch, divisor, entry, names, resolve

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    if not _module.startswith("_"):
        importlib.import_module(f"{__name__}.{_module}")

__all__ = ["build", "check_patch", "divisor", "entry", "names", "resolve"]
