"""The input contract of all losses, checked once on entry: the arithmetic has no checks of its own."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch

from losses._segmentation import Segmentation


class NonFiniteLogitsError(ValueError):
    """Logits that count are NaN or infinite."""


def in_range(name: str, value: Any, low: float, high: float = math.inf, interval: str = "[]", source: str = "") -> None:
    """Reject a number outside an interval.

    Args:
        name: of the argument.
        value: the value passed.
        low: lower end.
        high: upper end.
        interval: "[]", "[)", "(]" or "()": which ends are included.
        source: where the range comes from, for the message.

    Raises:
        TypeError: not a number.
        ValueError: outside the range.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"`{name}` must be a number, got {value!r}{_in_brackets(source)}")
    above = low <= value if interval[0] == "[" else low < value
    below = value <= high if interval[1] == "]" else value < high
    if not (above and below and math.isfinite(value)):
        allowed = f"{interval[0]}{low:g}, {high:g}{interval[1] if math.isfinite(high) else ')'}"
        raise ValueError(f"`{name}` must lie in {allowed}, got {value!r}{_in_brackets(source)}")


def whole_number(name: str, value: Any, low: int, *, odd: bool = False, source: str = "") -> None:
    """Reject anything but a whole number of at least `low`, odd if asked.

    Raises:
        TypeError: not a whole number.
        ValueError: too small, or even.
    """
    wanted = f"{'an odd' if odd else 'a'} whole number of at least {low}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"`{name}` must be {wanted}, got {value!r}{_in_brackets(source)}")
    if value < low or (odd and value % 2 == 0):
        raise ValueError(f"`{name}` must be {wanted}, got {value!r}{_in_brackets(source)}")


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Reject a string that is not in the list.

    Raises:
        ValueError: another value.
    """
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, allowed))}, got {value!r}")


def flag(name: str, value: Any) -> None:
    """Reject anything but True and False.

    Raises:
        TypeError: another type.
    """
    if not isinstance(value, bool):
        raise TypeError(f"`{name}` must be True or False, got {value!r}")


def homology_dimensions(name: str, value: Any) -> None:
    """Reject anything but distinct homology dimensions among 0, 1 and 2, or None for the loss's own choice.

    Raises:
        TypeError: not a list or tuple.
        ValueError: empty, repeated or other numbers.
    """
    if value is None:
        return
    if not isinstance(value, list | tuple):
        raise TypeError(f"`{name}` must be a list of homology dimensions such as [0, 1], got {value!r}")
    if not value or len(set(value)) != len(value) or any(isinstance(d, bool) or d not in (0, 1, 2) for d in value):
        raise ValueError(f"`{name}` must hold distinct homology dimensions among 0, 1, 2, got {value!r}")


def check_input(input: Any, target: Any, check_finite: bool, regions: bool = False) -> None:
    """Reject logits and targets that do not fit together.

    Args:
        input: logits, floating point, (B, C, H, W) or (B, C, D, H, W).
        target: (B, 1, *spatial) or (B, C, *spatial), same device.
        check_finite: refuse NaN and infinite logits too.
        regions: the target must have one channel for each channel of the logits.

    Raises:
        TypeError: not tensors, logits not floating point, complex target.
        ValueError: shapes, devices, or values that are not finite.
        NotImplementedError: inside a transform of torch.func.
    """
    if torch._C._are_functorch_transforms_active():
        raise NotImplementedError(
            "losses do not support torch.func (vmap, grad, jvp): pass a batch, use torch.autograd"
        )
    for name, tensor in (("input", input), ("target", target)):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"`{name}` must be a torch.Tensor, got {type(tensor).__name__}")
    if not input.is_floating_point():
        raise TypeError(f"`input` must hold floating point logits, got {input.dtype}")
    if target.is_complex():
        raise TypeError(f"`target` must hold class indices or 0 and 1, got {target.dtype}")
    if input.ndim not in (4, 5):
        raise ValueError(f"`input` must have shape (B, C, H, W) or (B, C, D, H, W), got {tuple(input.shape)}")
    if input.numel() == 0:
        raise ValueError(f"`input` must not be empty, got shape {tuple(input.shape)}")
    _check_shapes(tuple(input.shape), tuple(target.shape), regions)
    if input.device != target.device:
        raise ValueError(f"`target` must be on the device of `input`, {input.device}, got {target.device}")
    if check_finite and not torch.isfinite(input).all():
        raise NonFiniteLogitsError("`input` must be finite, got NaN or infinite logits (check_finite=True)")


def _check_shapes(logits: tuple[int, ...], target: tuple[int, ...], regions: bool) -> None:
    batch, channels, *spatial = logits
    shapes = {(batch, channels, *spatial)} if regions else {(batch, 1, *spatial), (batch, channels, *spatial)}
    if target not in shapes:
        wanted = " or ".join(str(s) for s in sorted(shapes))
        forms = "a channel for each region" if regions else "class indices, one-hot"
        raise ValueError(f"`target` must have shape {wanted} ({forms}) for `input` {logits}, got {target}")


def read(logits: torch.Tensor, target: torch.Tensor, ignore_index: int | None) -> Segmentation:
    """Convert a target to class indices, and leave out what is ignored.

    Args:
        logits: (B, C, *spatial).
        target: (B, 1, *spatial) class indices or (B, C, *spatial) one-hot, any dtype.
        ignore_index: class index of the pixels to ignore, or None; a one-hot target cannot express it.

    Returns:
        Logits and class indices, both 0 where ignored, and which pixels count.

    Raises:
        ValueError: values that are not class indices, or one-hot vectors with no 1 or with several.
    """
    channels = logits.shape[1]
    one_hot = channels > 1 and target.shape[1] == channels
    indices = _from_one_hot(target) if one_hot else _from_indices(target)
    valid = None
    if ignore_index is not None:
        valid = indices != ignore_index
        indices = torch.where(valid, indices, 0)
        valid = valid.unsqueeze(1)
        logits = torch.where(valid, logits, 0)  # ignored logits, even NaN, must not reach value or gradient
    low, high, finite = on_cpu(indices) if indices.device.type == "cpu" else in_one_transfer(indices, logits.detach())
    last = max(channels - 1, 1)
    if low < 0 or high > last:
        ignored = "" if ignore_index is None else f" or the ignored {ignore_index}"
        raise ValueError(f"`target` must hold class indices 0 to {last}{ignored}, got values from {low} to {high}")
    return Segmentation(logits, indices, valid, finite=finite)


def on_cpu(indices: torch.Tensor) -> tuple[int, int, bool]:
    """Return the smallest and the largest index, and that nothing is known about the logits: a look costs up to 7 %."""
    low, high = torch.aminmax(indices)
    return int(low), int(high), False


def in_one_transfer(indices: torch.Tensor, logits: torch.Tensor) -> tuple[int, int, bool]:
    """Return the smallest and the largest index, and whether the logits are finite, waiting for a GPU only once.

    NaN and infinity survive any sum, so a finite one vouches for all logits.
    """
    low, high = torch.aminmax(indices)
    low, high, finite = torch.stack([low, high, torch.isfinite(logits.sum()).to(low.dtype)]).tolist()
    return low, high, bool(finite)


def check_logits(problems: Sequence[Segmentation]) -> None:
    """Reject logits that are NaN or infinite where they count.

    Raises:
        NonFiniteLogitsError: there are any.
    """
    wrong = sum(int(torch.isfinite(s.logits).logical_not().sum()) for s in problems if not s.finite)
    if wrong:
        raise NonFiniteLogitsError(f"`input` must be finite where pixels count, got {wrong} NaN or infinite logits")


def warn_of_probabilities(input: torch.Tensor) -> None:
    """Warn if the logits look like probabilities: all in [0, 1], and not constant."""
    low, high = torch.aminmax(input.detach())
    if low >= 0 and high <= 1 and low < high:
        warnings.warn(
            "`input` lies in [0, 1] everywhere: losses take raw logits, no sigmoid or softmax before",
            stacklevel=5,
        )


def _from_indices(target: torch.Tensor) -> torch.Tensor:
    indices = target[:, 0].long()
    if target.is_floating_point() and not torch.equal(indices.to(target.dtype), target[:, 0]):
        raise ValueError("`target` must hold whole class indices, got fractions; probabilities are no target")
    return indices


def _from_one_hot(target: torch.Tensor) -> torch.Tensor:
    if not ((target == 0) | (target == 1)).all():
        raise ValueError("`target` must hold only 0 and 1 where it has one channel for each class")
    if not (target.sum(1, dtype=torch.int64) == 1).all():
        raise ValueError("`target` must name exactly one class for each pixel where it is one-hot")
    return target.to(torch.uint8).argmax(1)


def _in_brackets(source: str) -> str:
    return f" ({source})" if source else ""
