"""What all losses have in common: the options that each takes, and the way from raw input to the arithmetic."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
        ignore_index: class index of the pixels to ignore (every structure sees them as background, and no mean includes
            them). Their logits may be anything, NaN and infinity included.
        regions: the channels are regions that may overlap, as nnU-Net calls them: each is a separate binary problem
            (sigmoid), and the loss is the mean over these problems. `ignore_index` excludes pixels region by region.
        check_finite: refuse all NaN and infinite logits, those of ignored pixels too (costs a pass over them). Without
            it they are refused where they count and the loss is NaN or infinite, as it always is for NaN; where an
            infinite one leaves it finite, such as Dice of one channel, it counts as a certain prediction.
    """

    include_background = False  # not a parameter of losses that have no use for it

    batch: bool = False
    ignore_index: int | None = None
    regions: bool = False
    check_finite: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__init__()
        for name in ("batch", "include_background", "regions", "check_finite"):
            _checks.flag(name, getattr(self, name))
        if self.ignore_index is not None and type(self.ignore_index) is not int:
            raise TypeError(f"`ignore_index` must be a whole number or None, got {self.ignore_index!r}")
        self._warned = False
        self.check_parameters()

    def check_parameters(self) -> None:
        """Reject values of the subclass's own parameters that are out of range."""

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss.

        Args:
            s: prediction and ground truth.

        Returns:
            Scalar.
        """
        raise NotImplementedError

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute the topological term alone, without base loss and weight; 0 for a loss that has none.

        Args:
            s: prediction and ground truth.

        Returns:
            Scalar.
        """
        return (s.logits * 0).sum()

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return the pixels that the term singles out: all of them for a loss that treats all pixels alike.

        Args:
            s: prediction and ground truth.

        Returns:
            bool (B, K, *spatial).
        """
        return torch.ones_like(s.y)

    def look_at_truth(self, s: Segmentation) -> None:
        """Make `s` compute the expensive views that depend on the ground truth alone: its skeletons."""

    def forward(
        self, input: torch.Tensor, target: torch.Tensor, views: Mapping[str, torch.Tensor] | None = None
    ) -> torch.Tensor:
        """Compute the loss.

        Args:
            input: raw logits (B, C, H, W) or (B, C, D, H, W), floating point. Half precision is computed in float32.
            target: (B, 1, *spatial) class indices or (B, C, *spatial) one-hot; with `regions` (B, C, *spatial), 0 and 1
                in each channel. Any integer, bool or float dtype.
            views: what `truth_views` returned for this target, on its device; None: they are computed here.

        Returns:
            Scalar, float32 (float64 for float64 input).

        Raises:
            TypeError: not tensors, or logits that are not floating point.
            ValueError: shapes, devices or class indices that do not fit; NaN or infinite logits, see `check_finite`.
            NotImplementedError: inside a transform of torch.func, such as vmap.
        """
        # torch.compile leaves the loss as it is: much of it is NumPy, which it would emulate (see topology._arrays)
        run = torch.compiler.disable(self._forward) if torch.compiler.is_compiling() else self._forward
        return cast(torch.Tensor, run(input, target, views))

    def _forward(
        self, input: torch.Tensor, target: torch.Tensor, views: Mapping[str, torch.Tensor] | None
    ) -> torch.Tensor:
        return self._mean_over_problems(self.compute, input, target, views)

    @torch.no_grad()
    def truth_views(self, target: torch.Tensor, channels: int) -> dict[str, torch.Tensor]:
        """Return what the loss needs of a ground truth alone, so that the workers of a data loader can compute it.

        Args:
            target: see `forward`.
            channels: C of the logits.

        Returns:
            bool (B, n, *spatial) by name, to be passed to `forward`; empty for a loss that does not use its skeletons.

        Raises:
            TypeError: see `forward`.
            ValueError: see `forward`.
        """
        shape = (target.shape[0], channels, *target.shape[2:])
        warned, self._warned = self._warned, True  # not an input: the first one is yet to come
        problems = self.problems(torch.zeros((), device=target.device).expand(shape), target)
        self._warned = warned
        for s in problems:
            self.look_at_truth(s)
        return {name: torch.cat([s.views[name] for s in problems], 1) for name in problems[0].views}

    def topological_term(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Compute the term alone, without base loss and weight; arguments and errors as `forward`."""
        return self._mean_over_problems(self.term, input, target)

    def _mean_over_problems(
        self,
        part: Callable[[Segmentation], torch.Tensor],
        input: torch.Tensor,
        target: torch.Tensor,
        views: Mapping[str, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        with torch.autocast(input.device.type if isinstance(input, torch.Tensor) else "cpu", enabled=False):
            problems = self.problems(input, target)
            for r, s in enumerate(problems):
                s.views.update({n: v[:, r : r + 1] if self.regions else v for n, v in (views or {}).items()})
            try:
                values = [part(s) for s in problems]
            except ValueError:
                _checks.check_logits(problems)  # they may be what a primitive has refused
                raise
            value = values[0] if len(values) == 1 else torch.stack(values).mean()
            # no loss loses a NaN on the way, so looking at the result is enough, and costs nothing
            if not (all(s.finite for s in problems) or math.isfinite(value.item())):
                _checks.check_logits(problems)
            return value

    @torch.no_grad()
    def critical_pixels(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the pixels that the term singles out, bool (B, C, *spatial); arguments and errors as `forward`."""
        problems = self.problems(input, target)
        if self.regions:
            return torch.cat([self.critical(s) for s in problems], 1)
        pixels = torch.zeros(input.shape, dtype=torch.bool, device=input.device)
        pixels[:, problems[0].first :] = self.critical(problems[0])
        return pixels

    def problems(self, input: torch.Tensor, target: torch.Tensor) -> list[Segmentation]:
        """Check the input and bring it into the form that the arithmetic works on.

        Args:
            input: see `forward`.
            target: see `forward`.

        Returns:
            A binary problem for each region; without `regions` a single problem of all classes.

        Raises:
            TypeError: see `forward`.
            ValueError: see `forward`.
        """
        _checks.check_input(input, target, self.check_finite, self.regions)
        if not self._warned:  # once for each loss, on its first input
            _checks.warn_of_probabilities(input)
            self._warned = True
        logits = input if input.dtype == torch.float64 else input.float()
        if not self.regions:
            return [self._problem(logits, target)]
        return [self._problem(logits[:, r : r + 1], target[:, r : r + 1]) for r in range(input.shape[1])]

    def _problem(self, logits: torch.Tensor, target: torch.Tensor) -> Segmentation:
        return replace(_checks.read(logits, target, self.ignore_index), include_background=self.include_background)

    def extra_repr(self) -> str:
        """Return the parameters that differ from their defaults."""
        fields = self.__dataclass_fields__
        shown = {n: getattr(self, n) for n, f in fields.items() if getattr(self, n) != f.default}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())


@dataclass(eq=False, repr=False, kw_only=True)
class SegmentationLoss(PixelLoss):
    """A loss with Dice-like ratios of the foreground classes.

    Args:
        smooth: added to numerator and denominator of Dice-like ratios; > 0. Default: nnU-Net's.
        include_background: for C > 1, treat channel 0 as a class in Dice and in the topological term.
        batch: see `PixelLoss` for this and the other options.
    """

    smooth: float = 1e-5
    include_background: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        self.check_smooth()
        super().__post_init__()

    def check_smooth(self) -> None:
        """Reject a smoothing constant out of range."""
        _checks.in_range("smooth", self.smooth, 0, interval="()")
