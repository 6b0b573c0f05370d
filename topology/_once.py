"""Backward passes that are written out by hand and cannot be differentiated themselves."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch

Backward = Callable[..., tuple[torch.Tensor | None, ...]]


def differentiable_once(name: str) -> Callable[[Backward], Backward]:
    """Make the gradient that a backward pass returns refuse to be differentiated, instead of counting as a constant.

    torch's `once_differentiable` raises in `backward` alone: `torch.autograd.grad` with respect to chosen inputs passes
    its node by, since no input lies behind it, and is silently wrong.

    Args:
        name: of what was differentiated, for the error.

    Returns:
        A decorator of `backward`, whose first result is the gradient of the first tensor saved, an input.
    """

    def decorate(backward: Backward) -> Backward:
        @wraps(backward)
        def run(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
            with torch.no_grad():
                gradient, *others = backward(ctx, *grads)
            if torch.is_grad_enabled():  # the gradient is being recorded
                gradient = _Refusal.apply(name, gradient, ctx.saved_tensors[0], *grads)
            return gradient, *others

        return run

    return decorate


class _Refusal(torch.autograd.Function):
    """The gradient unchanged; an error where its own gradient is requested."""

    @staticmethod
    def forward(ctx: Any, name: str, gradient: torch.Tensor, *origins: torch.Tensor) -> torch.Tensor:
        ctx.name = name
        return gradient

    @staticmethod
    def backward(ctx: Any, *_: torch.Tensor) -> Any:
        raise NotImplementedError(f"{ctx.name} can be differentiated only once: it has no second derivatives")
