"""Components reached from seeds, for a batch of masks on the device they are on."""

import torch

from topology.dilation import dilate_box, dilate_cross

_BETWEEN_LOOKS = 8  # steps; to see whether anything was reached, the CPU has to wait for the GPU


def reached(masks: torch.Tensor, seeds: torch.Tensor, full: bool) -> torch.Tensor:
    """Grow the seeds within the masks until they fill the components that hold them.

    The number of steps is the longest path within a component, so this suits components up to a few hundred pixels
    wide, such as the false negatives and positives of a prediction.

    Args:
        masks: bool (B, C, *spatial).
        seeds: bool, same shape.
        full: adjacency 8 (26) if True, else 4 (6).

    Returns:
        bool, same shape.
    """
    dilate = dilate_box if full else dilate_cross
    found = masks & seeds
    while True:
        before = found
        for _ in range(_BETWEEN_LOOKS):
            found = dilate(found) & masks
        if torch.equal(before, found):
            return found
