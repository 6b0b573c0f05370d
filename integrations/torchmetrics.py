"""Any metric of the registry as a metric of torchmetrics (`pip install torchmetrics`).

from integrations.torchmetrics import RegisteredMetric

cldice = RegisteredMetric("cldice")
cldice.update(prediction, target)
cldice.compute()
"""

import math
from typing import Any

import torch
from torchmetrics import Metric

import metrics
from integrations._batches import cases, classes


class RegisteredMetric(Metric):
    """A metric of the registry: the mean over the cases of all processes where it is defined.

    A case's value is that of `metrics.evaluate`: the mean over its classes.

    Args:
        name: slug, optionally with parameters (`nsd,tolerance=2`).
        options: of `metrics.evaluate`: adjacency, spacing, region, patch, ...
        **settings: of torchmetrics.

    Raises:
        ValueError: no such metric, or it cannot run here.

    Example:
        >>> import torch
        >>> metric = RegisteredMetric("dice")
        >>> masks = torch.eye(4)[None, None]
        >>> metric(masks, masks)
        tensor(1., dtype=torch.float64)
    """

    is_differentiable = False
    full_state_update = False
    total: torch.Tensor
    defined: torch.Tensor

    def __init__(self, name: str, options: metrics.Options | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        usable, reason = metrics.entry(name).available()
        if not usable:
            raise ValueError(f"metric {name!r} {reason}")
        self.name, self.options = name, options or {}
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("defined", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @property
    def higher_is_better(self) -> bool | None:
        """Return the direction, from the registry; None where the best value lies inside the range."""
        return metrics.entry(self.name).higher_is_better

    def update(self, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch.

        Args:
            prediction: (B, C, *spatial) one-hot, channel 0 the background; or (B, 1, *spatial) class indices.
            target: ground truth, in either form.

        Raises:
            ValueError: batches in neither form.
        """
        options: metrics.Options = {"num_classes": classes(prediction, target), **self.options}
        for b, y in cases(prediction, target):
            value = metrics.evaluate(b, y, [self.name], **options)[self.name]
            if not math.isnan(value):
                self.total += value
                self.defined += 1

    def compute(self) -> torch.Tensor:
        """Return the mean over the cases where the metric is defined; NaN if it is defined in none."""
        return self.total / self.defined
