"""SCNP: each logit is replaced by the worst logit of its class in the neighbourhood, before any loss."""

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F

from losses import _checks
from losses._base import SegmentationLoss
from losses._register import build, entry, register
from losses._segmentation import Segmentation
from topology.kernels.compiled import for_each, usable

_OF_THE_INPUT = ("include_background", "ignore_index", "regions", "check_finite")


def scnp_logits(input: torch.Tensor, target: torch.Tensor, window: int = 3) -> torch.Tensor:
    """Penalise same-class neighbours (SCNP, equation 1, algorithm 1).

    Each foreground logit takes the smallest logit among the foreground pixels of its window, each background logit the
    largest among the background ones, for each channel separately; stride 1, same size. No sentinel enters the
    arithmetic, since a window always contains its own pixel.

    Args:
        input: logits (B, C, H, W) or (B, C, D, H, W), floating point.
        target: (B, 1, *spatial) class indices or (B, C, *spatial) one-hot.
        window: w, odd, at least 1 (which changes nothing); the paper's default is 3.

    Returns:
        Logits, same shape and dtype. Of several equal logits, one receives the gradient.

    Raises:
        TypeError: see `SegmentationLoss.forward`.
        ValueError: see `SegmentationLoss.forward`, or an even window.

    Reference:
        J. M. Valverde et al., SCNP, 2026, https://jmlipman.github.io/SCNP-SameClassNeighborPenalization
    """
    _checks.whole_number("window", window, 1, odd=True, source="SCNP eq. 1, w")
    _checks.check_input(input, target, check_finite=False)
    return _penalise(input, _checks.read(input, target, None).one_hot, None, window)


