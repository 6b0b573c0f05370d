"""Flipping pixels without a change of topology: thinning in subfields, and warping."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from topology._arrays import map_masks
from topology.distances import distances

Mask = npt.NDArray[np.bool_]


def subfield_skeleton(mask: Any, iterations: int) -> Any:
    """Thin a mask by deleting simple points, one of 4 (in 3D 8) interleaved subfields after another (Menten et al.).

    In each round the end points (at most one neighbour in the foreground) are found once; then all simple points of
    each subfield that are not end points are deleted. Simple is defined as in digital topology, with adjacency 8 (26)
    for the foreground, by Bertrand's Boolean rules. So all Betti numbers are preserved, whatever the number of rounds.
    Since the order of the subfields is fixed, a skeleton may differ by a pixel from the mirrored skeleton of the
    mirrored mask.

    Args:
        mask: (H, W) or (D, H, W), or a batch (B, C, *spatial), array or tensor; non-zero is foreground.
        iterations: rounds, at least 0; each removes about a pixel from all sides, and thinning stops after a round
            without effect.

    Returns:
        bool, same shape and kind, on the same device.

    Raises:
        ValueError: wrong shape.

    Reference:
        M. J. Menten et al., A skeletonization algorithm for gradient-based optimization, ICCV 2023,
        https://arxiv.org/abs/2309.02527
        G. Bertrand, A Boolean characterization of three-dimensional simple points, Pattern Recognition Letters 1996.
    """
    from topology.kernels.simple_points import thin_in_subfields

    return map_masks(partial(thin_in_subfields, rounds=iterations), mask)


def warp(mask: Any, towards: Any, *, published: bool = False) -> Any:
    """Deform a mask towards another by flipping simple points (homotopy warping, Hu 2022).

    First the pixels that the other mask lacks, by increasing distance inside the mask, then those that only the other
    mask has, by increasing distance outside; each is visited once and flipped if it is simple at that time. Equal
    distances: the last pixel in raster order first, which is the published code's order with a stable sort. So the
    order, and with it the result, depends on the orientation of the image.

    Args:
        mask: (H, W) or (D, H, W), or a batch (B, C, *spatial), array or tensor; non-zero is foreground.
        towards: of the same shape.
        published: with the published code's notion of simple instead of digital topology's: in the 3x3(x3) patch,
            cut off at the border of the image, foreground and background, centre included, are one component each, both
            with full adjacency.

    Returns:
        bool, same shape and kind, on the same device: the warped mask; without `published` it has the mask's topology.

    Raises:
        ValueError: wrong shape.

    Reference:
        X. Hu, Structure-aware image segmentation with homotopy warping, NeurIPS 2022,
        https://arxiv.org/abs/2112.07812
    """
    return map_masks(partial(_warp_one, published=published), mask, towards)


def _warp_one(mask: Mask, towards: Mask, *, published: bool) -> Mask:
    from topology.kernels.simple_points import flip_simple_points

    lost = _outside_in(mask & ~towards, mask)
    gained = _outside_in(towards & ~mask, ~mask)
    return np.asarray(flip_simple_points(mask, np.concatenate([lost, gained]), published=published), dtype=bool)


def _outside_in(wrong: Mask, inside: Mask) -> npt.NDArray[np.int64]:
    """Return the flat indices of the pixels to visit, nearest to the border of their region first."""
    pixels = np.flatnonzero(wrong)[::-1]
    if len(pixels) == 0:
        return pixels
    return pixels[np.argsort(distances(inside).ravel()[pixels], kind="stable")]
