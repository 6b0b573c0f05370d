"""Any metric of the registry as a metric of MONAI.

from integrations.monai import RegisteredMetric

cldice = RegisteredMetric("cldice")
cldice(y_pred=one_hot_prediction, y=one_hot_target)
cldice.aggregate()
"""

from typing import Any, Unpack

import torch
from monai.metrics import CumulativeIterationMetric
from monai.metrics.utils import do_metric_reduction
from monai.utils import MetricReduction

import metrics
from integrations._batches import cases, classes


class RegisteredMetric(CumulativeIterationMetric):
    """A metric of the registry, by case and class; values are gathered over processes as for MONAI's own metrics.

    Args:
        name: slug, optionally with parameters (`nsd,tolerance=2`).
        reduction: MONAI's; "mean" is over the classes of a case and then over the cases, without undefined ones; NaN if
            there are no others.
        get_not_nans: whether `aggregate` also returns how many values were defined.
        **options: of `metrics.evaluate`: adjacency, spacing, region, patch, ...

    Raises:
        ValueError: no such metric, or it cannot run here.

    Example:
        >>> import torch
        >>> metric = RegisteredMetric("dice")
        >>> masks = torch.eye(4)[None, None]
        >>> metric(masks, masks)
        tensor([[1.]], dtype=torch.float64)
        >>> metric.aggregate()
        tensor(1., dtype=torch.float64)
    """

    def __init__(
        self,
        name: str,
        reduction: MetricReduction | str = MetricReduction.MEAN,
        get_not_nans: bool = False,
        **options: Unpack[metrics.Options],
    ) -> None:
        super().__init__()
        usable, reason = metrics.entry(name).available()
        if not usable:
            raise ValueError(f"metric {name!r} {reason}")
        self.name, self.reduction, self.get_not_nans, self.options = name, reduction, get_not_nans, options

    def _compute_tensor(self, y_pred: torch.Tensor, y: torch.Tensor | None = None, **kwargs: Any) -> torch.Tensor:
        """Compute the values of a batch.

        Args:
            y_pred: (B, C, *spatial) one-hot, channel 0 the background; or (B, 1, *spatial) class indices.
            y: ground truth, in either form.
            **kwargs: none.

        Returns:
            (B, C - 1), a value for each class, NaN where it is undefined; for class indices (B, 1), the mean over the
            classes of the case.

        Raises:
            ValueError: no ground truth, or batches in neither form.
        """
        if y is None:
            raise ValueError(f"metric {self.name!r} needs the ground truth `y`")
        number = self.options.get("num_classes") or classes(y_pred, y)
        options: metrics.Options = {**self.options, "num_classes": number}
        measured = [metrics.measure(b, true, [self.name], **options) for b, true in cases(y_pred, y)]
        columns = [None] if classes(y_pred, y) is None else list(range(1, number or 2))
        values = [[found.mean(self.name, label) for label in columns] for found in measured]
        return torch.tensor(values, dtype=torch.float64, device=y_pred.device)

    def aggregate(self, reduction: MetricReduction | str | None = None) -> Any:
        """Reduce what all processes have gathered.

        Args:
            reduction: overrides the metric's own.

        Returns:
            The value; with `get_not_nans` also the number of defined values (of cases, for "mean").

        Raises:
            ValueError: nothing has been computed.
        """
        data = self.get_buffer()
        if not isinstance(data, torch.Tensor):
            raise ValueError(f"metric {self.name!r} has no values yet; call it on batches first")
        if MetricReduction(reduction or self.reduction) == MetricReduction.MEAN:
            # MONAI's own rounds to single precision, and returns 0 where nothing is defined
            by_case = data.nanmean(dim=1)
            value, defined = by_case.nanmean(), (~by_case.isnan()).sum()
        else:
            value, defined = do_metric_reduction(data, reduction or self.reduction)
        return (value, defined) if self.get_not_nans else value