def _penalise(z: torch.Tensor, y: torch.Tensor, valid: torch.Tensor | None, window: int) -> torch.Tensor:
    compiled = z.device.type == "cpu" and z.dtype in (torch.float32, torch.float64) and usable()
    if compiled:
        counts = torch.empty(0, dtype=torch.bool) if valid is None else valid.expand_as(z)
        return cast(torch.Tensor, _WorstNeighbour.apply(z, y, counts, window // 2))
    foreground, background = (y, ~y) if valid is None else (y & valid, ~y & valid)
    pool = F.max_pool2d if z.ndim == 4 else F.max_pool3d
    smallest = -pool(torch.where(foreground, -z, -torch.inf), window, 1, window // 2)
    largest = pool(torch.where(background, z, -torch.inf), window, 1, window // 2)
    worst = torch.where(y, smallest, largest)
    return worst if valid is None else torch.where(valid, worst, z)


class _WorstNeighbour(torch.autograd.Function):
    """SCNP's logits by compiled loops, which record where each one came from."""

    @staticmethod
    def forward(ctx: Any, z: torch.Tensor, y: torch.Tensor, counts: torch.Tensor, reach: int) -> torch.Tensor:
        from topology.kernels import worst_neighbours as kernels

        middle = [1] if z.ndim == 4 else []
        images = (-1, z.shape[2], *middle, *z.shape[3:])
        logits, kinds = (tensor.detach().reshape(images).contiguous().numpy() for tensor in (z, y))
        several = counts.reshape(images).contiguous().numpy() if counts.numel() else None
        sources = torch.empty(logits.shape, dtype=torch.int32)
        result = torch.empty(z.shape, dtype=z.dtype)
        out = result.view(len(logits), -1).numpy()

        def run(n: int) -> None:
            source = sources[n].numpy()
            counted = np.empty((0, 0, 0), bool) if several is None else several[n]
            kernels.worst_neighbours(logits[n], kinds[n], counted, reach, source)
            kernels.gather(logits[n].ravel(), source.ravel(), out[n])

        for_each(run, range(len(logits)))
        ctx.save_for_backward(sources)
        return result

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        from topology.kernels import worst_neighbours as kernels

        (sources,) = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative is wanted
            places = sources.view(len(sources), -1).long()
            flat = grad.reshape(len(sources), -1)
            return torch.zeros_like(flat).scatter_add(1, places, flat).view(grad.shape), None, None, None
        given, result = grad.contiguous(), torch.zeros(grad.shape, dtype=grad.dtype)
        values, out = (tensor.view(len(sources), -1).numpy() for tensor in (given, result))

        def run(n: int) -> None:
            kernels.scatter(values[n], sources[n].numpy().ravel(), out[n])

        for_each(run, range(len(sources)))
        return result, None, None, None


@register("scnp", title="SCNP", reference="Valverde et al., SCNP, 2026")
@dataclass(eq=False, repr=False, kw_only=True)
class SCNP(SegmentationLoss):
    """Any loss, on logits that are replaced by the worst same-class neighbour (SCNP, equation 1, algorithm 1).

    L = L_base(SCNP(z), y); with `joint` L_base(SCNP(z), y) + L_base(z, y). window = 1: the base loss (joint: twice).
    All channels are penalised, the background too, before the activation; so C = 2 differs from C = 1 here. Ignored
    pixels neither penalise nor are penalised.

    Args:
        base: slug of the loss L.
        window: w, odd; the paper's default is 3, 5 to 11 suit thicker structures.
        joint: add the loss on the plain logits.
        base_parameters: parameters of the base loss, by name; they override the options below. The options for reading
            the input (`include_background`, `ignore_index`, `check_finite`) belong to SCNP itself.
        smooth: of the base loss; None for its own default.
        batch: see `SegmentationLoss` for this and the other options; the base loss must have them.

    Raises:
        ValueError: unknown base or base parameter, even window, or SCNP over itself.

    Reference:
        J. M. Valverde et al., SCNP, 2026, https://jmlipman.github.io/SCNP-SameClassNeighborPenalization
    """

    base: str = "dice_ce"
    window: int = 3
    joint: bool = False
    smooth: float | None = None  # type: ignore[assignment]
    base_parameters: dict[str, Any] = field(default_factory=dict)

    def check_parameters(self) -> None:
        """Reject values out of range, and build the base loss."""
        _checks.whole_number("window", self.window, 1, odd=True, source="SCNP eq. 1, w")
        _checks.flag("joint", self.joint)
        if entry(self.base).cls is SCNP:
            raise ValueError("`base` must be another loss than SCNP itself, got 'scnp'")
        if not isinstance(self.base_parameters, dict):
            raise TypeError(f"`base_parameters` must be a dict of names and values, got {self.base_parameters!r}")
        misplaced = [name for name in _OF_THE_INPUT if name in self.base_parameters]
        if misplaced:
            raise ValueError(
                f"`base_parameters` must leave {', '.join(misplaced)} to SCNP itself, which reads the input"
            )
        options = {name: getattr(self, name) for name in ("batch", "smooth", *_OF_THE_INPUT[:2])}
        # options at their default are not passed on, since a base loss may not have them
        given = {name: value for name, value in options.items() if value is not None and value is not False}
        self.base_loss = build(self.base, **{**given, **self.base_parameters})

    def check_smooth(self) -> None:
        """Reject a smoothing constant out of range; None is the base loss's own."""
        if self.smooth is not None:
            super().check_smooth()

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        penalised = self.term(s)
        return penalised + self.base_loss.compute(s) if self.joint else penalised

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute the base loss on SCNP's logits."""
        return self.base_loss.compute(s.with_logits(self.penalise(s)))

    def look_at_truth(self, s: Segmentation) -> None:
        """Compute in advance what the base loss needs of it."""
        self.base_loss.look_at_truth(s)

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return the pixels whose logit is replaced by a neighbour's."""
        return (self.penalise(s) != s.logits)[:, s.first :]

    def penalise(self, s: Segmentation) -> torch.Tensor:
        """Return SCNP's logits (B, C, *spatial)."""
        return _penalise(s.logits, s.one_hot, s.valid, self.window)
