"""Which pixels Zhang and Suen's thinning removes, as a table of the 256 neighbourhoods."""

from typing import Any

import numpy as np
import numpy.typing as npt

# clockwise from the pixel above: P2, P3, ..., P9 of the paper
AROUND = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]


# where scikit-image departs from the paper, by the passes in which it removes the pixel: corners of a staircase are
# removed too, and two neighbours in a row or a block of four are not all removed at once
_DEPARTURES = {
    0: (24, 192),
    1: (3, 6, 7, 67, 97, 99, 129, 133, 193, 208),
    2: (12, 13, 28, 48, 52, 54, 88, 96, 112),
    3: (5, 20, 65, 80),
}


def _removable_2d() -> npt.NDArray[Any]:
    """Return for each neighbourhood whether the first (bit 0) and the second pass (bit 1) of an iteration remove it."""
    table = np.zeros(256, np.uint8)
    for code in range(256):
        p2, p3, p4, p5, p6, p7, p8, p9 = ((code >> k) & 1 for k in range(8))
        ring = [p2, p3, p4, p5, p6, p7, p8, p9]
        rises = sum(a < b for a, b in zip(ring, ring[1:] + ring[:1], strict=True))
        if 2 <= sum(ring) <= 6 and rises == 1:
            first = not (p2 and p4 and p6) and not (p4 and p6 and p8)
            second = not (p2 and p4 and p8) and not (p2 and p6 and p8)
            table[code] = first + 2 * second
    for passes, codes in _DEPARTURES.items():
        table[list(codes)] = passes
    return table


REMOVABLE_2D = _removable_2d()
