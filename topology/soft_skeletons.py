"""Soft skeletons: morphological skeletons of probability maps that gradients pass through."""

import torch
import torch.nn.functional as F

_POOL = {2: F.max_pool2d, 3: F.max_pool3d}


def soft_skeleton(p: torch.Tensor, iterations: int) -> torch.Tensor:
    """Skeletonize a probability map softly (clDice, algorithm 1).

    S = relu(I - open(I)); then `iterations` times I = erode(I) and S = S + relu(I - open(I)) * (1 - S). Erosion is
    the minimum over a cross (6-neighbourhood in 3D), dilation the maximum over the full 3x3(x3) box (listings G.2 and
    G.3), opening the one after the other. What lies outside the image never wins.

    Args:
        p: (B, C, H, W) or (B, C, D, H, W), floating point, in [0, 1]; each channel by itself.
        iterations: k >= 0, at least the largest radius of the structures in pixels.

    Returns:
        Soft skeleton, same shape, in [0, 1]; zero for a constant image.

    Raises:
        ValueError: wrong shape or iterations.
        TypeError: not floating point.

    Reference:
        S. Shit et al., clDice - a novel topology-preserving loss function for tubular structure segmentation,
        CVPR 2021, https://arxiv.org/abs/2003.07311
    """
    if p.ndim not in (4, 5):
        raise ValueError(f"`p` must have shape (B, C, H, W) or (B, C, D, H, W), got {tuple(p.shape)}")
    if not p.is_floating_point():
        raise TypeError(f"`p` must be floating point, got {p.dtype}")
    if iterations < 0 or iterations != int(iterations):
        raise ValueError(f"`iterations` must be a whole number of at least 0, got {iterations!r}")
    skeleton = F.relu(p - _open(p))
    for _ in range(int(iterations)):
        p = _erode(p)
        ridge = F.relu(p - _open(p))
        skeleton = skeleton + F.relu(ridge - skeleton * ridge)
    return skeleton


def _erode(p: torch.Tensor) -> torch.Tensor:
    ndim = p.ndim - 2
    lines = []
    for axis in range(ndim):
        kernel = [1] * ndim
        kernel[axis] = 3
        lines.append(-_POOL[ndim](-p, kernel, 1, [k // 2 for k in kernel]))
    eroded = lines[0]
    for line in lines[1:]:
        eroded = torch.minimum(eroded, line)
    return eroded


def _open(p: torch.Tensor) -> torch.Tensor:
    return _POOL[p.ndim - 2](_erode(p), 3, 1, 1)
