"""The registry of losses: every file of this folder without an underscore holds one loss or family.

import losses

loss = losses.build("closs", gamma=0.2)      # a torch.nn.Module
value = loss(logits, target)                 # (B, C, *spatial) logits, (B, 1, *spatial) class indices
"""

import importlib
import pkgutil

from losses._checks import NonFiniteLogitsError
from losses._register import Entry, build, critical_pixels, entry, names, parameters, register

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    if not _module.startswith("_"):
        importlib.import_module(f"{__name__}.{_module}")

from losses.scnp import scnp_logits  # noqa: E402  (a public name; its file is imported above)

__all__ = [
    "Entry",
    "NonFiniteLogitsError",
    "build",
    "critical_pixels",
    "entry",
    "names",
    "parameters",
    "register",
    "scnp_logits",
]
