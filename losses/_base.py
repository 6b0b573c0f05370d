"""What all losses have in common: the options that each takes, and the way from raw input to the arithmetic."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from losses import _checks
from losses._segmentation import Segmentation


@dataclass(eq=False, repr=False, kw_only=True)
class PixelLoss(nn.Module):
    """A loss of logits and ground truth, with the options that every loss has.

    A subclass is a dataclass too: its fields are its parameters, and each of them does something. It implements
    `compute` (the whole loss), `term` (the topological term alone) and `critical` (the pixels that the term singles
    out), all on a `Segmentation`.

    Args:
        batch: one ratio or mean over the whole batch instead of one for each sample (nnU-Net's Dice does so in 2D).
        ignore_index: class index of pixels that enter nothing (they count as background of every structure and take
            part in no mean). Their logits may be anything, NaN and infinity included.
        check_finite: refuse NaN and infinite logits, those of ignored pixels too (costs a pass over them).
    """

    include_background = False  # no parameter of a loss that has no use for it

    batch: bool = False
    ignore_index: int | None = None
    check_finite: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__init__()
        for name in ("batch", "include_background", "check_finite"):
            _checks.flag(name, getattr(self, name))
        if self.ignore_index is not None and type(self.ignore_index) is not int:
            raise TypeError(f"`ignore_index` must be a whole number or None, got {self.ignore_index!r}")
        self._warned = False
        self.check_parameters()

    def check_parameters(self) -> None:
        """Refuse values of the subclass's own parameters that are out of range."""

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss.

        Args:
            s: prediction and ground truth.

        Returns:
            Scalar.
        """
        raise NotImplementedError

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute the topological term alone: no base loss, no weight. 0 for a loss without one.

        Args:
            s: prediction and ground truth.

        Returns:
            Scalar.
        """
        return (s.logits * 0).sum()

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Show the pixels that the term singles out: all of them for a loss that treats all alike.

        Args:
            s: prediction and ground truth.

        Returns:
            bool (B, K, *spatial).
        """
        return torch.ones_like(s.y)

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Compute the loss.

        Args:
            input: raw logits (B, C, H, W) or (B, C, D, H, W), floating point. Half precision is computed in float32.
            target: (B, 1, *spatial) class indices or (B, C, *spatial) one-hot; any integer, bool or float dtype.

        Returns:
            Scalar, float32 (float64 for float64 input).

        Raises:
            TypeError: not tensors, or logits that are not floating point.
            ValueError: shapes, devices, class indices, or (`check_finite`) values that do not fit.
        """
        # torch.compile leaves the loss as it is: much of it is NumPy's, which it would imitate (see topology._arrays)
        run = torch.compiler.disable(self._forward) if torch.compiler.is_compiling() else self._forward
        return cast(torch.Tensor, run(input, target))

    def _forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        with torch.autocast(input.device.type if isinstance(input, torch.Tensor) else "cpu", enabled=False):
            return self.compute(self.segmentation(input, target))

    def topological_term(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Compute the term alone, without base loss and weight; arguments and errors as `forward`."""
        with torch.autocast(input.device.type if isinstance(input, torch.Tensor) else "cpu", enabled=False):
            return self.term(self.segmentation(input, target))

    @torch.no_grad()
    def critical_pixels(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Show the pixels that the term singles out, bool (B, C, *spatial); arguments and errors as `forward`."""
        s = self.segmentation(input, target)
        pixels = torch.zeros(input.shape, dtype=torch.bool, device=input.device)
        pixels[:, s.first :] = self.critical(s)
        return pixels

    def segmentation(self, input: torch.Tensor, target: torch.Tensor) -> Segmentation:
        """Check the input and bring it into the form that the arithmetic works on."""
        _checks.check_input(input, target, self.check_finite)
        if not self._warned:  # once for each loss, on its first input
            _checks.warn_of_probabilities(input)
            self._warned = True
        indices, valid = _checks.class_indices(target, input.shape[1], self.ignore_index)
        logits = input if input.dtype == torch.float64 else input.float()
        if valid is not None:  # whatever lies below ignored pixels, NaN too, has neither a value nor a gradient
            logits = torch.where(valid, logits, 0)
        return Segmentation(logits, indices, valid, self.include_background)

    def extra_repr(self) -> str:
        """List the parameters that differ from their defaults."""
        fields = self.__dataclass_fields__
        shown = {n: getattr(self, n) for n, f in fields.items() if getattr(self, n) != f.default}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())


@dataclass(eq=False, repr=False, kw_only=True)
class SegmentationLoss(PixelLoss):
    """A loss with Dice-like ratios of the foreground classes; each file of this folder gives one or a few.

    Args:
        smooth: added to numerator and denominator of Dice-like ratios; > 0. Default: nnU-Net's.
        include_background: for C > 1, treat channel 0 as a class in Dice and in the topological term.
        batch: see `PixelLoss`, as are the other options.
    """

    smooth: float = 1e-5
    include_background: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        self.check_smooth()
        super().__post_init__()

    def check_smooth(self) -> None:
        """Refuse a smoothing out of range."""
        _checks.in_range("smooth", self.smooth, 0, interval="()")
