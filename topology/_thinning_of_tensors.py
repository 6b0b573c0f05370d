"""Thinning of a batch of 2D masks on their own device: the same pixels as the compiled loops, no copy to the CPU."""

import torch
import torch.nn.functional as F

from topology._zhang_suen import AROUND, REMOVABLE_2D

_BETWEEN_LOOKS = 4  # iterations; to see whether anything changed, the CPU has to wait for the GPU


def thin_2d(masks: torch.Tensor) -> torch.Tensor:
    """Thin masks as `topology.kernels.thinning.thin_2d` does.

    Args:
        masks: bool (..., H, W).

    Returns:
        bool, same shape.
    """
    height, width = masks.shape[-2:]
    image = F.pad(masks.reshape(-1, height, width).to(torch.uint8), (1, 1, 1, 1))
    inner = image[:, 1:-1, 1:-1]
    table = torch.from_numpy(REMOVABLE_2D).to(masks.device)
    while True:
        before = inner.clone()
        for _ in range(_BETWEEN_LOOKS):
            for bit in (1, 2):
                inner.masked_fill_((table[_neighbourhoods(image).int()] & bit) > 0, 0)
        if torch.equal(before, inner):
            return inner.bool().reshape(masks.shape)


def _neighbourhoods(image: torch.Tensor) -> torch.Tensor:
    """Return the number whose bit k is neighbour k of each pixel of framed images (N, H + 2, W + 2)."""
    height, width = image.shape[1] - 2, image.shape[2] - 2
    code = torch.zeros_like(image[:, 1:-1, 1:-1])
    for k, (dy, dx) in enumerate(AROUND):
        code |= image[:, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width] << k
    return code
