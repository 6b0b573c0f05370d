"""Dice + cross-entropy of float32 logits on the CPU, in one pass for the value and one for the gradient."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch

from losses._segmentation import Segmentation
from topology.kernels.compiled import for_each, usable

Array = npt.NDArray[Any]
Loss = Callable[[Segmentation, float, bool], torch.Tensor]

_PART = 2**17  # pixels that one thread works on at a time; always the same, so that sums are


class Slopes(NamedTuple):
    """The components of the gradient, for each image.

    Attributes:
        of_p: (B, C), the gradient of a class's probability outside that class.
        of_y: (B, C), what is added to it inside the class.
        of_ce: (B,), the gradient of a pixel's cross-entropy.
    """

    of_p: Array
    of_y: Array
    of_ce: Array


def fits(logits: torch.Tensor) -> bool:
    """Return whether the compiled loops can take logits."""
    return logits.device.type == "cpu" and logits.dtype == torch.float32 and usable()


def dice_ce_loss(s: Segmentation, smooth: float, batch: bool, plain: Loss) -> torch.Tensor:
    """Compute Dice + cross-entropy.

    Args:
        s: prediction and ground truth; logits that `fits` accepts.
        smooth: > 0.
        batch: one ratio and one mean over the batch.
        plain: the same computation with tensor operations, for second derivatives.

    Returns:
        Scalar.
    """
    arguments = s.indices, s.valid, s.include_background, smooth, batch, plain
    return cast(torch.Tensor, _DiceCE.apply(s.logits, *arguments))


class _DiceCE(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        logits: torch.Tensor,
        indices: torch.Tensor,
        valid: torch.Tensor | None,
        include_background: bool,
        smooth: float,
        batch: bool,
        plain: Loss,
    ) -> torch.Tensor:
        from topology.kernels import dice_cross_entropy as kernels

        z, classes, counted = _images(logits), _rows(indices), _rows(valid)
        channels = z.shape[1]
        run = kernels.sums_of_one_channel if channels == 1 else kernels.sums_of_channels
        p = torch.empty(z.shape)
        found = p.numpy()

        def sum_up(part: tuple[int, int, int]) -> tuple[int, Array]:
            image, begin, end = part
            sums = np.empty(3 * channels + 2)
            run(z[image], classes[image], counted[image], begin, end, found[image], sums)
            return image, sums

        sums = np.zeros((len(z), 3 * channels + 2))
        for image, of_part in for_each(sum_up, _parts(z)):
            sums[image] += of_part
        first = 0 if channels == 1 or include_background else 1
        value, ctx.slopes = _combine(sums, first, smooth, batch)
        ctx.save_for_backward(logits, indices, valid, p)
        ctx.plain = lambda z, y, v: plain(Segmentation(z, y, v, include_background), smooth, batch)
        return logits.new_tensor(value)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        from topology.kernels import dice_cross_entropy as kernels

        (grad_loss,) = grads
        logits, indices, valid, p = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative is wanted
            (grad,) = torch.autograd.grad(ctx.plain(logits, indices, valid), logits, create_graph=True)
            return grad_loss * grad, *[None] * 6
        found, classes, counted = p.numpy(), _rows(indices), _rows(valid)
        run = kernels.gradient_of_one_channel if found.shape[1] == 1 else kernels.gradient_of_channels
        slopes = Slopes(*((grad_loss.item() * slope).astype(np.float32) for slope in ctx.slopes))
        grad = torch.empty(logits.shape)
        out = grad.view(p.shape).numpy()

        def go_back(part: tuple[int, int, int]) -> None:
            n, begin, end = part
            given = found[n], classes[n], counted[n], begin, end
            run(*given, slopes.of_p[n], slopes.of_y[n], slopes.of_ce[n], out[n])

        for_each(go_back, _parts(found))
        return grad, *[None] * 6


def _images(logits: torch.Tensor) -> Array:
    """View logits as (B, C, pixels)."""
    return logits.detach().reshape(*logits.shape[:2], -1).contiguous().numpy()


def _rows(tensor: torch.Tensor | None) -> Any:
    """View (B, [1,] *spatial) as (B, pixels); rows without pixels for None."""
    if tensor is None:
        return _Nothing()
    return tensor.reshape(tensor.shape[0], -1).contiguous().numpy()


class _Nothing:
    """Return an empty mask for every image."""

    def __getitem__(self, image: int) -> Array:
        return np.empty(0, np.bool_)


def _parts(images: Array) -> Iterator[tuple[int, int, int]]:
    """Split images (B, C, pixels) into chunks: image number, begin and end."""
    for image in range(len(images)):
        for begin in range(0, images.shape[2], _PART):
            yield image, begin, min(begin + _PART, images.shape[2])


def _combine(sums: Array, first: int, smooth: float, batch: bool) -> tuple[float, Slopes]:
    """Compute the loss and the components of its gradient from the sums of the images."""
    images, channels = len(sums), sums.shape[1] // 3
    over, inside, size = np.moveaxis(sums[:, :-2].reshape(images, channels, 3), 2, 0)
    entropy, counted = sums[:, -2], sums[:, -1]
    if batch:
        over, inside, size, entropy, counted = (
            np.broadcast_to(values.sum(0), values.shape) for values in (over, inside, size, entropy, counted)
        )
    total = inside + size + smooth
    ratio = (2 * over + smooth) / total
    counts = np.where(np.arange(channels) >= first, 1.0 / (channels - first), 0.0)
    share = 1.0 if batch else 1.0 / images  # of what an image adds to the mean
    value = ((1 - ratio) * counts).sum(1).mean() + (entropy / np.maximum(counted, 1)).mean()
    slopes = Slopes(
        of_p=share * counts * ratio / total,
        of_y=-2 * share * counts / total,
        of_ce=share / np.maximum(counted, 1),
    )
    return float(value), slopes
