"""Betti numbers and Euler number of a mask: the one definition that losses, metrics and datasets share."""

from typing import Any

import numpy as np
from skimage.measure import euler_number as _euler_number

from topology._arrays import as_mask
from topology.components import count_components, dual_adjacency, resolve_adjacency


def betti_numbers(mask: Any, adjacency: int | None = None) -> tuple[int, ...]:
    """Count components, tunnels and cavities of one mask.

    The foreground has the given adjacency, the background its dual, and the image is framed by background, so that a
    hole is a component of the background that does not reach the outside. In 2D, b1 is the number of holes; in 3D, b2
    is the number of cavities and b1 = b0 + b2 - euler (Euler-Poincare).

    Args:
        mask: (H, W) or (D, H, W), array or tensor; non-zero is foreground.
        adjacency: of the foreground: 8 or 4 in 2D, 26 or 6 in 3D. Default: 8 and 26.

    Returns:
        (b0, b1) in 2D, (b0, b1, b2) in 3D; all 0 for an empty mask.

    Raises:
        ValueError: wrong shape or adjacency.
    """
    image = as_mask(mask)
    foreground = resolve_adjacency(adjacency, image.ndim)
    components = count_components(image, foreground)
    framed_background = ~np.pad(image, 1)
    enclosed = count_components(framed_background, dual_adjacency(foreground)) - 1
    if image.ndim == 2:
        return components, enclosed
    return components, components + enclosed - euler_number(image, foreground), enclosed


def euler_number(mask: Any, adjacency: int | None = None) -> int:
    """Return the Euler number of one mask: components - holes in 2D, components - tunnels + cavities in 3D.

    Args:
        mask: (H, W) or (D, H, W), array or tensor; non-zero is foreground.
        adjacency: of the foreground, see `betti_numbers`.

    Returns:
        The Euler number, 0 for an empty mask.

    Raises:
        ValueError: wrong shape or adjacency.

    Reference:
        J. Ohser, W. Nagel, K. Schladitz, The Euler number of discretized sets, 2002 (as in scikit-image).
    """
    image = as_mask(mask)
    full = resolve_adjacency(adjacency, image.ndim) in (8, 26)
    # a volume with an axis of length 1 is handled like any other: scikit-image pads it with background
    return int(_euler_number(image, connectivity=image.ndim if full else 1))
