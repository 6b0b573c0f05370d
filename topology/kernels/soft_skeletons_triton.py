"""The soft skeleton on a GPU, in Triton: two kernels a level in the forward pass, four in the backward pass.

Images are flat, n of (D, H, W) one after another; in 2D D = 1 and `DEEP` is 0. Each program processes `BLOCK`
consecutive pixels, whose neighbours are in the cache. Extrema record which step won, so that the gradient is gathered
without atomic operations and always adds up in the same order. Of equal values the first step wins, and the pixel
itself before all others.

Imported only where Triton is: with a CUDA build of torch, or in Triton's interpreter.
"""

from typing import Any

import torch
import triton
import triton.language as tl

BLOCK = 1024
CROSS: Any = tl.constexpr(7)  # the pixel itself, then the steps back and forth along x, y, z


@triton.jit
def _cross_step(k: tl.constexpr, H, W):
    """Return the distance in memory of a step of the cross."""
    along: tl.constexpr = (k + 1) // 2
    sign: tl.constexpr = 0 if k == 0 else (1 if k % 2 == 0 else -1)
    stride = 1 if along == 1 else (W if along == 2 else H * W)
    return sign * stride


@triton.jit
def _cross_inside(k: tl.constexpr, i, D, H, W, back: tl.constexpr):
    """Return which pixels have a neighbour at a step of the cross (or, with `back`, at its opposite)."""
    along: tl.constexpr = (k + 1) // 2
    sign: tl.constexpr = 0 if k == 0 else (1 if k % 2 == 0 else -1)
    step: tl.constexpr = -sign if back else sign
    position = i % W if along <= 1 else ((i // W) % H if along == 2 else (i // (W * H)) % D)
    length = W if along <= 1 else (H if along == 2 else D)
    return (position + step >= 0) & (position + step < length)


@triton.jit
def _box_inside(dz: tl.constexpr, dy: tl.constexpr, dx: tl.constexpr, i, D, H, W):
    """Return which pixels have a neighbour at a step of the box."""
    x, y, z = i % W + dx, (i // W) % H + dy, (i // (W * H)) % D + dz
    return (x >= 0) & (x < W) & (y >= 0) & (y < H) & (z >= 0) & (z < D)


@triton.jit
def _erode(image, eroded, winners, number, D, H, W, REMEMBER: tl.constexpr, BLOCK: tl.constexpr):
    """Compute the minimum over the cross around each pixel."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < number
    smallest = tl.load(image + i, mask=inside, other=0)
    winner = tl.zeros((BLOCK,), tl.int8)
    for k in tl.static_range(1, CROSS):
        there = inside & _cross_inside(k, i, D, H, W, False)
        value = tl.load(image + i + _cross_step(k, H, W), mask=there, other=float("inf"))
        winner = tl.where(value < smallest, k, winner).to(tl.int8)
        smallest = tl.minimum(smallest, value)
    tl.store(eroded + i, smallest, mask=inside)
    if REMEMBER:
        tl.store(winners + i, winner, mask=inside)


@triton.jit
def _open(eroded, i, inside, D, H, W, DEEP: tl.constexpr, BLOCK: tl.constexpr):
    """Compute the maximum over the box around each pixel, and the number of the step to it."""
    largest = tl.load(eroded + i, mask=inside, other=0)
    winner = tl.full((BLOCK,), 13, tl.int8)  # the middle of the box
    for dz in tl.static_range(-DEEP, DEEP + 1):
        for dy in tl.static_range(-1, 2):
            for dx in tl.static_range(-1, 2):
                there = inside & _box_inside(dz, dy, dx, i, D, H, W)
                value = tl.load(eroded + i + (dz * H + dy) * W + dx, mask=there, other=-float("inf"))
                winner = tl.where(value > largest, 9 * dz + 3 * dy + dx + 13, winner).to(tl.int8)
                largest = tl.maximum(largest, value)
    return largest, winner


@triton.jit
def _accumulate(
    image, eroded, skeleton, survival, number, D, H, W, DEEP: tl.constexpr, TRACE: tl.constexpr, BLOCK: tl.constexpr
):
    """Add a level's ridge to the skeleton, S + relu(R - S R), and its factor to the product of 1 - R."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < number
    largest, _ = _open(eroded, i, inside, D, H, W, DEEP, BLOCK)
    ridge = tl.maximum(tl.load(image + i, mask=inside, other=0) - largest, 0)
    before = tl.load(skeleton + i, mask=inside, other=0)
    tl.store(skeleton + i, tl.maximum(ridge - before * ridge, 0) + before, mask=inside)
    if TRACE:
        factor = 1 - ridge
        factor = tl.where(factor == 0, -1, factor)  # see `survive` of the compiled loops
        tl.store(survival + i, tl.load(survival + i, mask=inside, other=0) * factor, mask=inside)


@triton.jit
def _ridge_backward(
    image,
    eroded,
    survival,
    grad_skeleton,
    grad_ridge,
    winners,
    number,
    D,
    H,
    W,
    DEEP: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Compute the gradient of a level's ridge, and which step won its opening."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < number
    largest, winner = _open(eroded, i, inside, D, H, W, DEEP, BLOCK)
    ridge = tl.maximum(tl.load(image + i, mask=inside, other=0) - largest, 0)
    product = tl.load(survival + i, mask=inside, other=0)
    factor = 1 - ridge
    others = tl.where(factor == 0, -product, tl.maximum(product, 0) / tl.where(factor == 0, 1, factor))
    grad = tl.load(grad_skeleton + i, mask=inside, other=0) * others
    tl.store(grad_ridge + i, tl.where(ridge > 0, grad, 0), mask=inside)
    tl.store(winners + i, winner, mask=inside)


@triton.jit
def _open_backward(
    grad_ridge, winners, grad_next, grad_eroded, number, D, H, W, DEEP: tl.constexpr, BLOCK: tl.constexpr
):
    """Gather the gradient of the eroded image: from deeper levels, minus that of the ridges it was subtracted from."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < number
    total = tl.load(grad_next + i, mask=inside, other=0)
    for dz in tl.static_range(-DEEP, DEEP + 1):
        for dy in tl.static_range(-1, 2):
            for dx in tl.static_range(-1, 2):
                there = inside & _box_inside(-dz, -dy, -dx, i, D, H, W)
                from_there = i - ((dz * H + dy) * W + dx)
                won = tl.load(winners + from_there, mask=there, other=-1) == 9 * dz + 3 * dy + dx + 13
                total -= tl.load(grad_ridge + from_there, mask=won, other=0)
    tl.store(grad_eroded + i, total, mask=inside)


@triton.jit
def _erode_backward(grad_eroded, winners, grad_ridge, grad, number, D, H, W, BLOCK: tl.constexpr):
    """Gather the gradient of the image: of its ridge, and of the eroded pixels of which it is the minimum."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < number
    total = tl.load(grad_ridge + i, mask=inside, other=0)
    for k in tl.static_range(0, CROSS):
        there = inside & _cross_inside(k, i, D, H, W, True)
        from_there = i - _cross_step(k, H, W)
        won = tl.load(winners + from_there, mask=there, other=-1) == k
        total += tl.load(grad_eroded + from_there, mask=won, other=0)
    tl.store(grad + i, total, mask=inside)


class Level:
    """Kernels for images of one shape and what they need besides the images.

    Args:
        like: (n, D, H, W), contiguous.
    """

    def __init__(self, like: torch.Tensor):
        _, depth, height, width = like.shape
        self.shape = (like.numel(), depth, height, width)
        self.grid = (triton.cdiv(like.numel(), BLOCK),)
        # rounded as written: S must equal that of all other implementations
        self.constants = {"BLOCK": BLOCK, "enable_fp_fusion": False}
        self.deep = {"DEEP": int(depth > 1), **self.constants}
        self.eroded = torch.empty_like(like)

    def deepen(self, image: torch.Tensor, skeleton: torch.Tensor, survival: torch.Tensor | None) -> torch.Tensor:
        """Add one level to the skeleton (and to the product), in place.

        Returns:
            The eroded image; `image` becomes scratch.
        """
        _erode[self.grid](image, self.eroded, image, *self.shape, REMEMBER=False, **self.constants)
        trace = survival is not None
        product = survival if survival is not None else image
        _accumulate[self.grid](image, self.eroded, skeleton, product, *self.shape, TRACE=trace, **self.deep)
        deeper, self.eroded = self.eroded, image
        return deeper

    def erode(self, image: torch.Tensor) -> None:
        """Erode an image in place."""
        _erode[self.grid](image, self.eroded, image, *self.shape, REMEMBER=False, **self.constants)
        image.copy_(self.eroded)


class LevelBackward(Level):
    """The same for the backward pass.

    Args:
        like: see `Level`.
        survival: product of 1 - R over the levels.
        grad_skeleton: gradient of the finished skeleton, contiguous.
    """

    def __init__(self, like: torch.Tensor, survival: torch.Tensor, grad_skeleton: torch.Tensor):
        super().__init__(like)
        self.survival, self.grad_skeleton = survival, grad_skeleton
        self.grad = torch.zeros_like(like)
        self.grad_ridge, self.grad_eroded = torch.empty_like(like), torch.empty_like(like)
        self.of_cross = torch.empty(like.shape, dtype=torch.int8, device=like.device)
        self.of_box = torch.empty_like(self.of_cross)

    def ascend(self, image: torch.Tensor) -> None:
        """Convert `grad` of the image one level deeper to that of this level's image."""
        grad, ridge, size, grid = self.grad, self.grad_ridge, self.shape, self.grid
        _erode[grid](image, self.eroded, self.of_cross, *size, REMEMBER=True, **self.constants)
        _ridge_backward[grid](
            image, self.eroded, self.survival, self.grad_skeleton, ridge, self.of_box, *size, **self.deep
        )
        _open_backward[grid](ridge, self.of_box, grad, self.grad_eroded, *size, **self.deep)
        _erode_backward[grid](self.grad_eroded, self.of_cross, ridge, grad, *size, **self.constants)
