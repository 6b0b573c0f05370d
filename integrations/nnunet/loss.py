"""A loss of the registry in nnU-Net's terms: its targets, its ignore label, its batch Dice, its deep supervision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

import losses
from integrations.nnunet.gather import gather

_IGNORED = 255  # with regions, for which nnU-Net has a separate channel of ignored pixels
# values that remove a loss's term; scnp with a window of one pixel is its base loss
_WITHOUT_TERM = ({"window": 1, "joint": False}, {"gamma": 0.0}, {"weight": 0.0})


@dataclass(frozen=True)
class Problem:
    """What nnU-Net knows about the dataset and the plans.

    Args:
        channels: of the network's output.
        dims: of the patches, 2 or 3.
        regions: whether the labels are regions that may overlap (sigmoid), not classes (softmax).
        ignore_label: of the dataset, None where it has none.
        batch_dice: one Dice ratio over the batch, as the plans say.
        distributed: whether the batch is spread over several processes.
    """

    channels: int
    dims: int
    regions: bool = False
    ignore_label: int | None = None
    batch_dice: bool = False
    distributed: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Return the corresponding parameters, which every loss has."""
        ignored = None if self.ignore_label is None else _IGNORED if self.regions else self.ignore_label
        return {"regions": self.regions, "ignore_index": ignored}


class NNUNetLoss(nn.Module):
    """A loss of the registry that takes nnU-Net's targets.

    `dice_ce` is averaged like nnU-Net's own loss, so that the two differ only by the constant 1 on any dataset: the
    cross-entropy is a mean over all pixels of the batch that count, on each GPU separately (with regions and an ignore
    label, the sum of these means over the regions), and `batch_dice` affects Dice only. In the other losses `batch`
    affects every term, and with several GPUs the whole loss is that of the gathered batch.

    Args:
        slug: of the loss.
        parameters: of the loss; `batch` is `problem.batch_dice` unless given.
        problem: the dataset and the plans.

    Raises:
        ValueError: the loss does not support the dimension; or see `losses.build`.
        TypeError: see `losses.build`.
    """

    def __init__(self, slug: str, parameters: Mapping[str, Any], problem: Problem) -> None:
        super().__init__()
        known = losses.entry(slug).dims
        if problem.dims not in known:
            raise ValueError(
                f"loss {slug!r} is for {_dimensions(known)} images, this configuration has {problem.dims}D"
            )
        given = {"batch": problem.batch_dice, **parameters, **problem.options}
        self.problem = problem
        self.distributed = problem.distributed and given["batch"]
        self.cross_entropy: nn.Module | None = None
        self.factor = 1
        if slug == "dice_ce":
            slug = "dice"
            self.cross_entropy = losses.build("ce", **problem.options, batch=True)
            self.factor = problem.channels if problem.regions and problem.ignore_label is not None else 1
        self.loss = losses.build(slug, **given)
        self.views = {name: view.shape[1] for name, view in self._views_of_nothing().items()}

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Compute the loss.

        Args:
            output: the network's, raw logits (B, channels, *spatial).
            target: nnU-Net's, (B, 1, *spatial) class indices, or bool (B, regions, *spatial), then a channel of ignored
                pixels where the dataset has an ignore label; after these, the channels of `with_views`.

        Returns:
            Scalar.
        """
        target, views = self._split(target)
        of_pixels = 0 if self.cross_entropy is None else self.factor * self.cross_entropy(output, target)
        if self.distributed:
            output, target = gather(output), gather(target)
            views = {name: gather(view) for name, view in views.items()}
        return self.loss(output, target, views) + of_pixels

    def with_views(self, target: torch.Tensor) -> torch.Tensor:
        """Append to a target what the loss computes from it alone (its skeletons), for a data loader's workers.

        Args:
            target: nnU-Net's, see `forward`.

        Returns:
            The target with `sum(self.views.values())` more channels, same dtype.
        """
        views = self.loss.truth_views(self._split(target)[0], self.problem.channels)
        return torch.cat([target, *(view.to(target.dtype) for view in views.values())], 1)

    def _split(self, target: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Separate a target, in the form that the losses take, from the views appended to it."""
        count = self.problem.channels if self.problem.regions else 1
        own = count + (self.problem.regions and self.problem.ignore_label is not None)
        views = {}
        if target.shape[1] > own:
            parts = target[:, own:].bool().split(list(self.views.values()), 1)
            views = dict(zip(self.views, parts, strict=True))
        if own == count:
            return target[:, :own], views
        regions, ignored = target[:, :count].to(torch.uint8), target[:, count:own].bool()
        return torch.where(ignored, _IGNORED, regions), views

    def _views_of_nothing(self) -> dict[str, torch.Tensor]:
        channels = self.problem.channels if self.problem.regions else 1
        nothing = torch.zeros(1, channels, *(4,) * self.problem.dims, dtype=torch.uint8)
        return self.loss.truth_views(nothing, self.problem.channels)


def without_term(slug: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with which a loss has no term.

    Args:
        slug: of the loss.
        parameters: of the loss.

    Returns:
        The parameters, with those that weight the term replaced.

    Raises:
        ValueError: the loss has no term.
    """
    known = losses.parameters(slug)
    for nothing in _WITHOUT_TERM:
        if nothing.keys() <= known.keys():
            return {**parameters, **nothing}
    raise ValueError(f"`full_resolution_term` is for losses that add a term to another loss; {slug!r} has none")


class DeepSupervision(nn.Module):
    """The weighted sum over the scales of nnU-Net's outputs, each with its own loss; a weight of 0 leaves one out."""

    def __init__(self, of_scales: Sequence[nn.Module], weights: Sequence[float]) -> None:
        super().__init__()
        self.of_scales = nn.ModuleList(of_scales)
        self.weights = [float(weight) for weight in weights]

    def forward(self, outputs: Sequence[torch.Tensor], targets: Sequence[torch.Tensor]) -> torch.Tensor:
        """Compute the sum.

        Args:
            outputs: logits, from full resolution downwards.
            targets: of the same sizes.

        Returns:
            Scalar.
        """
        scales = zip(self.weights, self.of_scales, outputs, targets, strict=True)
        return torch.stack([weight * loss(z, y) for weight, loss, z, y in scales if weight]).sum()


def scale_weights(scales: int, keep_last: bool) -> list[float]:
    """Return nnU-Net's weights of the scales: each half the previous one, the last left out, with sum 1.

    Args:
        scales: number of them; a single one has the weight 1.
        keep_last: set the last to 1e-6 instead of 0, since DistributedDataParallel requires that every output is used.

    Returns:
        One weight for each scale.
    """
    if scales == 1:
        return [1.0]
    weights = [0.5**i for i in range(scales - 1)] + [1e-6 if keep_last else 0.0]
    return [weight / sum(weights) for weight in weights]


def _dimensions(dims: Sequence[int]) -> str:
    return " and ".join(f"{d}D" for d in dims)
